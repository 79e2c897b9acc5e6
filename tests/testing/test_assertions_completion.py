"""``assert_completed``: whether a run went well, and what is to be known if it did not."""

from __future__ import annotations

import re

import pytest

from localexp import Experiment, PyTorchConfiguration, Run, ScriptRunConfig
from localexp.errors import UserErrorException
from localexp.testing import assert_completed
from tests.processes import Project, python

STILL_OPEN = (
    "was started by this process and is still open, so waiting for it would never end: call its complete() first"
)


def failure(run: Run, timeout: float = 60.0) -> list[str]:
    """The lines that the test is told."""
    with pytest.raises(AssertionError) as caught:
        assert_completed(run, timeout)
    return str(caught.value).splitlines()


def submitted(experiment: Experiment, project: Project, script: str) -> Run:
    project.write("train.py", script)
    return experiment.submit(project.config())


def test_a_script_is_waited_for(experiment: Experiment, project: Project) -> None:
    run = submitted(experiment, project, "import time; time.sleep(0.3)")

    assert_completed(run)

    assert run.status == "Completed"


def test_why_a_script_failed_is_told_with_the_end_of_its_log_and_where_this_is(
    experiment: Experiment, project: Project
) -> None:
    run = submitted(
        experiment, project, "for n in range(30): print('\\33[31mline', n)\nprint('a\\rb\\7')\nraise ValueError('bad')"
    )

    told = failure(run)

    assert told[0] == "the run is Failed: the script exited with code 1: ValueError: bad (train.py, line 3)"
    assert told[1] == f"  run {run.id}"
    begin, path = told[2].split(": ")
    assert begin == "  log, the last 20 lines"
    with open(path, encoding="utf-8") as log:
        assert log.read().startswith("\x1b[31mline 0\n")
    assert told[3] == "  | line 15"
    assert told[-5] == "  | b"
    assert told[-1] == "  | ValueError: bad"
    assert len(told) == 23


def test_a_log_of_a_few_lines_is_told_whole(experiment: Experiment, project: Project) -> None:
    told = failure(submitted(experiment, project, "print('one'); print(); print('three', end=''); raise SystemExit(3)"))

    assert told[2].startswith("  log: ")
    assert told[3:] == ["  | one", "  |", "  | three"]


def test_a_script_that_printed_nothing_has_an_empty_log(experiment: Experiment, project: Project) -> None:
    told = failure(submitted(experiment, project, "raise SystemExit(3)"))

    assert told[0] == "the run is Failed: the script exited with code 3"
    assert told[2] == f"  its log is empty: {next(experiment.get_runs())._layout.log}"


def test_a_run_that_takes_too_long_is_told_as_it_stands(experiment: Experiment, project: Project) -> None:
    run = submitted(experiment, project, "import time; print('begun', flush=True); time.sleep(60)")

    told = failure(run, timeout=0.01)
    run.cancel()
    run.wait_for_completion()

    assert re.fullmatch("the run is (NotStarted|Preparing|Running)", told[0])
    assert told[1] == f"  run {run.id} was waited for 0.01 s; give a longer timeout, or see what keeps it"
    assert failure(run)[0] == "the run is Canceled"


def test_a_run_that_never_began_has_no_log(experiment: Experiment, project: Project) -> None:
    experiment.workspace.set_setting("max_concurrent_runs", 1)
    first = submitted(experiment, project, "import time; time.sleep(60)")
    waiting = experiment.submit(project.config())
    waiting.cancel()
    first.cancel()

    assert failure(waiting) == [
        "the run is Canceled",
        f"  run {waiting.id}",
        "  it has no log: its script has not begun",
    ]
    first.wait_for_completion()


def test_of_a_distributed_script_the_log_of_the_rank_that_failed_is_told(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "import os; assert os.environ['RANK'] != '1', 'bad rank'; import time; time.sleep(60)")
    configuration = ScriptRunConfig(
        project.path, "train.py", distributed_job_config=PyTorchConfiguration(process_count=2)
    )

    told = failure(experiment.submit(configuration))

    assert "rank 1 exited with code 1: AssertionError: bad rank" in told[0]
    assert told[2].endswith("/user_logs/std_log_process_1.txt")
    assert told[-1] == "  | AssertionError: bad rank"


def test_an_interactive_run_of_this_process_would_never_end(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)

    assert failure(run) == [
        "the run is Running",
        f"  run {run.id} {STILL_OPEN}",
    ]
    run.complete()
    assert_completed(run)


def test_an_interactive_run_that_failed_has_its_reason_and_no_log(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    child = run.child_run("fold")
    child.cancel()
    run.fail(ZeroDivisionError("no\x1b data"))

    assert failure(run) == ["the run is Failed: ZeroDivisionError: no\\x1b data", f"  run {run.id}"]
    assert failure(child)[0] == "the run is Canceled"


def test_a_run_whose_process_has_died_is_failed(experiment: Experiment) -> None:
    dead = python(
        """
        import os, sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
        print(run.id, flush=True)
        os.kill(os.getpid(), 9)
        """,
        experiment.workspace.path,
    )
    run_id = dead.communicate()[0].strip()

    assert failure(Run(experiment, run_id))[0].startswith("the run is Failed: ")


def test_a_run_that_ran_inline_has_a_log(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "print('inline'); raise KeyError('bad')")
    configuration = ScriptRunConfig(project.path, "train.py", compute_target="inline")

    told = failure(experiment.submit(configuration))

    assert told[3] == "  | inline"


def test_what_is_no_run_and_no_timeout_is_refused(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)

    with pytest.raises(TypeError, match="assert_completed takes a Run first, not the text 'x'"):
        assert_completed("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the timeout is a number of seconds, not '1'"):
        assert_completed(run, "1")  # type: ignore[arg-type]
    for timeout in (-1, float("nan")):
        with pytest.raises(UserErrorException, match="that is not negative"):
            assert_completed(run, timeout)
