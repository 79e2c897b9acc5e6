"""A script that the system kills for want of memory is told from one that somebody has killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Workspace
from tests.processes import Project, output, python, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 256 << 20


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group whose processes have little memory; only some machines let us make one."""
    groups = Path("/sys/fs/cgroup")
    top, name = (groups / "memory", "memory.limit_in_bytes") if (groups / "memory").is_dir() else (groups, "memory.max")
    group = top / f"localexp-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"control groups cannot be made here: {error}")
    try:
        limit = group / name
        if not limit.exists():
            pytest.skip("control groups do not limit memory here")
        limit.write_text(str(LIMIT))
        yield group
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text(), "the processes of the group have ended")
        group.rmdir()


SUBMIT_IN_GROUP = """
    import os, sys
    open(sys.argv[3], "w").write(str(os.getpid()))
    from localexp import Experiment, ScriptRunConfig, Workspace
    run = Experiment(Workspace(sys.argv[1]), "digits").submit(ScriptRunConfig(sys.argv[2], "train.py"))
    print(run.wait_for_completion(raise_on_error=False)["error"]["error"]["message"])
    """


def reason(workspace: Workspace, project: Project, group: Path) -> str:
    submit = python(SUBMIT_IN_GROUP, workspace.path, project.path, group / "cgroup.procs")
    return output(submit).strip()


def test_a_script_that_uses_up_its_memory_is_said_to_have_done_so(
    workspace: Workspace, project: Project, small_group: Path
) -> None:
    project.write("train.py", "held = []\nwhile True:\n    held.append(bytearray(b'x' * (1 << 20)))\n")

    message = reason(workspace, project, small_group)

    assert message.startswith("the script was killed by SIGKILL, probably out of memory: peak ")
    assert message.endswith(" MiB of 256 MiB")


def test_a_script_that_is_killed_with_nearly_all_memory_used_is_likely_out_of_it(
    workspace: Workspace, project: Project, small_group: Path
) -> None:
    project.write("train.py", "import os; held = b'x' * (200 << 20); os.kill(os.getpid(), 9)")

    assert "SIGKILL, probably out of memory: peak 2" in reason(workspace, project, small_group)


def test_a_script_that_is_killed_with_memory_to_spare_is_not(
    workspace: Workspace, project: Project, small_group: Path
) -> None:
    project.write("train.py", "import os; os.kill(os.getpid(), 9)")

    assert "SIGKILL; its peak memory was " in reason(workspace, project, small_group)
