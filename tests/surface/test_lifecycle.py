"""The states of a run: what begins, ends and waits for it, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import ActivityFailedException, RunEnvironmentException, RunNotFound, UserErrorException
from tests.processes import Project, output, python


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


# Ends, and what comes after


def test_an_ended_run_takes_tags_and_no_metrics(workspace: Workspace, run: Run) -> None:
    run.log("loss", 1.0)
    run.complete()

    run.tag("verdict", "good")
    for same in (run, Run.get(workspace, run.id)):
        with pytest.raises(UserErrorException, match="is Completed"):
            same.log("loss", 2.0)

    assert run.get_metrics() == {"loss": 1.0}
    assert run.get_tags() == {"verdict": "good"}


@pytest.mark.parametrize("first", ["complete", "fail", "cancel"])
@pytest.mark.parametrize("second", ["complete", "fail", "cancel", "start"])
def test_a_run_ends_once(run: Run, first: str, second: str) -> None:
    getattr(run, first)()
    before = run.get_details()

    with pytest.raises(UserErrorException, match=f"is {before['status']}"):
        getattr(run, second)()

    assert run.get_details() == before


def test_a_block_of_a_run_that_has_ended_changes_nothing(run: Run) -> None:
    run.fail("diverged")

    with run:
        pass

    assert run.get_status() == "Failed"


def test_starting_a_run_that_goes_on_does_nothing(run: Run) -> None:
    run.start()

    assert run.get_status() == "Running"
    run.complete()


def test_fail_says_why(run: Run) -> None:
    run.fail("diverged", error_code="Diverged")

    details = run.get_details()

    assert details["status"] == "Failed"
    assert details["error"]["error"] == {"code": "Diverged", "message": "diverged"}


def test_fail_takes_an_exception(run: Run) -> None:
    run.fail(ZeroDivisionError("divided"))

    assert run.get_details()["error"]["error"] == {"code": "UserError", "message": "ZeroDivisionError: divided"}


@pytest.mark.parametrize("details", [3, b"why", {"message": "why"}, ValueError])
def test_fail_refuses_anything_else_and_the_run_goes_on(run: Run, details: object) -> None:
    with pytest.raises(TypeError, match="error_details"):
        run.fail(details)  # type: ignore[arg-type]

    assert run.get_status() == "Running"
    run.complete()


def test_without_setting_the_status_complete_and_fail_leave_the_run_running(run: Run) -> None:
    run.complete(_set_status=False)
    run.fail("a fold diverged", _set_status=False)
    run.log("loss", 1.0)

    assert run.get_status() == "Running"
    assert {"source": "script", "message": "a fold diverged"} in run.get_details()["warnings"]
    run.complete()
    for end in (run.complete, run.fail):
        with pytest.raises(UserErrorException, match="Completed"):
            end(_set_status=False)


def test_a_run_that_is_not_there_is_not_found_and_alike_ids_are_named(
    workspace: Workspace, experiment: Experiment
) -> None:
    experiment.start_logging(snapshot_directory=None, run_id="the-one").complete()

    with pytest.raises(RunNotFound, match="the-one"):
        Run.get(workspace, "the-0ne")
    with pytest.raises(RunNotFound, match="the-one"):
        Run(experiment, "the-0ne")


def test_a_constructed_run_is_attached_and_takes_what_azure_mls_takes(experiment: Experiment, run: Run) -> None:
    same = Run(experiment, run.id, outputs=None, _run_dto=None)
    same.log("loss", 1.0)
    same.complete()

    assert run.get_metrics() == {"loss": 1.0}
    with pytest.raises(UserErrorException, match="not in 'other'"):
        Run(Experiment(experiment.workspace, "other"), run.id)


# Waiting


def test_waiting_for_a_failed_run_raises_unless_told_otherwise(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "raise KeyError('x')")
    run = experiment.submit(project.config())

    with pytest.raises(ActivityFailedException) as caught:
        run.wait_for_completion()

    assert caught.value.error_details == run.get_details()["error"]
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_waiting_for_a_canceled_run_does_not_raise(run: Run) -> None:
    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"


def test_show_output_prints_head_log_and_summary(
    experiment: Experiment, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(
        "train.py",
        """
        import sys
        from localexp import Run
        Run.get_context().fail("just so")
        sys.stdout.buffer.write(b'hello\\ncaf\\xc3\\xa9 \\xff\\n')
        """,
    )
    run = experiment.submit(project.config())

    run.wait_for_completion(show_output=True, wait_post_processing=True)

    address = run.get_portal_url()
    assert capsys.readouterr().out == (
        f"RunId: {run.id}\nWeb View: {address}\n\n"
        "Streaming user_logs/std_log.txt\n===============================\n\n"
        "hello\ncafé �\n\n"
        "Execution Summary\n=================\n"
        f"RunId: {run.id}\nStatus: Completed\nWeb View: {address}\n\n"
        "Warnings:\njust so\n\n"
    )


def test_show_output_prints_the_error_where_none_is_raised(
    experiment: Experiment, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("train.py", "raise SystemExit(3)")
    run = experiment.submit(project.config())

    run.wait_for_completion(show_output=True, raise_on_error=False)

    assert capsys.readouterr().out.endswith("\n\nError:\nthe script exited with code 3\n\n")


def test_an_interactive_run_of_another_process_can_be_waited_for(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    other = python(
        """
        import sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
        print(run.id, flush=True)
        """,
        workspace.path,
    )
    assert other.stdout is not None
    run = Run.get(workspace, other.stdout.readline().strip())

    assert run.wait_for_completion(show_output=True)["status"] == "Completed"
    assert "Streaming" not in capsys.readouterr().out
    other.communicate()


# The context of a script


def test_each_call_for_the_context_gives_the_same_object_unless_it_is_for_a_block(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        """
        import warnings
        from localexp import Run
        run = Run.get_context()
        assert Run.get_context(allow_offline=False, _some_option=1) is run
        with Run.get_context(used_for_context_manager=True) as own:
            assert own is not run
            assert own.id == run.id
            own.log("loss", 1.0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert Run.get_submitted_run(_some_option=1) is run
        assert [one.category for one in caught] == [DeprecationWarning]
        run.log("loss", 2.0)
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert sorted(run.get_metrics()["loss"]) == [1.0, 2.0]


def test_the_script_does_not_decide_how_its_run_ends_but_says_why(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        with Run.get_context() as run:
            run.fail(ValueError("diverged"))
            run.complete()
        run.log("status", run.get_status())
        try:
            run.fail(3)
        except TypeError as error:
            run.log("refused", str(error))
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert run.get_metrics()["status"] == "Running"
    assert "error_details" in run.get_metrics()["refused"]
    assert {"source": "script", "message": "ValueError: diverged"} in run.get_details()["warnings"]


def test_an_exception_in_a_block_of_the_context_goes_on(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "from localexp import Run\nwith Run.get_context():\n    raise ValueError('diverged')")
    run = experiment.submit(project.config())

    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"
    assert "ValueError: diverged" in str(run.get_details()["error"])


def test_a_process_that_a_script_starts_has_its_context(experiment: Experiment, project: Project) -> None:
    project.write("step.py", "from localexp import Run; Run.get_context(allow_offline=False).log('step', 1)")
    project.write("train.py", "import subprocess, sys; subprocess.run([sys.executable, 'step.py'], check=True)")
    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics() == {"step": 1}


def test_outside_a_run_there_is_no_submitted_run() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises(RunEnvironmentException):
            Run.get_submitted_run()
    with pytest.raises(RunEnvironmentException):
        Run.get_context(allow_offline=False)
    assert Run.get_context(used_for_context_manager=True).id.startswith("OfflineRun_")


def test_a_process_with_an_interactive_run_has_no_context_of_it(workspace: Workspace, tmp_path: Path) -> None:
    assert output(
        python(
            """
            import sys
            from localexp import Experiment, Run, Workspace
            with Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None):
                print(Run.get_context().id)
            """,
            workspace.path,
        )
    ).startswith("OfflineRun_")


def test_a_script_that_waits_for_its_own_run_is_refused_whichever_way_it_got_hold_of_it(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run, Workspace
        run = Run.get_context()
        for waiting in (run, Run.get(Workspace.from_config(), run.id)):
            try:
                waiting.wait_for_completion()
            except ValueError as error:
                print(error)
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    with open(run._layout.log, encoding="utf-8") as log:
        assert log.read() == f"run {run.id} is the script that waits, and would wait for ever: let it end\n" * 2
