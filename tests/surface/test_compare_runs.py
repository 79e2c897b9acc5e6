"""Runs are put side by side, and what changed from one to another is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import localexp
from localexp import Experiment, Run, Workspace, compare_runs
from localexp.errors import UserErrorException
from tests.processes import Project

_NASTY = "\x1b[31m\x07"


def logged(
    experiment: Experiment,
    name: str,
    source: Path | None = None,
    params: dict[str, object] | None = None,
    **metrics: float,
) -> Run:
    run = experiment.start_logging(run_id=name, snapshot_directory=None if source is None else str(source))
    for metric, value in metrics.items():
        run.log(metric, value)
    run.log_params(params)
    run.complete()
    return run


def test_differences_are_compared_by_default(experiment: Experiment) -> None:
    one, other = logged(experiment, "one", loss=0.5, same=1), logged(experiment, "other", loss=0.25, same=1)
    one.tag("model", "mlp")

    found = compare_runs(one, other)

    assert localexp.compare_runs is compare_runs
    assert [run.id for run in found.runs] == ["one", "other"]
    assert found.as_dict()["metrics"] == {"loss": [0.5, 0.25]}
    assert found.as_dict()["tags"] == {"model": ["mlp", None]}
    assert all(row.differs for row in found)
    assert json.loads(json.dumps(found.as_dict()))["runs"] == ["one", "other"]


def test_all_is_compared_if_wanted_and_of_a_single_run(experiment: Experiment) -> None:
    one, other = logged(experiment, "one", same=1), logged(experiment, "other", same=1)

    for found in (compare_runs([one, other], differences_only=False), compare_runs(one)):
        assert found.as_dict()["metrics"]["same"][0] == 1
        assert found.as_dict()["run"]["status"][0] == "Completed"


def test_an_active_run_is_compared_as_it_stands(experiment: Experiment) -> None:
    ended = logged(experiment, "ended", loss=1)
    run = experiment.start_logging(run_id="active", snapshot_directory=None)
    run.log("loss", 2)

    found = compare_runs(ended, run).as_dict()

    assert found["metrics"]["loss"] == [1, 2]
    assert found["run"]["status"] == ["Completed", "Running"]
    assert found["run"]["seconds"][1] >= 0


def test_a_comparison_is_a_text_a_table_and_a_frame(experiment: Experiment) -> None:
    one, other = logged(experiment, "one", loss=0.123456), logged(experiment, "other", loss=0.123457)
    one.tag("<b>", _NASTY + "x" * 1000)

    found = compare_runs(one, other)
    lines = str(found).splitlines()
    frame = found.to_frame()

    # As many digits as it takes to see the difference.
    assert "  loss     0.123456                                  0.123457" in lines
    assert max(map(len, lines)) < 100
    assert all(line.isprintable() for line in lines)
    assert "<td>0.123456</td>" in found._repr_html_()
    assert "&lt;b&gt;" in found._repr_html_()
    assert "<b>model" not in found._repr_html_()
    assert frame.loc[("metrics", "loss")].to_dict() == {"one": 0.123456, "other": 0.123457}
    assert repr(found) == f"Comparison(one, other; rows={len(found)})"


def test_runs_that_do_not_differ_are_said_not_to(experiment: Experiment) -> None:
    found = compare_runs(logged(experiment, "one", loss=1), logged(experiment, "other", loss=1))
    found.rows = [row for row in found if row.name not in ("created", "seconds")]

    assert str(found) == "nothing that is known of one, other differs"
    assert "No differences." in found._repr_html_()


def test_what_cannot_be_compared_is_refused(experiment: Experiment, tmp_path: Path) -> None:
    one = logged(experiment, "one")
    elsewhere = logged(Experiment(Workspace(tmp_path / "elsewhere"), "digits"), "far")

    for given, message in (
        ((one, one), "run one is given twice: name each run once"),
        ((one, elsewhere), "the runs are of several workspaces, "),
        ((), "there is no run to compare: give two or more"),
        (([],), "there is no run to compare: give two or more"),
        (("one", "other"), "what is compared are runs, as Run.get gives them, not 'one'"),
    ):
        with pytest.raises(UserErrorException, match=message):
            compare_runs(*given)
    for other, message in (
        (one, "run one is compared with itself: name two runs"),
        (elsewhere, "the runs are of several workspaces, "),
        ("one", "a run is compared with another run, as Run.get gives it, not 'one'"),
    ):
        with pytest.raises(UserErrorException, match=message):
            one.diff(other)  # type: ignore[arg-type]


def test_what_changed_is_told_in_a_few_lines(experiment: Experiment, project: Project) -> None:
    for name, text in (("train.py", "lr = 0.1\n"), ("old.py", "pass\n"), ("gone.py", "gone\n")):
        project.write(name, text)
    one = logged(experiment, "one", project.path, {"lr": 0.1}, loss=0.31)
    project.write("train.py", "lr = 0.2\n")
    (project.path / "old.py").rename(project.path / "new.py")
    (project.path / "gone.py").unlink()
    moved = project.path.rename(project.path.with_name("moved"))
    other = logged(experiment, "other", moved, {"lr": 0.2}, loss=0.28, extra=1)
    other.tag("model", "mlp")

    found = one.diff(other)

    assert str(found).splitlines() == [
        "source: 1 file changed, 1 removed, 1 renamed",
        "params: lr 0.1 → 0.2",
        "tags: model mlp added",
        "metrics: loss 0.31 → 0.28, extra 1 added",
    ]
    assert found
    assert found.source is not None
    assert found.source.renamed == [("old.py", "new.py")]
    assert "+lr = 0.2" in found.source.text()
    assert found.as_dict()["params"] == {"lr": [0.1, 0.2]}
    assert found.as_dict()["metrics"]["loss"]["last"] == [0.31, 0.28]
    assert found.as_dict()["metrics"]["extra"] == {
        "last": [None, 1],
        "delta": None,
        "min": [None, 1],
        "max": [None, 1],
        "count": [None, 1],
        "first": None,
    }
    assert "rename from old.py" in found._repr_html_()


def test_nothing_changed_between_runs_that_are_alike(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    one, other = (logged(experiment, name, project.path, loss=float("nan")) for name in ("one", "other"))

    found = one.diff(other)

    assert not found
    assert str(found) == "nothing that is known of changed"
    assert "Nothing changed." in found._repr_html_()


def test_long_values_are_cut_to_where_they_differ(experiment: Experiment) -> None:
    one, other = (
        logged(experiment, name, params={"config": "a" * 5000 + middle + "c" * 5000})
        for name, middle in (("one", "b"), ("other", "d"))
    )

    [line] = [line for line in str(one.diff(other)).splitlines() if line.startswith("params")]

    assert line == f"params: config …{'a' * 8}b{'c' * 19}… → …{'a' * 8}d{'c' * 19}…"


def test_names_with_control_characters_are_spelt_out(experiment: Experiment) -> None:
    one, other = logged(experiment, "one"), logged(experiment, "other")
    other.tag(_NASTY, _NASTY)

    for line in (*str(one.diff(other)).splitlines(), one.diff(other)._repr_html_().replace("\n", "")):
        assert line.isprintable()


def test_the_best_run_of_an_experiment_is_found(experiment: Experiment) -> None:
    assert experiment.best_run("loss", "min") is None
    for name, loss in (("high", 3.0), ("low", 1.0), ("nan", float("nan"))):
        logged(experiment, name, loss=loss)
    low = experiment.best_run("loss", "min")
    high = experiment.best_run("metrics.`loss`.max", "max")

    assert low is not None
    assert high is not None
    assert (low.id, high.id) == ("low", "high")
    assert experiment.best_run("other", "min") is None
    assert experiment.best_run("loss", "min", filter="metrics.loss > 5") is None
    with pytest.raises(UserErrorException, match="the goal is 'min' or 'max'"):
        experiment.best_run("loss", "lowest")
