"""A copy of a store that may only be read, with journals that nobody folded: all points are read, no byte changes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.command import contents, without_privileges
from tests.processes import output, python

# Logs in several processes to several runs, says how much, and goes on living until it is killed.
WRITER = """
import os, signal, sys
from localexp import Experiment, Workspace
experiment = Experiment(Workspace(sys.argv[1]), "digits")
runs = [experiment.start_logging(run_id=f"run-{n}", snapshot_directory=None) for n in range(3)]
is_child = os.fork() == 0
for run in runs:
    for step in range(1000):
        run.log("child" if is_child else "parent", step / 7, step=step)
    run.tag("child" if is_child else "parent", "x")
    run.log_list("listed", [1, None, "text"])
    run.log_row("row", step=1, loss=float("nan"))
os.write(1, b"%d\\n" % os.getpid())
signal.pause()
"""

RUN = """
import sys
from localexp import Experiment, Workspace
Experiment(Workspace(sys.argv[1]), "digits").start_logging(run_id=sys.argv[2], snapshot_directory=None).complete()
"""

READER_OF_IDS = """
import sys
from localexp import Workspace
experiment = Workspace(sys.argv[1]).experiments["digits"]
print([run.id for run in experiment.get_runs()], flush=True)
sys.stdin.readline()
print([run.id for run in experiment.get_runs()])
"""

READER = """
import json, sys
from localexp import Workspace
workspace = Workspace(sys.argv[1])
found = {}
for run in workspace.experiments["digits"].get_runs():
    history = run.get_metric_history("child")
    metrics = run.get_metrics()
    found[run.id] = [
        metrics["parent"], metrics["child"], history.steps.tolist(), metrics["listed"], repr(metrics["row"]),
        run.get_tags(), run.get_status(),
    ]
print(json.dumps(found))
"""


@pytest.mark.parametrize("has_ended", [False, True], ids=["while it is written", "after its processes were killed"])
def test_a_read_only_copy_reads_back_every_point_and_changes_no_byte(tmp_path: Path, has_ended: bool) -> None:
    live, copy = tmp_path / "live", tmp_path / "copy"
    writer = python(WRITER, live)
    assert writer.stdout is not None
    processes = [int(writer.stdout.readline()) for _ in range(2)]
    try:
        if has_ended:
            kill(processes)
            writer.wait()
        shutil.copytree(live, copy)
    finally:
        kill(processes)
        writer.communicate()
    assert len(list(copy.rglob("journal/*"))) == 6
    before = contents(copy)
    for path in [*copy.rglob("*"), copy]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    found = json.loads(
        subprocess.run(
            [*without_privileges(), sys.executable, "-c", READER, copy], stdout=subprocess.PIPE, text=True
        ).stdout
    )

    points = [step / 7 for step in range(1000)]
    listed, row = [1, None, "text"] * 2, "{'step': [1, 1], 'loss': [nan, nan]}"
    assert sorted(found) == ["run-0", "run-1", "run-2"]
    for *said, status in found.values():
        assert said == [points, points, list(range(1000)), listed, row, {"child": "x", "parent": "x"}]
        # By the time that it is read the processes are dead in any case, which may be told here, not in the copy.
        assert status == "Failed"
    assert contents(copy) == before


def kill(processes: list[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def test_who_reads_a_copy_goes_on_when_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    live, copy = tmp_path / "live", tmp_path / "copy"
    output(python(RUN, live, "first"))
    shutil.copytree(live, copy)
    set_writable(copy, False)
    reader = subprocess.Popen(
        [*without_privileges(), sys.executable, "-c", READER_OF_IDS, copy],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    assert reader.stdout.readline() == "['first']\n"
    output(python(RUN, live, "second"))

    # As rsync does it.
    set_writable(copy, True)
    shutil.copy(live / ".localexp/localexp.db", copy / "new")
    os.replace(copy / "new", copy / ".localexp/localexp.db")
    set_writable(copy, False)

    assert reader.communicate("\n")[0] == "['second', 'first']\n"


def set_writable(folder: Path, is_writable: bool) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod((0o555 if path.is_dir() else 0o444) | (0o200 if is_writable else 0))
