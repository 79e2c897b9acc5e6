"""Interactive runs: how they begin, and end with a block, with the interpreter, or with their process."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import SnapshotException, UserErrorException
from localexp.store.owners import this_process
from tests.processes import Project, output, python


def interactive(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


# Owned by the process that started them


def test_the_process_that_started_it_owns_it(experiment: Experiment) -> None:
    run = interactive(experiment)

    assert run._known().owner == str(this_process())
    assert run.get_status() == "Running"
    assert run.type is None
    run.complete()
    assert run._current().owner is None


def test_another_process_may_log_to_it_and_not_end_it(experiment: Experiment) -> None:
    run = interactive(experiment)
    run.log("loss", 0)

    said = output(
        python(
            """
            import sys
            from localexp import Run, Workspace
            from localexp.errors import UserErrorException
            run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
            run.log("loss", 1)
            for end in (run.complete, run.fail):
                try:
                    end()
                except UserErrorException as error:
                    print(error)
            """,
            experiment.workspace.path,
            run.id,
        )
    )

    assert said.count("is Running and not this process's to end") == 2
    assert run.get_metrics() == {"loss": [0, 1]}
    run.complete()


def test_another_object_of_the_same_process_may_end_it(experiment: Experiment) -> None:
    run = interactive(experiment)

    Run.get(experiment.workspace, run.id).complete()

    assert run.get_status() == "Completed"
    with pytest.raises(UserErrorException, match="Completed"):
        run.log("loss", 1.0)


# With a block


def test_a_block_completes_its_run(experiment: Experiment) -> None:
    with interactive(experiment) as run:
        run.log("loss", 1.0)
        assert run.get_status() == "Running"

    assert run.get_status() == "Completed"
    assert "warnings" not in run.get_details()


@pytest.mark.parametrize("error", [ZeroDivisionError("why"), KeyboardInterrupt("why"), GeneratorExit("why")])
def test_an_exception_in_the_block_fails_the_run_and_goes_on(experiment: Experiment, error: BaseException) -> None:
    with pytest.raises(type(error)), interactive(experiment) as run:
        raise error

    assert run.get_status() == "Failed"
    assert f"{type(error).__name__}: why" in str(run.get_details()["error"])


@pytest.mark.parametrize(("code", "status"), [(0, "Completed"), (None, "Completed"), (3, "Failed"), ("why", "Failed")])
def test_leaving_the_block_by_exit_is_judged_by_the_code(experiment: Experiment, code: object, status: str) -> None:
    with pytest.raises(SystemExit), interactive(experiment) as run:
        raise SystemExit(code)

    assert run.get_status() == status


def complete_and_divide(run: Run) -> None:
    run.complete()
    raise ZeroDivisionError


def test_a_run_ended_within_its_block_stays_as_it_was_ended(experiment: Experiment) -> None:
    with interactive(experiment) as run:
        run.fail("diverged")
    other = interactive(experiment)
    with pytest.raises(ZeroDivisionError), other:
        complete_and_divide(other)

    assert (run.get_status(), other.get_status()) == ("Failed", "Completed")


def test_a_block_leaves_the_working_directory_as_it_found_it(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    with interactive(experiment):
        os.chdir(elsewhere)

    assert Path.cwd() == tmp_path


def test_a_block_whose_working_directory_is_gone_ends_its_run_all_the_same(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)

    with interactive(experiment) as run:
        os.chdir(tmp_path)
        gone.rmdir()

    assert run.get_status() == "Completed"


def test_a_block_writes_nothing_into_the_working_directory(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    stdout = sys.stdout

    with interactive(experiment):
        assert sys.stdout is stdout
        print("seen")

    assert list(here.iterdir()) == []
    assert capsys.readouterr().out == "seen\n"


# Without a block


def ended_by(workspace: Workspace, ending: str) -> Run:
    """An interactive run without a block, whose interpreter ends so."""
    process = python(
        f"""
        import os, signal, sys, threading
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
        run.log("loss", 1.0)
        print(run.id, flush=True)
        {ending}
        """,
        workspace.path,
    )
    run_id, _ = process.communicate()
    run = Run.get(workspace, run_id.strip())
    assert run.get_metrics() == {"loss": 1.0}
    return run


@pytest.mark.parametrize("ending", ["pass", "sys.exit()", "sys.exit(0)"])
def test_an_interpreter_left_without_complete_counts_as_completed_with_a_warning(
    workspace: Workspace, ending: str
) -> None:
    run = ended_by(workspace, ending)

    assert run.get_status() == "Completed"
    assert "without complete()" in str(run.get_details()["warnings"])


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("raise ValueError('diverged')", "ValueError: diverged"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("sys.exit(3)", "exited with 3"),
        ("sys.exit('diverged')", "diverged"),
    ],
)
def test_an_exception_that_ends_the_interpreter_fails_the_run(workspace: Workspace, ending: str, reason: str) -> None:
    run = ended_by(workspace, ending)

    assert run.get_status() == "Failed"
    assert reason in str(run.get_details()["error"])


@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)", "os.abort()"])
def test_the_death_of_the_process_fails_the_run(workspace: Workspace, ending: str) -> None:
    run = ended_by(workspace, ending)

    assert run.get_status() == "Failed"
    assert "died without ending it" in str(run.get_details()["error"])


def test_an_exception_that_only_ends_a_thread_fails_nothing(workspace: Workspace) -> None:
    run = ended_by(workspace, "one = threading.Thread(target=lambda: 1 / 0); one.start(); one.join(); run.complete()")

    assert run.get_status() == "Completed"
    assert "warnings" not in run.get_details()


def test_an_error_at_a_prompt_as_in_a_notebook_ends_nothing(workspace: Workspace) -> None:
    session = python(
        """
        import code, sys
        sys.ps1 = ">>> "
        shell = code.InteractiveInterpreter({"path": sys.argv[1]})
        shell.runsource("from localexp import Experiment, Workspace")
        shell.runsource("run = Experiment(Workspace(path), 'digits').start_logging(snapshot_directory=None)")
        shell.runsource("1 / 0")
        shell.runsource("print(run.id, run.get_status())")
        shell.runsource("run.log('loss', 1.0)")
        """,
        workspace.path,
    )
    run_id, status = output(session).split()
    run = Run.get(workspace, run_id)

    assert status == "Running"
    assert run.get_status() == "Completed"
    assert run.get_metrics() == {"loss": 1.0}


def test_an_interrupted_process_fails_its_run(workspace: Workspace) -> None:
    process = python(
        """
        import sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
        print(run.id, flush=True)
        sys.stdin.read()
        """,
        workspace.path,
    )
    assert process.stdout is not None
    run = Run.get(workspace, process.stdout.readline().strip())

    process.send_signal(signal.SIGINT)
    process.communicate()

    assert run.get_status() == "Failed"
    assert run.get_details()["error"]["error"]["message"] == "KeyboardInterrupt"


def test_several_open_runs_all_end_with_the_interpreter(workspace: Workspace) -> None:
    printed = output(
        python(
            """
            import sys
            from localexp import Experiment, Workspace
            experiment = Experiment(Workspace(sys.argv[1]), "digits")
            runs = [experiment.start_logging(snapshot_directory=None) for _ in range(3)]
            runs[1].complete()
            print(*(run.id for run in runs))
            """,
            workspace.path,
        )
    )
    runs = [Run.get(workspace, run_id) for run_id in printed.split()]

    assert [run.get_status() for run in runs] == ["Completed"] * 3
    assert ["warnings" in run.get_details() for run in runs] == [True, False, True]


def test_a_forked_child_logs_to_the_run_and_does_not_end_it(workspace: Workspace) -> None:
    run_id = output(
        python(
            """
            import os, sys
            from localexp import Experiment, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            run.log("loss", 0)
            child = os.fork()
            if child == 0:
                run.log("loss", 1)
                sys.exit(0)
            os.waitpid(child, 0)
            run.log("loss", 2)
            run.complete()
            sys.stdout.write(run.id)
            """,
            workspace.path,
        )
    )
    run = Run.get(workspace, run_id)

    assert run.get_metrics() == {"loss": [0, 1, 2]}
    assert "warnings" not in run.get_details()


def test_a_forked_child_that_leaves_the_block_does_not_end_the_run(workspace: Workspace) -> None:
    run_id = output(
        python(
            """
            import os, sys
            from localexp import Experiment, Workspace
            with Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None) as run:
                child = os.fork()
                if child == 0:
                    sys.exit(3)
                os.waitpid(child, 0)
                run.log("status", run.get_status())
            sys.stdout.write(run.id)
            """,
            workspace.path,
        )
    )
    run = Run.get(workspace, run_id)

    assert run.get_metrics() == {"status": "Running"}
    assert run.get_status() == "Completed"


# Its snapshot


def test_start_logging_takes_a_snapshot_of_the_current_directory(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("notebook.py", "x = 1")
    monkeypatch.chdir(project.path)

    with experiment.start_logging() as run:
        pass

    assert len(run.get_details()["properties"]["ContentSnapshotId"]) == 32


def test_the_default_snapshot_warns_where_the_limits_refuse_and_a_named_one_raises(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment.workspace.set_setting("snapshot.max_files", 1)
    project.write("one.py", "")
    project.write("two.py", "")
    monkeypatch.chdir(project.path)

    with pytest.warns(UserWarning, match="goes on without a snapshot"), experiment.start_logging():
        pass
    with pytest.raises(SnapshotException):
        experiment.start_logging(snapshot_directory=project.path)
    assert len(list(experiment.get_runs())) == 1


def test_an_exit_of_another_thread_is_not_that_of_the_interpreter(experiment: Experiment) -> None:
    output(
        python(
            """
            import sys, threading
            from localexp import Experiment, Workspace
            experiment = Experiment(Workspace(sys.argv[1]), "digits")
            experiment.start_logging(run_id="mine", snapshot_directory=None)
            thread = threading.Thread(target=sys.exit, args=(3,))
            thread.start()
            thread.join()
            """,
            experiment.workspace.path,
        )
    )

    assert Run.get(experiment.workspace, "mine").get_status() == "Completed"


def test_what_is_logged_after_a_complete_that_was_interrupted_just_after_its_end_is_kept(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = interactive(experiment)
    run.log("loss", 1.0)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("localexp.journal.fold.remove_done", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.complete()
    assert Run.get(experiment.workspace, run.id).get_metrics() == {"loss": 1.0}
    run.log("loss", 2.0)

    assert Run.get(experiment.workspace, run.id).get_metrics() == {"loss": [1.0, 2.0]}
    assert run.get_status() == "Completed"
