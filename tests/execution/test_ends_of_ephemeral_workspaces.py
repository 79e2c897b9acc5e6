"""What is at work in an ephemeral workspace: it may use it, and is ended before that goes."""

from __future__ import annotations

import builtins
import os
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from localexp.store import runs as recorded
from localexp.store.owners import Owner
from tests.processes import Project, output, python, wait_until

pytestmark = pytest.mark.usefixtures("temporary")


AT_THE_END = {
    "left": ("", 0, ""),
    "sys.exit": ("sys.exit(3)", 3, ""),
    "an error": ("raise ValueError('of mine')", 1, "of mine"),
    "Ctrl-C": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", -2, "KeyboardInterrupt"),
}


@pytest.mark.parametrize(
    ("first", "end"),
    [
        *(("weakref", end) for end in AT_THE_END),
        *(("localexp.execution.interactive", end) for end in ("left", "Ctrl-C")),
    ],
)
def test_it_goes_with_the_process_without_a_word(temporary: Path, end: str, first: str) -> None:
    statement, code, said = AT_THE_END[end]
    process = python(
        f"""
        import os, signal, sys, time, weakref
        class Some: pass
        some = Some()
        if {first!r} == "weakref":
            # The first to be registered is the last to be called when the process ends.
            weakref.finalize(some, int)
        import {first}
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from localexp import Experiment, Workspace
        workspace = Workspace.ephemeral()
        run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
        run.log("loss", 0.5)
        child = run.child_run("fold")
        ended = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
        ended.complete()
        print(len(os.listdir(os.environ["TMPDIR"])), flush=True)
        {statement}
        """
    )
    out, err = process.communicate()

    assert (out, process.returncode) == ("1\n", code), err
    assert err.endswith(f"{said}\n") if said else err == ""
    assert "localexp:" not in err
    assert list(temporary.iterdir()) == []


SLEEPING = """
import os, subprocess, sys
sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(os.path.join(os.environ["PLACE"], f"{os.getpid()}.script"), "w"):
    pass
sleeper.wait()
"""


def are_gone(place: Path) -> bool:
    """Whether no process of a script is left: the number is in the name of its file."""
    return not any(os.path.exists(f"/proc/{file.stem}/stat") for file in place.glob("*.script"))


def test_what_was_submitted_is_canceled_and_waited_for(
    project: Project, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", SLEEPING)
    monkeypatch.setenv("PLACE", str(project.path.parent))
    with Workspace.ephemeral() as workspace:
        workspace.set_setting("max_concurrent_runs", 1)
        runs = [Experiment(workspace, "digits").submit(project.config()) for _ in range(3)]
        wait_until(lambda: list(project.path.parent.glob("*.script")), "the first script to be at work")
        assert [run.get_status() for run in runs] == ["Running", "Queued", "Queued"]
        with workspace._store.main.reading() as db:
            owner = next(record.owner for record in recorded.active(db) if record.id == runs[0].id)

    assert list(temporary.iterdir()) == []
    assert len(list(project.path.parent.glob("*.script"))) == 1
    assert are_gone(project.path.parent)
    assert owner is not None
    assert not Owner.parse(owner).is_alive()


def test_what_was_submitted_goes_with_the_process(project: Project, temporary: Path) -> None:
    project.write("train.py", SLEEPING)

    printed = output(
        python(
            """
            import glob, os, sys, time
            from localexp import Experiment, ScriptRunConfig, Workspace
            workspace = Workspace.ephemeral()
            run = Experiment(workspace, "digits").submit(ScriptRunConfig(sys.argv[1], "train.py"))
            while not glob.glob(os.path.join(os.environ["PLACE"], "*.script")):
                time.sleep(0.005)
            print(run.get_status())
            """,
            project.path,
            PLACE=str(project.path.parent),
        )
    )

    assert printed == "Running\n"
    assert list(temporary.iterdir()) == []
    assert are_gone(project.path.parent)


def test_supervisor_and_script_of_a_run_wait_for_no_disk_either(project: Project) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        run = Run.get_context()
        with run.experiment.workspace._store.main.writing(durable=True) as db:
            found = db.execute("PRAGMA synchronous").fetchone()[0]
        run.log("synchronous", found)
        """,
    )
    with Workspace.ephemeral() as workspace:
        run = Experiment(workspace, "digits").submit(project.config())
        run.wait_for_completion()

        assert run.get_metrics() == {"synchronous": 0}


def test_a_script_that_runs_inline_may_use_it(project: Project, temporary: Path) -> None:
    project.write("train.py", "from localexp import Run\nRun.get_context().log('loss', 0.5)")
    config = project.config()
    config.run_config.target = "inline"
    with Workspace.ephemeral() as workspace:
        run = Experiment(workspace, "digits").submit(config)
        assert (run.get_status(), run.get_metrics()) == ("Completed", {"loss": 0.5})

    assert list(temporary.iterdir()) == []


def test_a_script_that_runs_inline_cannot_take_it_away(
    project: Project, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "import builtins\nbuiltins.workspace_of_the_test.close()")
    config = project.config()
    config.run_config.target = "inline"
    with Workspace.ephemeral() as workspace:
        monkeypatch.setattr(builtins, "workspace_of_the_test", workspace, raising=False)
        run = Experiment(workspace, "digits").submit(config)
        assert run.get_status() == "Failed"
        assert f"run {run.id} of the workspace is a script that runs in this process" in str(run.get_details()["error"])

    assert list(temporary.iterdir()) == []


def test_who_does_not_wait_for_a_script_to_be_ended_leaves_nothing(project: Project, temporary: Path) -> None:
    project.write("train.py", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPING)

    process = python(
        """
        import glob, os, signal, sys, threading, time
        from localexp import Experiment, ScriptRunConfig, Workspace
        signal.signal(signal.SIGINT, signal.default_int_handler)
        left, left_at_work, closed = (Workspace.ephemeral() for _ in range(3))
        runs = {}
        for workspace in (left_at_work, closed):
            workspace.set_setting("cancel.grace_seconds", 1)
            runs[workspace] = Experiment(workspace, "digits").submit(ScriptRunConfig(sys.argv[1], "train.py"))
        while len(glob.glob(os.path.join(os.environ["PLACE"], "*.script"))) < 2:
            time.sleep(0.005)
        def interrupt(run):
            while run.get_status() != "CancelRequested":
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGINT)
        for run in runs.values():
            threading.Thread(target=interrupt, args=[run], daemon=True).start()
        try:
            closed.close()
        except KeyboardInterrupt:
            print(os.path.exists(closed.path), left_at_work.path)
        """,
        project.path,
        PLACE=str(project.path.parent),
    )
    out, err = process.communicate()

    is_there, path = out.split()
    assert is_there == "False"
    assert (process.returncode, err) == (0, f"localexp: interrupted; what was at work in {path} is not waited for\n")
    assert list(temporary.iterdir()) == []
    wait_until(lambda: are_gone(project.path.parent), "their supervisors have ended the scripts")
