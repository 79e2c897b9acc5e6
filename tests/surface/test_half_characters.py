"""Texts that UTF-8 cannot hold, as file names that are no text have them: written out wherever they come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import RunNotFound, SnapshotException, UserErrorException

HALF = "half\ud800"
WRITTEN_OUT = "half\\ud800"


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def test_a_metric_is_found_by_the_name_that_it_was_logged_under(run: Run) -> None:
    run.log(HALF, 1)
    run.log_list(HALF, [2])

    assert run.get_metrics(HALF) == {WRITTEN_OUT: [1, 2]}
    assert list(run.get_metric_history(HALF).values) == [1, 2]


def test_columns_of_rows_and_tables_are_readable(run: Run) -> None:
    run.log_row("m", None, **{HALF: 1})
    run.log_table("m", {HALF: [2]})

    assert run.get_metrics() == {"m": {WRITTEN_OUT: [1, 2]}}


def test_a_property_may_be_given_once_more_and_not_otherwise(run: Run) -> None:
    run.add_properties({HALF: HALF})
    run.add_properties({HALF: HALF})

    assert run.get_properties() == {WRITTEN_OUT: WRITTEN_OUT}
    with pytest.raises(UserErrorException, match="properties do not change"):
        run.add_properties({HALF: "other"})


def test_runs_and_experiments_are_found_by_them(experiment: Experiment, run: Run) -> None:
    run.tag(HALF)
    experiment.tag(HALF)

    assert [found.id for found in experiment.get_runs(tags=HALF)] == [run.id]
    assert [found.id for found in Experiment.list(experiment.workspace, tags=HALF)] == [experiment.id]
    assert list(Run.list(experiment, type=HALF)) == list(Run.list(experiment, status=HALF)) == []
    assert Experiment.list(experiment.workspace, experiment_name=HALF) == []


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda workspace: workspace.get_run(HALF), RunNotFound),
        (lambda workspace: workspace.get_snapshot(HALF), SnapshotException),
        (lambda workspace: Experiment.delete(workspace, HALF), UserErrorException),
        (lambda workspace: Experiment(workspace, HALF, _skip_name_validation=True), UserErrorException),
    ],
    ids=["run", "snapshot", "experiment", "name"],
)
def test_what_has_no_such_name_is_said_not_to_be_there(
    workspace: Workspace, ask: Callable[[Workspace], object], kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=r"half\\ud800"):
        ask(workspace)
