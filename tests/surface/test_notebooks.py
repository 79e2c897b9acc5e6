"""What notebooks show of workspaces, experiments and runs."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace

ODD = "<script>alert('1')</script> & \"x\""


class _Read(HTMLParser):
    """The texts of what is shown, and a complaint about every tag that does not close what is open."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data + "\n"


def shown(one: object) -> _Read:
    return _Read(one._repr_html_())  # type: ignore[attr-defined]


def files_below(folder: str) -> dict[str, bytes]:
    return {
        os.path.join(place, name): Path(place, name).read_bytes()
        for place, _, names in os.walk(folder)
        for name in names
        if not name.endswith(("-wal", "-shm"))
    }


@pytest.fixture
def run(experiment: Experiment) -> Run:
    run = experiment.start_logging(snapshot_directory=None, display_name=ODD, tags={ODD: ODD})
    run.log_list(ODD, [0.5, 0.25, 0.125])
    run.log("note", ODD)
    run.complete()
    return run


def test_everything_is_shown_with_its_texts_escaped(experiment: Experiment, run: Run) -> None:
    experiment.tag(ODD, ODD)

    for one in (experiment.workspace, experiment, run, experiment.get_runs()):
        assert "script" not in shown(one).tags
    for one in (experiment, run, experiment.get_runs()):
        assert ODD in shown(one).text


def test_a_run_is_shown_with_its_state_tags_and_curves(run: Run) -> None:
    read = shown(run)

    assert "polyline" in read.tags
    for text in (run.id, "Completed", "digits", "3 values, 0.125 to 0.5"):
        assert text in read.text


def test_of_very_many_metrics_the_first_are_shown(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for number in range(60):
        run.log(f"metric-{number}-", number)

    text = shown(run).text

    assert "metric-49-" in text
    assert "metric-50-" not in text
    assert "and 10 more" in text


def test_a_workspace_is_shown_with_its_experiments(workspace: Workspace, run: Run) -> None:
    Experiment(workspace, "empty")

    text = shown(workspace).text

    assert workspace.name in text
    assert workspace.path in text
    assert "digits\n1 run\nlast 2" in text
    assert "empty\n0 runs\n" in text


def test_of_very_many_experiments_the_first_are_shown(workspace: Workspace) -> None:
    for number in range(101):
        Experiment(workspace, f"named-{number:03}")

    text = shown(workspace).text

    assert "named-099" in text
    assert "named-100" not in text
    assert "and 1 more" in text


def test_the_description_of_a_metric_is_shown_with_it(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 1.0, description="mean of <squares>")
    run.log_row("row", "what it has", a=1)

    assert "loss\nmean of <squares>\n" in shown(run).text
    assert "row\nwhat it has\n" in shown(run).text


def test_of_very_long_texts_the_beginning_is_shown(experiment: Experiment) -> None:
    long = "x" * 100_000
    run = experiment.start_logging(snapshot_directory=None, display_name=long, tags={long: long})
    run.log(long, long, description=long)
    run.log_list("texts", [long] * 3)
    run.log_row("wide", **{f"column-{number}-": long for number in range(50)})

    for one in (run, experiment, experiment.get_runs(), experiment.workspace):
        text = shown(one).text
        assert len(text) < 50_000
        assert "xxx" in text or one is experiment.workspace
    assert os.path.getsize(run.get_portal_url().removeprefix("file://")) < 50_000
    assert os.path.getsize(experiment.get_portal_url().removeprefix("file://")) < 50_000


def test_integers_beyond_every_float_are_left_out_of_the_curve(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log_list("huge", [10**400, -(10**400), 1, 2])

    assert "4 values, 1 to 2" in shown(run).text


def test_an_experiment_is_shown_with_its_newest_runs(experiment: Experiment) -> None:
    for number in range(21):
        experiment.start_logging(run_id=f"run-{number}-", snapshot_directory=None).complete()

    text = shown(experiment).text

    assert "run-20-" in text
    assert "run-1-" in text
    assert "run-0-" not in text
    assert "there are more" in text


def test_an_experiment_that_has_not_been_created_is_shown_too(workspace: Workspace) -> None:
    assert "not created yet" in shown(Experiment(workspace, "later", _create_in_cloud=False)).text
    assert "No runs." in shown(Experiment(workspace, "later", _create_in_cloud=False).get_runs()).text


def test_an_experiment_without_runs_says_so(experiment: Experiment) -> None:
    assert "No runs." in shown(experiment).text


def test_showing_a_list_of_runs_takes_none_from_it(experiment: Experiment) -> None:
    ids = [experiment.start_logging(snapshot_directory=None, tags={"a": "b"}).id for _ in range(3)]
    experiment.start_logging(run_id="other", snapshot_directory=None)
    runs = experiment.get_runs(tags="a")

    assert next(runs).id == ids[2]
    text = shown(runs).text
    assert all(identifier in text for identifier in ids)
    assert "other" not in text
    assert [run.id for run in runs] == ids[1::-1]


def test_showing_writes_nothing(experiment: Experiment, run: Run) -> None:
    shown(run)
    before = files_below(experiment.workspace.path)

    for one in (experiment.workspace, experiment, run, experiment.get_runs()):
        shown(one)

    assert files_below(experiment.workspace.path) == before
