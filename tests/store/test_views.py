"""The views that others may count on say what the Python API says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import Experiment, Run, Workspace
from localexp.experiment import ViewType
from localexp.store import clock, experiments, inputs, points, runs, schema, snapshots, views
from localexp.store.values import Reference, to_cell
from tests.processes import REPOSITORY
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.points import Point
    from localexp.store.values import Value

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
)
VALUES: st.SearchStrategy[Value] = st.one_of(
    SCALARS,
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(), max_size=3),
    st.just(Reference("images/one.png")),
)


def as_sql_has_it(value: Value) -> object:
    """What the README says that a value is in SQL."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return hex(value)
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, Reference):
        return value.name
    return None if value != value else value


@settings(max_examples=50)
@given(st.lists(VALUES, min_size=1, max_size=5))
def test_values_are_what_sql_knows(logged: list[Value]) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(schema.MAIN)
        key = add_run(db, experiments.get_or_create(db, "digits", 1).key, "one")
        said: list[Point] = [(time, 0, None, to_cell(value)) for time, value in enumerate(logged)]
        points.append(db, key, 1, "metric", "scalar", said)

        found = [value for (value,) in db.execute("SELECT value FROM metric_points ORDER BY time, writer, position")]
        (last, count) = db.execute("SELECT last, count FROM latest_metrics").fetchone()

    wanted = [as_sql_has_it(value) for value in logged]
    assert list(map(_with_kind, found)) == list(map(_with_kind, wanted))
    assert (_with_kind(last), count) == (_with_kind(wanted[-1]), len(logged))


def _with_kind(value: object) -> tuple[type, object]:
    return type(value), value


@settings(max_examples=50)
@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))
def test_times_are_those_of_the_details_to_the_microsecond(time: datetime) -> None:
    microseconds = (time - datetime(1970, 1, 1)) // datetime.resolution
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(schema.MAIN)
        experiments.get_or_create(db, "digits", microseconds)

        assert db.execute("SELECT created, archived FROM experiments").fetchone() == (clock.iso(microseconds), None)


def test_runs_are_as_the_details_have_them(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits")
    parent = experiment.start_logging(snapshot_directory=None, display_name="tried")
    child = parent.child_run()
    child.description = "with more data"
    child.fail("it diverged")
    parent.complete()
    experiment.archive()
    Experiment(workspace, "digits").start_logging(snapshot_directory=None)

    rows = workspace.sql("SELECT * FROM runs ORDER BY created")

    assert len(rows) == 3
    for row in rows:
        run = workspace.get_run(str(row["id"]))
        details, error = run.get_details(), row["error"]
        home = run.experiment
        assert (row["experiment"], row["experiment_id"], row["number"]) == (home.name, home.id, run.number)
        assert (row["display_name"], row["description"]) == (run.display_name, run.description)
        assert (row["status"], row["type"], row["target"]) == (run.get_status(), run.type, details["target"])
        assert row["parent"] == (None if run.parent is None else run.parent.id)
        assert (row["started"], row["ended"]) == (details["startTimeUtc"], details.get("endTimeUtc"))
        assert (error, row["exit_code"]) == ("it diverged" if run.id == child.id else None, None)
        assert (row["snapshot"], row["origin"], row["script"], row["command"], row["arguments"]) == (None,) * 5
        assert (row["duration"] is None) == (row["ended"] is None)
    assert rows[1]["duration"] == pytest.approx(_seconds(rows[1]["ended"]) - _seconds(rows[1]["started"]), abs=1e-5)


def _seconds(time: object) -> float:
    return datetime.fromisoformat(str(time).replace("Z", "+00:00")).timestamp()


@pytest.mark.parametrize("keeps", [True, False])
def test_what_was_submitted_is_named(workspace: Workspace, keeps: bool) -> None:
    definition: dict[str, object] = {
        "script": "train.py",
        "command": None,
        "arguments": ["--lr", "0.1"],
        "snapshotProject": keeps,
    }
    store, experiment = workspace._store, Experiment(workspace, "digits")._known().key
    with store.main.writing() as db:
        snapshots.add(db, "abc", 3, 2000, 7)
        runs.create(
            db,
            identifier="one",
            experiment=experiment,
            status="Completed",
            owner=None,
            created_at=1,
            definition=definition,
            snapshot="abc",
            origin="gone",
        )
        db.execute("UPDATE _runs SET ended_at = 2, unfolded = 0, exit_code = 3")

    (row,) = workspace.sql("SELECT script, command, json(arguments) AS given, snapshot, origin, exit_code FROM runs")

    assert list(row.values()) == ["train.py", None, '["--lr","0.1"]', "abc" if keeps else None, "gone", 3]
    assert len(workspace.search_runs("snapshot is null")) == (0 if keeps else 1)
    (kept,) = workspace.sql("SELECT * FROM snapshots")
    assert kept == {"id": "abc", "files": 3, "bytes": 2000, "created": "1970-01-01T00:00:00.000007Z"}


def test_experiments_are_listed_archived_or_not(workspace: Workspace) -> None:
    first = Experiment(workspace, "digits")
    first.set_tags({"team": "vision", "old": None})
    first.start_logging(snapshot_directory=None).child_run()
    first.archive()
    Experiment(workspace, "digits")

    rows = {str(row["id"]): row for row in workspace.sql("SELECT * FROM experiments")}

    known = Experiment.list(workspace, view_type=ViewType.All)
    assert set(rows) == {one.id for one in known}
    for one in known:
        row = rows[str(one.id)]
        archived = None if one.archived_time is None else one.archived_time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert (row["name"], row["archived"], row["runs"]) == ("digits", archived, 2 if one.id == first.id else 0)
        assert dict(_pairs(workspace, "experiment_tags", "experiment_id", str(one.id))) == one.tags


def test_what_is_said_of_a_run_is_there(run: Run, tmp_path: Path) -> None:
    run.tag("stays", "1")
    run.tag("goes", "2")
    run.tag("bare")
    run.remove_tags(["goes"])
    run.add_properties({"data": "2026"})
    run.log_params({"lr": 0.1, "name": "mlp", "big": 10**30, "nan": float("nan"), "flag": True})
    (tmp_path / "notes.txt").write_text("made by hand")
    run.upload_file("notes/one.txt", str(tmp_path / "notes.txt"))
    run.complete()
    workspace = run.experiment.workspace

    assert dict(_pairs(workspace, "tags", "run", run.id)) == run.get_tags() == {"stays": "1", "bare": None}
    assert dict(_pairs(workspace, "properties", "run", run.id)) == run.get_properties()
    params = workspace.sql("SELECT name, value, number FROM params")
    assert {
        p["name"]: p["number"] if str(p["number"]) == p["value"] else p["value"] for p in params
    } == run.get_params()
    (file,) = workspace.sql("SELECT name, size FROM artifacts")
    assert [file["name"], file["size"]] == [*run.get_file_names(), len("made by hand")]


def test_metrics_are_those_of_the_run(run: Run) -> None:
    run.log("loss", 0.5, step=3)
    run.log("loss", float("nan"))
    run.log("loss", 0.25, description="of training")
    run.log_list("many", [3, 1, 2])
    run.log_row("row", a=1, b="x")
    workspace = run.experiment.workspace

    rows = {row["name"]: row for row in workspace.sql("SELECT * FROM latest_metrics")}

    assert {name: (row["kind"], row["count"], row["min"], row["max"]) for name, row in rows.items()} == {
        "loss": ("scalar", 3, 0.25, 0.5),
        "many": ("list", 3, 1, 3),
        "row": ("row", 1, None, None),
    }
    assert (rows["loss"]["last"], json.loads(str(rows["row"]["last"]))) == (0.25, {"a": 1, "b": "x"})
    loss = workspace.sql("SELECT step, value, time FROM metric_points WHERE name = 'loss' ORDER BY time, position")
    assert [(point["step"], point["value"]) for point in loss] == [(3, 0.5), (None, None), (None, 0.25)]
    assert rows["loss"]["time"] == loss[-1]["time"] == clock.iso(int(run.get_metric_history("loss").times[-1]))
    many = workspace.sql("SELECT value FROM metric_points WHERE name = 'many' ORDER BY time, writer, position")
    assert [point["value"] for point in many] == run.get_metrics()["many"]


def test_warnings_and_inputs_are_there(run: Run) -> None:
    run.complete()
    store = run.experiment.workspace._store
    with store.main.writing() as db:
        key = run._known().key
        db.execute("INSERT INTO _warnings VALUES (?, 5, 0, 0, 'script', 'too hot')", (key,))
        inputs.add(db, key, inputs.Input("data", 2, 100, 6, "abc"))

    (warning,) = run.experiment.workspace.sql("SELECT * FROM warnings")
    (found,) = run.experiment.workspace.sql("SELECT * FROM inputs")

    assert [{"source": warning["source"], "message": warning["message"]}] == run.get_details()["warnings"]
    [known] = run.get_details()["inputs"]
    known["changed"] = known.pop("changedTimeUtc")
    assert found == {"run": run.id, **known}


def _pairs(workspace: Workspace, view: str, column: str, key: str) -> list[tuple[object, object]]:
    rows = workspace.sql(f"SELECT name, value FROM {view} WHERE {column} = ?", [key])
    return [(row["name"], row["value"]) for row in rows]


def test_what_a_run_has_is_looked_up_not_searched_for(workspace: Workspace) -> None:
    for name, view in views.VIEWS.items():
        if "run" in view.columns:
            plan = workspace.sql(f"EXPLAIN QUERY PLAN SELECT * FROM {name} WHERE run = 'one'")
            assert not [step for step in plan if str(step["detail"]).startswith("SCAN")], name


def test_each_view_has_the_columns_that_are_described_and_the_readme_has_the_description() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(schema.MAIN)
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
        columns = {name: [column[1] for column in db.execute(f"PRAGMA table_info({name})")] for name in names}

    assert columns == {name: list(view.columns) for name, view in views.VIEWS.items()}
    assert all(meaning for view in views.VIEWS.values() for _, meaning in view.columns.values())
    stands = readme.partition("<!-- views -->\n")[2].partition("<!-- /views -->")[0]
    assert stands == views.described(), "put what localexp.store.views.described() gives between the marks in README.md"


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)
