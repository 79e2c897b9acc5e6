"""The ranks of a script that ``mpirun`` starts: each is a process of ours, which starts the script and watches it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from localexp.execution.bell import Bell
from localexp.execution.distributed import ends, rank
from localexp.execution.distributed.ends import End
from localexp.execution.distributed.rank import Job

# By these Open MPI, MPICH and those that come of it tell a process which it is.
_RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK")
_BE_RANK = (
    "import os, sys; sys.path += sys.argv[1].split(os.pathsep); "
    "from localexp.execution.distributed.mpi import main; main(sys.argv[2:])"
)
_LOOK_EVERY_SECONDS, _SECONDS_TO_TIDY_UP = 0.1, 1.0


def mpirun() -> str | None:
    """The path of ``mpirun``, as the script would find it."""
    import shutil

    return shutil.which("mpirun")


def run(program: str, job: Job, import_path: str, bell: Bell) -> tuple[list[End], int]:
    """Start all ranks and wait for them; return how they ended, and the code of ``mpirun``, 0 if it had to be killed.

    :raises OSError: it cannot be started.
    """
    words = [program, "-n", str(job.count), sys.executable, "-I", "-S", "-c", _BE_RANK, import_path, *job.texts()]
    variables = {**_of_open_mpi(job.grace), **os.environ}
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, env=variables)
    while process.poll() is None and len(ends.kept(job.layout)) < job.count:
        bell.wait(process, _LOOK_EVERY_SECONDS)
    # That of Open MPI sleeps for all the time that it gives to ranks which are to end, even when they have.
    deadline = time.monotonic() + _SECONDS_TO_TIDY_UP
    while process.poll() is None and time.monotonic() < deadline:
        bell.wait(process, _LOOK_EVERY_SECONDS)
    code = process.poll()
    process.kill()
    process.wait()
    return ends.kept(job.layout), code or 0


def _of_open_mpi(grace: float) -> dict[str, str]:
    """What Open MPI (4, and 5 with its PRRTE) is to be told; others do so unasked, and know none of these."""
    return {
        # As in a container, where there is nobody else.
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        # More ranks than cores; and two runs at once are not to share the first cores.
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_hwloc_base_binding_policy": "none",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        "PRTE_MCA_hwloc_default_binding_policy": "none",
        # How long ranks have from SIGTERM to SIGKILL.
        "OMPI_MCA_odls_base_sigkill_timeout": f"{grace:.0f}",
        "PRTE_MCA_odls_base_sigkill_timeout": f"{grace:.0f}",
    }


def main(arguments: list[str]) -> None:
    """Be the rank that ``mpirun`` says this is."""
    bell, job = Bell(), Job.of_texts(arguments)
    number = next(int(os.environ[name]) for name in _RANKS if name in os.environ)
    child = rank.started(job, number)
    has_failed = _has_other_failed(job, child, bell)
    if has_failed:
        _end(child, job.grace, bell)
    code = child.wait()
    if not ends.is_kept(job.layout, End(number, code, has_failed or bell.was_told_to_end)):
        rank.end_as(code)
    _wait_for_others(job, child, bell)
    # What went wrong is said already; told of it, mpirun would end the others in its own way.
    os._exit(0)


def _has_other_failed(job: Job, child: subprocess.Popen[bytes], bell: Bell) -> bool:
    """Wait until the child has ended, or another rank has failed."""
    while child.poll() is None:
        bell.wait(child, _LOOK_EVERY_SECONDS)
        if ends.first_failure(ends.kept(job.layout)) is not None:
            return child.poll() is None
    return False


def _end(child: subprocess.Popen[bytes], grace: float, bell: Bell) -> None:
    if not bell.was_told_to_end:
        rank.tell_to_end([child])
    deadline = time.monotonic() + grace
    while child.poll() is None and time.monotonic() < deadline:
        bell.wait(child, min(_LOOK_EVERY_SECONDS, deadline - time.monotonic()))
    child.kill()


def _wait_for_others(job: Job, child: subprocess.Popen[bytes], bell: Bell) -> None:
    """Where a rank has failed, the first that is gone would have mpirun end the others, without giving them time."""
    if ends.first_failure(ends.kept(job.layout)) is None:
        return
    deadline = time.monotonic() + job.grace
    while len(ends.kept(job.layout)) < job.count and time.monotonic() < deadline:
        bell.wait(child, _LOOK_EVERY_SECONDS)
