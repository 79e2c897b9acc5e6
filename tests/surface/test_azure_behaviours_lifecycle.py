"""Runs begin, end and are waited for as in Azure ML (azure-ml-v1.md, sections 2.5 and 2.6), or differ on purpose."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from localexp import Experiment, Run
from localexp.errors import ActivityFailedException, ExperimentExecutionException, LocalexpError, UserErrorException
from tests.processes import Project, output, python, wait_until


def interactive(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None, outputs=False)


def message(run: Run) -> str:
    return str(run.get_details()["error"]["error"]["message"])


def test_starting_a_run_that_runs_does_nothing(experiment: Experiment) -> None:
    with interactive(experiment) as run:
        run.start()

        assert run.get_status() == "Running"


def test_starting_a_run_again_differs_and_is_refused(experiment: Experiment) -> None:
    run = interactive(experiment)
    run.complete()

    with pytest.raises(UserErrorException, match="Completed"):
        run.start()


def test_a_failed_run_says_why_and_is_a_user_error(experiment: Experiment) -> None:
    run = interactive(experiment)

    run.fail("diverged")

    assert run.get_status() == "Failed"
    assert message(run) == "diverged"
    assert run.get_details()["error"]["error"]["code"] == "UserError"


def test_an_exception_may_say_why_a_run_failed(experiment: Experiment) -> None:
    run = interactive(experiment)

    run.fail(ZeroDivisionError("divided"), error_code="Diverged")

    assert "ZeroDivisionError" in message(run)
    assert "divided" in message(run)
    assert run.get_details()["error"]["error"]["code"] == "Diverged"


def test_anything_else_cannot_say_why_a_run_failed(experiment: Experiment) -> None:
    with interactive(experiment) as run, pytest.raises(TypeError):
        run.fail({"why": "diverged"})  # type: ignore[arg-type]


def test_an_end_that_is_not_to_set_the_status_leaves_the_run_running(experiment: Experiment) -> None:
    run = interactive(experiment)

    run.complete(_set_status=False)
    run.fail("not yet", _set_status=False)

    assert run.get_status() == "Running"
    run.complete()


def test_ending_a_run_twice_differs_and_is_refused(experiment: Experiment) -> None:
    run = interactive(experiment)
    run.complete()

    for end in (run.complete, run.fail, run.cancel):
        with pytest.raises(UserErrorException, match="Completed"):
            end()


def test_a_canceled_interactive_run_is_canceled(experiment: Experiment) -> None:
    run = interactive(experiment)

    run.cancel()

    assert run.get_status() == "Canceled"


def test_a_block_gives_the_run_and_completes_it(experiment: Experiment) -> None:
    run = interactive(experiment)

    with run as same:
        assert same is run

    assert run.get_status() == "Completed"


def test_a_block_puts_the_working_directory_back(experiment: Experiment, tmp_path: Path) -> None:
    before = os.getcwd()
    with interactive(experiment):
        os.chdir(tmp_path)

    assert os.getcwd() == before


def test_an_exception_fails_the_run_and_goes_on_its_way(experiment: Experiment) -> None:
    with pytest.raises(ZeroDivisionError), interactive(experiment) as run:
        raise ZeroDivisionError("divided")

    assert run.get_status() == "Failed"
    assert "divided" in message(run)


def test_leaving_a_block_with_another_exit_code_fails_the_run(experiment: Experiment) -> None:
    with pytest.raises(SystemExit), interactive(experiment) as run:
        raise SystemExit(3)

    assert run.get_status() == "Failed"


@pytest.mark.parametrize("code", [0, None])
def test_leaving_a_block_with_exit_code_zero_differs_and_completes_the_run(
    experiment: Experiment, code: int | None
) -> None:
    with pytest.raises(SystemExit), interactive(experiment) as run:
        raise SystemExit(code)

    assert run.get_status() == "Completed"


def test_waiting_gives_the_details(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")

    run = experiment.submit(project.config())

    assert run.wait_for_completion() == run.get_details()


def test_waiting_for_a_run_that_fails_raises_unless_told(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "raise RuntimeError('diverged')")
    run = experiment.submit(project.config())

    with pytest.raises(ActivityFailedException, match="diverged") as caught:
        run.wait_for_completion()

    assert caught.value.error_details == run.get_details()["error"]
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_waiting_for_a_canceled_run_does_not_raise(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import time; time.sleep(60)")
    run = experiment.submit(project.config())
    wait_until(lambda: run.get_status() == "Running", "the script runs")

    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"


def test_canceling_a_script_differs_and_is_a_request_until_it_has_ended(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "import time; time.sleep(60)")
    run = experiment.submit(project.config())
    wait_until(lambda: run.get_status() == "Running", "the script runs")

    run.cancel()

    assert run.status in ("CancelRequested", "Canceled")
    run.wait_for_completion()
    with pytest.raises(UserErrorException, match="Canceled"):
        run.cancel()


def test_an_interrupt_differs_and_is_one_and_the_run_goes_on(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)")
    run = experiment.submit(project.config())
    code = """
        import sys, localexp
        try:
            localexp.Workspace(sys.argv[1]).get_run(sys.argv[2]).wait_for_completion(show_output=True)
        except KeyboardInterrupt:
            print("interrupted")
        """
    waiting = python(code, experiment.workspace.path, run.id)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == f"RunId: {run.id}\n"

    waiting.send_signal(signal.SIGINT)

    assert output(waiting).endswith("interrupted\n")
    (tmp_path / "go").touch()
    assert run.wait_for_completion()["status"] == "Completed"


def test_waiting_differs_and_works_for_interactive_runs_of_other_processes(experiment: Experiment) -> None:
    code = """
        import sys, localexp
        experiment = localexp.Experiment(localexp.Workspace(sys.argv[1]), "digits")
        with experiment.start_logging(snapshot_directory=None, run_id="elsewhere"):
            print("started", flush=True)
            sys.stdin.readline()
        """
    other = python(code, experiment.workspace.path)
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == "started\n"
    run = Run(experiment, "elsewhere")

    other.stdin.write("\n")
    other.stdin.flush()

    assert run.wait_for_completion(wait_post_processing=True)["status"] == "Completed"
    output(other)


def test_output_is_shown_between_a_head_and_a_summary(
    experiment: Experiment, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("train.py", "print('epoch 1')")
    run = experiment.submit(project.config())

    run.wait_for_completion(show_output=True)

    printed = capsys.readouterr().out
    parts = [f"RunId: {run.id}", "Web View: ", "Streaming user_logs/std_log.txt", "===", "epoch 1", "Execution Summary"]
    places = [printed.index(part) for part in parts]
    assert places == sorted(places)
    assert printed.count(f"RunId: {run.id}") == 2


def test_waiting_for_oneself_differs_and_is_refused(experiment: Experiment) -> None:
    with interactive(experiment) as run, pytest.raises(UserErrorException, match=r"complete\(\)"):
        run.wait_for_completion()


def test_details_with_logs_have_the_texts(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "print('epoch 1')")
    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_details_with_logs()["logFiles"] == {"user_logs/std_log.txt": "epoch 1\n"}


def test_logs_are_written_to_a_folder(experiment: Experiment, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "print('epoch 1')")
    run = experiment.submit(project.config())
    run.wait_for_completion()

    [path] = run.get_all_logs(tmp_path / "logs")

    assert Path(path) == tmp_path / "logs" / "user_logs" / "std_log.txt"
    assert Path(path).read_text() == "epoch 1\n"


def test_logs_are_not_written_over_a_file(experiment: Experiment, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with interactive(experiment) as run, pytest.raises(UserErrorException):
        run.get_all_logs(tmp_path / "file")


def test_the_default_folder_of_logs_differs_and_is_a_temporary_one(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "print('epoch 1')")
    run = experiment.submit(project.config())
    run.wait_for_completion()
    monkeypatch.chdir(project.path)

    [path] = run.get_all_logs()

    assert not Path(path).is_relative_to(project.path)
    assert [entry.name for entry in project.path.iterdir()] == ["train.py"]


def test_the_texts_of_long_logs_differ_and_are_their_ends(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "print('first'); print('x' * 16 * 2**20); print('last')")
    run = experiment.submit(project.config())
    run.wait_for_completion()

    [text] = run.get_details_with_logs()["logFiles"].values()

    assert text.startswith("[the first ")
    assert text.endswith("x\nlast\n")


def test_cleaning_differs_and_works_for_every_run_that_has_ended(experiment: Experiment) -> None:
    run = interactive(experiment)

    with pytest.raises(ExperimentExecutionException):
        run.clean()
    run.complete()

    assert all(isinstance(said, str) for said in run.clean())


def test_what_fails_is_a_localexp_error_whatever_it_is_called(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "raise SystemExit(1)")
    run = experiment.submit(project.config())

    with pytest.raises(LocalexpError):
        run.wait_for_completion()


def test_the_text_of_a_failure_differs_and_ends_with_the_reason(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "raise RuntimeError('diverged')")
    run = experiment.submit(project.config())

    with pytest.raises(ActivityFailedException) as caught:
        run.wait_for_completion()

    text = str(caught.value)
    assert text.startswith(f"run {run.id} failed: ")
    assert text.endswith(run.get_details()["error"]["error"]["message"])
    assert "diverged" in text


def test_the_summary_differs_and_has_the_status(
    experiment: Experiment, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("train.py", "")
    run = experiment.submit(project.config())

    run.wait_for_completion(show_output=True)

    assert "\nStatus: Completed\n" in capsys.readouterr().out.partition("Execution Summary")[2]


def test_cleaning_again_differs_and_removes_nothing(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    run = experiment.submit(project.config())
    run.wait_for_completion()
    run.get_portal_url()

    assert [said.rpartition(".")[2] for said in run.clean()] == ["html"]
    assert run.clean() == []
