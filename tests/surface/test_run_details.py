"""RunDetails shows a run, and follows it where somebody looks."""

from __future__ import annotations

import re

import pytest

import localexp
from localexp import Experiment, Run, RunDetails
from localexp.compat import widgets
from localexp.errors import RunNotFound, UserErrorException
from localexp.report import html
from localexp.run.widget import _Follower
from localexp.store import clock


@pytest.fixture
def run(experiment: Experiment) -> Run:
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    run.log_list("loss", [0.5, 0.25])
    run.log("accuracy", 0.75)
    return run


def test_it_has_its_name_of_azure_ml(run: Run) -> None:
    assert localexp.RunDetails is widgets.RunDetails
    assert repr(RunDetails(run_instance=run)) == f"RunDetails({run!r})"


def test_without_a_notebook_it_says_how_the_run_stands(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    RunDetails(run).show()

    assert re.fullmatch(rf"RunId: {run.id}\nStatus: Running\nWeb View: file://\S+\n", capsys.readouterr().out)


def test_what_renders_html_itself_is_given_it_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shown = list[str]()

    RunDetails(run).show(render_lib=shown.append, widget_settings={"debug": True})

    [only] = shown
    assert "accuracy" in only
    assert capsys.readouterr().out == ""


def test_what_is_shown_can_be_had_as_data(run: Run) -> None:
    data = RunDetails(run).get_widget_data(widget_settings={"debug": True})

    assert data.pop("workbench_run_details_uri").startswith("file://")
    assert data == {
        "status": "Running",
        "run_id": run.id,
        "run_properties": run.get_details(),
        "run_metrics": [
            {"name": "loss", "run_id": run.id, "categories": [0, 1], "series": [{"data": [0.5, 0.25]}]},
            {"name": "accuracy", "run_id": run.id, "categories": [0], "series": [{"data": [0.75]}]},
        ],
        "run_logs": "",
        "widget_settings": {"debug": True},
    }


@pytest.mark.parametrize("wrong", ["an-id", None, Run])
def test_what_is_no_run_is_refused(wrong: Run) -> None:
    with pytest.raises(UserErrorException, match=r"RunDetails shows a run of a workspace, not .*Run\.get"):
        RunDetails(wrong)


def test_a_deleted_run_is_not_followed_any_more(experiment: Experiment, run: Run) -> None:
    follower = _Follower(experiment.workspace._store, run._known())
    run.complete()
    assert follower._look()[0]
    experiment.archive()
    Experiment.delete(experiment.workspace, str(experiment.id))

    is_over, shown = follower._look()

    assert is_over
    assert shown["text/plain"] == "RunDetails: unknown"
    assert "is not followed any more" in shown["text/html"]
    with pytest.raises(RunNotFound):
        RunDetails(run).show()


def test_a_run_that_goes_on_is_seen_as_it_is_and_not_at_its_end(experiment: Experiment, run: Run) -> None:
    follower = _Follower(experiment.workspace._store, run._known())
    run.log("news", 1.0)

    is_over, shown = follower._look()

    assert not is_over
    assert "news" not in follower.shown["text/html"]
    assert "news" in shown["text/html"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (119, "1 min"), (3600, "1 h 0 min")]
)
def test_time_that_goes_on_is_told_to_the_minute_after_the_first(run: Run, seconds: float, text: str) -> None:
    record = run._known()
    record.started_at = clock.now() - int(seconds * 1e6)

    assert html.took(record) == f"{text} so far"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0031, "3 ms"), (0.9999, "1.00 s"), (12.34, "12.3 s"), (59.97, "1:00"), (185, "3:05"), (3723, "1:02:03")],
)
def test_time_that_is_over_is_told_with_three_digits(run: Run, seconds: float, text: str) -> None:
    record = run._known()
    record.started_at, record.ended_at = 0, int(seconds * 1e6)

    assert html.took(record) == text
