"""Metrics and runs as pandas frames."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from localexp import Experiment, Run
from localexp.errors import MissingExtraError, UserErrorException
from localexp.store import points, runs, states, tags
from tests.processes import output, python
from tests.statements import statements_of


def test_a_frame_of_metrics_has_a_row_a_value(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 0.5, step=1)
    run.log("accuracy", 1)
    run.log("loss", 0.25)

    frame = run.get_metrics_frame()

    assert frame.columns.tolist() == ["metric", "step", "time", "value"]
    assert frame["metric"].tolist() == ["loss", "loss", "accuracy"]
    assert frame["value"].tolist() == [0.5, 0.25, 1.0]
    assert frame["step"].isna().tolist() == [False, True, True]
    assert [str(frame[column].dtype) for column in ("step", "time", "value")] == [
        "Int64",
        "datetime64[us, UTC]",
        "float64",
    ]
    assert abs(frame["time"].iloc[0] - pd.Timestamp.now("UTC")) < pd.Timedelta(hours=1)


def test_a_frame_of_integers_has_integers(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log_list("epochs", [1, 2**62])

    assert run.get_metrics_frame()["value"].tolist() == [1, 2**62]


def test_an_integer_beside_floats_is_not_rounded(experiment: Experiment) -> None:
    first = experiment.start_logging(snapshot_directory=None)
    first.log("seed", 2**60 + 1)
    first.log("loss", 0.5)
    experiment.start_logging(snapshot_directory=None)

    assert first.get_metrics_frame()["value"].tolist() == [2**60 + 1, 0.5]
    assert experiment.to_frame()["metrics.seed"].tolist() == [None, 2**60 + 1]
    assert str(experiment.to_frame()["metrics.loss"].dtype) == "float64"


def test_values_that_are_no_numbers_stay_what_they_are(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 0.5)
    run.log("note", "fine")
    run.log_row("row", a=1)

    assert run.get_metrics_frame()["value"].tolist() == [0.5, "fine", {"a": 1}]


def test_a_frame_of_a_run_without_metrics_is_empty(experiment: Experiment) -> None:
    frame = experiment.start_logging(snapshot_directory=None).get_metrics_frame()

    assert len(frame) == 0
    assert frame.columns.tolist() == ["metric", "step", "time", "value"]


def test_a_frame_of_an_experiment_has_a_row_a_run(experiment: Experiment) -> None:
    first = experiment.start_logging(snapshot_directory=None, display_name="one", tags={"model": "mlp", "lr": "0.1"})
    first.log_list("loss", [0.5, 0.25])
    first.complete()
    second = experiment.start_logging(snapshot_directory=None, tags={"model": "cnn"})
    second.log("loss", 1)
    second.log("note", "fine")

    frame = experiment.to_frame()

    assert frame["id"].tolist() == [second.id, first.id]
    assert frame["number"].tolist() == [2, 1]
    assert frame["status"].tolist() == ["Running", "Completed"]
    assert frame["tags.model"].tolist() == ["cnn", "mlp"]
    assert frame["tags.lr"].isna().tolist() == [True, False]
    assert frame["metrics.loss"].tolist() == [1.0, 0.25]
    assert frame["metrics.note"].isna().tolist() == [False, True]
    assert frame["display_name"].iloc[1] == "one"
    assert frame["ended"].isna().tolist() == [True, False]
    assert (frame["created"] <= frame["started"]).all()
    assert str(frame["started"].dtype) == "datetime64[us, UTC]"


def test_a_frame_takes_the_filters_of_get_runs(experiment: Experiment) -> None:
    parent = experiment.start_logging(snapshot_directory=None, tags={"model": "mlp"})
    child = parent.child_run()
    experiment.start_logging(snapshot_directory=None)

    assert experiment.to_frame(tags={"model": "mlp"})["id"].tolist() == [parent.id]
    with_children = experiment.to_frame(include_children=True).set_index("id")
    assert with_children["parent"].loc[child.id] == parent.id
    assert pd.isna(with_children["parent"].loc[parent.id])
    with pytest.raises(UserErrorException, match="tags"):
        experiment.to_frame(tags=3)  # type: ignore[arg-type]


def test_a_frame_of_no_runs_is_empty(experiment: Experiment) -> None:
    assert len(experiment.to_frame()) == 0
    assert experiment.to_frame().columns.tolist()[:3] == ["id", "experiment", "number"]
    assert [str(kind) for kind in experiment.to_frame().dtypes[:3]] == ["object", "object", "int64"]


def test_a_frame_has_params_and_experiments_of_what_was_found(experiment: Experiment) -> None:
    first = experiment.start_logging(snapshot_directory=None)
    first.log_params({"lr": 0.1, "model": "mlp"})
    other = Experiment(experiment.workspace, "others").start_logging(snapshot_directory=None)
    other.log_params({"seed": 1, "lr": 0.01})
    other.log("done", True)

    frame = experiment.workspace.search_runs(order_by="params.lr").to_frame()

    assert frame["id"].tolist() == [other.id, first.id]
    assert frame["experiment"].tolist() == ["others", "digits"]
    assert frame.columns.tolist()[-4:] == ["params.lr", "params.model", "params.seed", "metrics.done"]
    assert frame["params.lr"].tolist() == [0.01, 0.1]
    assert frame["params.seed"].isna().tolist() == [False, True]
    assert frame["metrics.done"].tolist() == [True, None]


def test_a_frame_of_many_runs_takes_a_few_queries(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    key = experiment._known().key
    with experiment.workspace._store.main.writing() as db:
        for number in range(1200):
            run = runs.create(
                db, identifier=f"run-{number}", experiment=key, status="Running", owner="me", created_at=number
            )
            states.move(db, run, "me", "Completed", time=number)
            tags.put(db, run, "number", str(number), (number, 0, 0))
            points.append(db, run, 1, "loss", "scalar", [(number, 0, None, number)])
            runs.set_unfolded(db, run, False)
    said = statements_of(experiment.workspace, monkeypatch)
    frame = experiment.to_frame()

    assert frame["metrics.loss"].tolist() == [*range(1199, -1, -1)]
    assert frame["tags.number"].tolist() == [str(number) for number in range(1199, -1, -1)]
    assert len(said) < 60


def test_without_pandas_the_error_says_what_to_install(experiment: Experiment) -> None:
    code = """
        import sys
        sys.modules["pandas"] = None
        from localexp import Experiment, Workspace
        experiment = Experiment(Workspace(sys.argv[1]), "digits")
        run = experiment.start_logging(snapshot_directory=None)
        for call in (run.get_metrics_frame, experiment.to_frame):
            try:
                call()
            except ImportError as error:
                print(error)
    """

    printed = output(python(code, experiment.workspace.path)).splitlines()

    assert printed == ["this needs pandas, which is not installed: pip install 'localexp[frames]'"] * 2
    error = pickle.loads(pickle.dumps(MissingExtraError("pandas", "frames")))
    assert (error.name, error.extra, isinstance(error, ImportError)) == ("pandas", "frames", True)


def test_an_attached_run_gives_the_same_frame(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 0.5)
    run.complete()

    assert Run.get(experiment.workspace, run.id).get_metrics_frame().equals(run.get_metrics_frame())
