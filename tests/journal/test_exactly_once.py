"""What a writer was told is kept is read back exactly once, whichever processes die while they write or fold."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from tests.processes import output, python, wait_until

# Each record is acknowledged by one byte in a file. A child of a fork goes on under a name of its own.
WRITER = """
import io, os, signal, sys
from localexp import Experiment, Run, Workspace
workspace, run_id, name, folder = sys.argv[1:]
if run_id:
    run = Run.get(Workspace(workspace), run_id)
else:
    run = Run.get_context(allow_offline=False)
run.log("warm", 0)
if os.fork() == 0:
    name += "-child"
acknowledge = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
count = 0
while count < 5000:
    run.log(name, count, step=count)
    os.write(acknowledge, b".")
    if count % 50 == 0:
        run.tag(name, str(count))
    if count % 500 == 0:
        run.upload_file(f"{name}/{count}", io.BytesIO(b"%d" % count))
    count += 1
while True:
    signal.pause()
"""

FOLDER = """
import sys
from localexp import Run, Workspace
run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
while True:
    run.get_metrics("nothing")
"""


def check_after_kills(workspace: Workspace, folder: Path, seed: int) -> int:
    """Let writers and folders work on one run and kill each at a random moment; returns the number of kills."""
    chance = random.Random(seed)
    run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
    run.log("begun", True)
    as_script = {
        "LOCALEXP_RUN_ID": run.id,
        "LOCALEXP_EXPERIMENT": "digits",
        "LOCALEXP_WORKSPACE": workspace.path,
    }
    writers = [python(WRITER, workspace.path, run.id, "attached", folder)]
    writers += [python(WRITER, workspace.path, "", f"script-{n}", folder, **as_script) for n in range(2)]
    folders = [python(FOLDER, workspace.path, run.id) for _ in range(2)]
    victims = [*writers, *folders]
    chance.shuffle(victims)
    try:
        # Now and then a writer is killed before it has begun.
        begun = chance.choice([0, 3, 6, 6, 6])
        wait_until(lambda: len(list(folder.iterdir())) >= begun, "writers have begun")
        for victim in victims:
            # A pause of random length, during which this process folds too.
            for _ in range(chance.randrange(20)):
                run.get_metrics("nothing")
            victim.kill()
    finally:
        for victim in victims:
            victim.kill()
            victim.wait()
        # They hold the pipes of their parents.
        kill_orphans(folder)
        for victim in victims:
            victim.communicate()
    acknowledged = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{acknowledged} records acknowledged")

    metrics, tags, files = run.get_metrics(), run.get_tags(), run.get_file_names()
    for file in folder.iterdir():
        check_prefix(metrics.get(file.name, []), file.stat().st_size)
        check_tag(tags.get(file.name), file.stat().st_size)
        check_files(run, [name for name in files if name.startswith(f"{file.name}/")], file.stat().st_size)
    run.complete()
    again = Run.get(workspace, run.id)
    assert (again.get_metrics(), again.get_tags(), again.get_file_names()) == (metrics, tags, files)
    return len(victims)


def kill_orphans(folder: Path) -> None:
    """Kill the forked children, which are told by the folder on their command line, and wait until they are gone."""
    alive = True
    while alive:
        alive = False
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                command = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
                state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if os.fsencode(folder) in command and state != "Z":
                alive = True
                os.kill(int(name), signal.SIGKILL)


def check_prefix(read_back: object, acknowledged: int) -> None:
    values = read_back if isinstance(read_back, list) else [read_back]
    assert values == list(range(len(values)))
    # At most one record was being attempted when the writer died.
    assert acknowledged <= len(values) <= acknowledged + 1


def check_tag(value: str | None, acknowledged: int) -> None:
    """Tags follow every fiftieth point."""
    if acknowledged > 1:
        said_for_sure = (acknowledged - 2) // 50 * 50
        assert value is not None
        assert said_for_sure <= int(value) <= acknowledged


def check_files(run: Run, names: list[str], acknowledged: int) -> None:
    """A file follows every five hundredth point; what is listed is whole."""
    uploaded = sorted(int(name.rpartition("/")[2]) for name in names)
    assert uploaded == [500 * number for number in range(len(uploaded))]
    # The point after a file is acknowledged when the file is kept; one more may have been attempted.
    for_sure = (acknowledged - 2) // 500 + 1 if acknowledged > 1 else 0
    assert for_sure <= len(uploaded) <= (acknowledged - 1) // 500 + 1
    for name in names:
        assert Path(run._layout.artifact(name)).read_text() == name.rpartition("/")[2]


def test_nothing_that_was_acknowledged_is_lost_or_doubled_by_kills(workspace: Workspace, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    folder = tmp_path / "acknowledged"
    folder.mkdir()
    check_after_kills(workspace, folder, seed)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_nothing_is_lost_or_doubled_by_a_thousand_kills(workspace: Workspace, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    kills = 0
    while kills < 1000:
        folder = tmp_path / f"acknowledged-{kills}"
        folder.mkdir()
        kills += check_after_kills(workspace, folder, seed + kills)
    print(f"{kills} kills")


STARTER = """
import sys
from localexp import Experiment, Workspace
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
experiment = Experiment(Workspace(sys.argv[1]), "digits")
with experiment.start_logging(snapshot_directory=None, display_name=sys.argv[2]) as run:
    for step in range(20):
        run.log("loss", float(step), step=step)
"""


def check_common_start(path: Path, processes: int) -> None:
    starters = [python(STARTER, path, number) for number in range(processes)]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()
    for starter in starters:
        output(starter)

    workspace = Workspace(path)
    found = list(Experiment(workspace, "digits").get_runs())
    assert {run.display_name for run in found} == {str(number) for number in range(processes)}
    assert {run.number for run in found} == set(range(1, processes + 1))
    assert all(run.get_metrics() == {"loss": [float(step) for step in range(20)]} for run in found)
    workspace.close()


def test_processes_that_open_a_new_workspace_at_once_all_log(tmp_path: Path) -> None:
    check_common_start(tmp_path, 8)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_eight_processes_open_a_new_workspace_at_once_fifty_times(tmp_path: Path) -> None:
    for attempt in range(50):
        check_common_start(tmp_path / str(attempt), 8)
