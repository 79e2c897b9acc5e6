"""Runs are found by what they are, have and came to: of an experiment, or of the whole workspace."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import FilterSyntaxError, UserErrorException
from localexp.execution.searching import search
from localexp.run import rehydration
from localexp.store import params, points
from localexp.store.values import to_cell
from tests.processes import of_the_dead
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.values import Cell


def ids(found: Sequence[Run]) -> list[str]:
    return [run.id for run in found]


def made(experiment: Experiment, identifier: str, loss: Cell = None, **what: object) -> Run:
    """A run that has ended, with this loss, these tags and these params."""
    with experiment.workspace._store.main.writing() as db:
        arguments = what.pop("arguments", {})
        parent = what.pop("parent", None)
        key = parent._known().key if isinstance(parent, Run) else None
        run = add_run(db, experiment._known().key, identifier, parent=key, **what)  # type: ignore[arg-type]
        if loss is not None:
            points.append(db, run, 1, "loss", "scalar", [(1, 0, None, loss)])
        params.add(db, run, arguments, 1)  # type: ignore[arg-type]
    return Run(experiment, identifier)


def test_one_and_true_are_two_values_of_a_list(experiment: Experiment) -> None:
    made(experiment, "a", 1, arguments={"deep": "1"})
    made(experiment, "b", to_cell(True), arguments={"deep": "true"})

    for column in ("metrics.loss", "params.deep"):
        for values in ("1, true", "true, 1"):
            assert ids(experiment.search_runs(f"{column} in ({values})")) == ["b", "a"]


def test_runs_are_found_by_a_filter_in_an_order(experiment: Experiment) -> None:
    made(experiment, "a", 0.5, said={"model": "mlp"})
    made(experiment, "b", 0.2, said={"model": "cnn"}, arguments={"lr": "0.01"})
    made(experiment, "c", 0.1, said={"model": "cnn"}, status="Failed")
    made(experiment, "d", 0.25, said={"model": "mlp"})

    wanted = "metrics.loss < 0.3 and (tags.model = 'mlp' or params.lr >= 0.01) and status != 'Failed'"

    assert ids(experiment.search_runs(wanted)) == ["d", "b"]
    assert ids(experiment.search_runs(wanted, "metrics.loss")) == ["b", "d"]
    assert ids(experiment.search_runs(order_by="metrics.loss desc", limit=2)) == ["a", "d"]
    assert ids(experiment.search_runs(" \n", limit=10**20)) == ["d", "c", "b", "a"]


def test_a_page_is_a_sequence_of_runs_that_knows_the_next(experiment: Experiment) -> None:
    for name in "abcde":
        made(experiment, name, 0.5)

    page = experiment.search_runs("metrics.loss = 0.5", limit=3)

    assert (len(page), page[0].id, page[-1].id, ids(page[1:]), ids(page)) == (3, "e", "c", ["d", "c"], ["e", "d", "c"])
    assert repr(page) == "RunPage(e, d, c; there are more)"
    assert "<table>" in page._repr_html_()
    last = experiment.search_runs("metrics.loss = 0.5", limit=3, after=page.next)
    assert (ids(last), last.next, repr(last)) == (["b", "a"], None, "RunPage(b, a)")


def test_what_is_made_changed_or_deleted_between_pages_moves_no_other_run(
    workspace: Workspace, experiment: Experiment
) -> None:
    for name in "abcdef":
        made(experiment, name, 0.5)
    newest = experiment.search_runs(limit=2)
    lowest = experiment.search_runs(order_by="metrics.loss", limit=2)

    made(experiment, "later", 0.1)
    with workspace._store.main.writing() as db:
        db.execute("UPDATE _metrics SET last = 0.7 WHERE run = (SELECT key FROM _runs WHERE id = 'e')")
        db.execute("DELETE FROM _runs WHERE id = 'c'")

    assert ids(newest) == ids(lowest) == ["f", "e"]
    assert ids(experiment.search_runs(after=newest.next)) == ["d", "b", "a"]
    # What has come behind the position meanwhile is behind it.
    assert ids(experiment.search_runs(order_by="metrics.loss", after=lowest.next)) == ["d", "b", "a", "e"]


def test_the_workspace_is_searched_across_experiments(workspace: Workspace, experiment: Experiment) -> None:
    other = Experiment(workspace, "other")
    made(experiment, "a", 0.5)
    made(other, "b", 0.2)
    made(experiment, "c", 0.1)
    made(other, "d", 0.7)
    other.archive()

    found = workspace.search_runs("metrics.loss > 0.15", "metrics.loss")

    assert ids(found) == ["b", "a", "d"]
    assert [run.experiment.name for run in found] == ["other", "digits", "other"]
    assert ids(workspace.search_runs("experiment = 'digits'")) == ["c", "a"]
    assert ids(workspace.search_runs("id in ('a', 'b', 'c', 'a') and experiment in ('digits', 'none')")) == ["c", "a"]
    assert ids(experiment.search_runs("experiment = 'other'")) == []


def test_children_are_found_unless_they_are_not_wanted(experiment: Experiment) -> None:
    above = made(experiment, "above")
    made(experiment, "below", 0.5, parent=above)

    assert ids(experiment.search_runs()) == ["below", "above"]
    assert ids(experiment.search_runs(include_children=False)) == ["above"]
    assert ids(experiment.search_runs("parent = 'above' and metrics.loss > 0")) == ["below"]


def test_what_stands_in_journals_is_searched(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None, run_id="going-on") as run:
        run.log("loss", 0.5)
        run.tag("model", "mlp")
        run.log_param("lr", 0.1)

        found = experiment.search_runs("metrics.loss = 0.5 and tags.model = 'mlp' and params.lr = 0.1")
        assert ids(found) == ["going-on"]
        assert ids(experiment.search_runs(order_by="metrics.loss")) == ["going-on"]
        assert ids(experiment.search_runs("status = 'Running'")) == ["going-on"]


def test_a_run_whose_process_has_died_is_found_as_failed(workspace: Workspace, experiment: Experiment) -> None:
    made(experiment, "done")
    with workspace._store.main.writing() as db:
        key = add_run(db, experiment._known().key, "dead")
        db.execute(
            "UPDATE _runs SET status = 'Running', ended_at = NULL, unfolded = 1, owner = ? WHERE key = ?",
            (str(of_the_dead()), key),
        )

    assert ids(workspace.search_runs("status = 'Running'")) == []
    assert ids(workspace.search_runs("status = 'Failed'", limit=1)) == ["dead"]


def test_a_name_that_no_run_has_is_said_where_nothing_is_found(workspace: Workspace, experiment: Experiment) -> None:
    assert ids(experiment.search_runs("metrics.los < 3")) == []
    made(experiment, "a", 0.5, said={"model": "mlp"}, properties={"kind": "x"})

    with pytest.warns(UserWarning, match="no run here has a metric 'los'; did you mean 'loss'") as said:
        assert ids(experiment.search_runs("metrics.los < 3 and metrics.loss > 3")) == []
    assert [one.filename for one in said] == [__file__]
    with pytest.warns(UserWarning, match="a property 'knd'; did you mean 'kind'"):
        workspace.search_runs("properties.knd = 'x' and number = 1")
    with pytest.warns(UserWarning, match="a param 'lr'$"):
        experiment.search_runs("params.lr = 3")
    with pytest.warns(UserWarning, match="'loss.mean'; 'loss' has .last, .min, .max and .count, and no .mean$"):
        experiment.search_runs("metrics.loss.mean < 3")
    # The name is there, or something was found: so there is nothing to be said.
    assert ids(experiment.search_runs("metrics.loss < 0")) == []
    assert ids(experiment.search_runs("not metrics.los < 3")) == ["a"]


def test_an_order_by_what_no_run_has_is_said(experiment: Experiment) -> None:
    made(experiment, "a", 0.5)

    with pytest.warns(UserWarning, match="no run here has a metric 'los'"):
        assert ids(experiment.search_runs(order_by="metrics.los")) == ["a"]


def test_a_name_without_its_group_is_said_with_it(workspace: Workspace, experiment: Experiment) -> None:
    made(experiment, "a", 0.5, said={"model": "mlp", "rate": "x"}, arguments={"rate": "1"})

    hint = r"there is no column 'loss'; did you mean metrics.loss\?"
    for filter, order_by, place in (("number > 0 and loss < 3", None, 15), (None, "loss", 0)):
        with pytest.raises(FilterSyntaxError, match=hint) as raised:
            experiment.search_runs(filter, order_by)
        assert (raised.value.unknown, raised.value.column) == ("loss", place)
    for wrong, meant in (
        ("loss.min", "metrics.loss.min"),
        ("model", "tags.model"),
        ("rate", "params.rate or tags.rate"),
    ):
        with pytest.raises(FilterSyntaxError, match=rf"did you mean {meant}\?"):
            workspace.search_runs(f"{wrong} = 3")
    with pytest.raises(FilterSyntaxError, match="there are status"):
        Experiment(workspace, "other").search_runs("loss < 3")


def test_what_cannot_be_searched_for_is_refused(workspace: Workspace, experiment: Experiment) -> None:
    made(experiment, "a", 0.5)
    made(experiment, "b", 0.5)
    page = experiment.search_runs("metrics.loss > 0", limit=1)

    for call in (experiment.search_runs, workspace.search_runs):
        with pytest.raises(FilterSyntaxError, match="did you mean status"):
            call("statu = 'x'")
        with pytest.raises(UserErrorException, match="filter is a text"):
            call(3)  # type: ignore[arg-type]
        with pytest.raises(UserErrorException, match="order_by is a text"):
            call(order_by=["number"])  # type: ignore[arg-type]
        for limit in (0, -1, True, 2.0, None):
            with pytest.raises(UserErrorException, match=f"at least 1, not {limit}"):
                call(limit=limit)  # type: ignore[arg-type]
        with pytest.raises(UserErrorException, match="after is what"):
            call(after="x")
    for other in ({"filter": "metrics.loss > 1"}, {"order_by": "number"}, {"include_children": False}):
        with pytest.raises(UserErrorException, match="of another search"):
            experiment.search_runs(**{"filter": "metrics.loss > 0", "after": page.next, **other})  # type: ignore[arg-type]
    with pytest.raises(UserErrorException, match="of another search"):
        workspace.search_runs("metrics.loss > 0", after=page.next)


def test_an_experiment_that_is_not_there_yet_or_no_more(workspace: Workspace, experiment: Experiment) -> None:
    coming = Experiment(workspace, "coming", _create_in_cloud=False)
    page = coming.search_runs("metrics.loss < 3")
    assert (ids(page), page.next) == ([], None)
    with pytest.raises(FilterSyntaxError):
        coming.search_runs("metrics.loss <")

    Experiment.delete(workspace, str(experiment.id))
    with pytest.raises(UserErrorException, match="was deleted"):
        experiment.search_runs()


def test_names_and_texts_are_values_whatever_they_hold(experiment: Experiment) -> None:
    odd = "'; DROP TABLE _runs; --\" ` % \0\ud800"
    made(experiment, "a", said={"x": "it's"})
    experiment.start_logging(snapshot_directory=None, run_id="odd").complete()
    Run(experiment, "odd").tag(odd, odd)
    said, name = odd.replace("'", "''"), odd.replace("`", "``")

    assert ids(experiment.search_runs(f"tags.`{name}` = '{said}'")) == ["odd"]
    assert ids(experiment.search_runs("tags.x = 'it''s'")) == ["a"]


def test_objects_of_a_registered_type_are_in_the_page(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehydration, "_factories", {})
    made(experiment, "a", type="sweep")

    class Sweep(Run):
        pass

    Run.add_type_provider("sweep", lambda experiment, dto: Sweep(experiment, dto.run_id))

    (found,) = experiment.search_runs("type = 'sweep'")
    assert type(found) is Sweep


def test_the_largest_filters_that_are_read_are_answered(workspace: Workspace, experiment: Experiment) -> None:
    made(experiment, "a", 0.5)
    key = experiment._known().key

    def nested(opening: str, closing: str, levels: int) -> str:
        return opening * levels + "metrics.loss > 0.1" + closing * levels

    for text in (
        " or ".join(["metrics.loss = 0.5"] * 500),
        " and ".join(["not metrics.loss like 'x'"] * 500),
        f"metrics.loss in ({', '.join(['0.5'] * 500)})",
        f"id in ({', '.join(map(repr, ['a', *map(str, range(499))]))})",
        nested("not ", "", 20),
        nested("(", ")", 20),
        nested("number > 0 and (tags.x = 'y' or (", "))", 10),
        nested("not (tags.x = 'y' or ", ")", 10),
        nested("not (tags.x = 'y' or number = 7 or ", " or status = 'Failed')", 10),
        nested("(", " or tags.x = 'y') and (number > 0 or tags.x = 'y' or params.lr in (3, 'x', true))", 20),
    ):
        for experiment_key in (key, None):
            found = search(workspace._store, experiment=experiment_key, filter=text, order_by="metrics.loss")
            assert [one.id for one in found.records] == ["a"]
