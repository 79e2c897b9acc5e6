"""What is known of runs is put side by side, and what differs is told from what does not."""

from __future__ import annotations

from localexp import Experiment, Run, Workspace
from localexp.execution.comparing import Row, compared
from localexp.execution.explaining import changes
from localexp.store import facts, inputs, params
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from localexp.store.facts import Group


def submitted(
    workspace: Workspace,
    name: str,
    arguments: list[str] | None = None,
    known: Mapping[str, Group] | None = None,
    **definition: object,
) -> Run:
    """A run that looks as if it had been submitted."""
    import json

    from localexp.store.arguments import params_of

    experiment = Experiment(workspace, "digits")
    definition = {"script": "train.py", "arguments": arguments or [], "command": None, **definition}
    with workspace._store.main.writing() as db:
        key = add_run(db, experiment._known().key, name)
        db.execute("UPDATE _runs SET definition = ? WHERE key = ?", (json.dumps(definition), key))
        params.add(db, key, params_of(definition), 1)
        facts.keep(db, key, known or {})
    return Run.get(workspace, name)


def logged(workspace: Workspace, name: str, **metrics: object) -> Run:
    run = Experiment(workspace, "digits").start_logging(run_id=name, snapshot_directory=None)
    for metric, value in metrics.items():
        for one in value if isinstance(value, list) else [value]:
            run.log(metric, one)
    run.complete()
    return run


def rows_of(*those: Run) -> dict[tuple[str, str], Row]:
    found = compared(those[0]._workspace._store, [run._current() for run in those])
    return {(row.section, row.name): row for row in found}


def differing(*those: Run) -> dict[str, list[object]]:
    """What differs, but for what always does."""
    found = rows_of(*those).values()
    return {
        f"{row.section} {row.name}": row.values
        for row in found
        if row.differs and row.name not in ("created", "seconds")
    }


def test_params_explain_arguments_that_differ(workspace: Workspace) -> None:
    one = submitted(workspace, "one", ["data", "--lr", "0.1", "--deep"])
    other = submitted(workspace, "other", ["data", "--lr=0.2"])

    assert differing(one, other) == {"params lr": [0.1, 0.2], "params deep": ["True", None]}


def test_arguments_that_params_do_not_explain_are_shown_whole(workspace: Workspace) -> None:
    one = submitted(workspace, "one", ["--lr", "0.1", "--lr", "0.2"])
    other = submitted(workspace, "other", ["--lr", "0.2"])
    third = submitted(workspace, "third", ["more", "--lr", "0.2"])

    assert differing(one, other) == {"arguments arguments": ["--lr 0.1 --lr 0.2", "--lr 0.2"]}
    assert differing(other, third) == {"arguments unnamed arguments": [None, "more"]}


def test_a_command_is_explained_by_its_params_too(workspace: Workspace) -> None:
    one = submitted(workspace, "one", script=None, command="python train.py --lr 0.1")
    other = submitted(workspace, "other", script=None, command="python train.py --lr 0.2")

    assert differing(one, other) == {"params lr": [0.1, 0.2]}
    assert rows_of(one, other)["arguments", "command"].values[0] == "python train.py --lr 0.1"


def test_nan_equals_nan_and_one_is_one_but_not_true(workspace: Workspace) -> None:
    one = logged(workspace, "one", a=float("nan"), b=1, c=1, d=0.5, e="x")
    other = logged(workspace, "other", a=float("nan"), b=1.0, c=True, d=float("nan"))

    found = differing(one, other)

    assert sorted(found) == ["metrics c", "metrics d", "metrics e"]
    assert found["metrics e"] == ["x", None]


def test_a_metric_that_is_none_is_not_one_that_was_not_logged(workspace: Workspace) -> None:
    one = logged(workspace, "one", a=None)
    other = logged(workspace, "other")

    assert differing(one, other) == {"metrics a": [None, None]}


def test_the_range_of_a_metric_differs_only_where_its_last_value_does_not(workspace: Workspace) -> None:
    one = logged(workspace, "one", loss=[3.0, 1.0], acc=[0.1, 0.2])
    other = logged(workspace, "other", loss=[2.0, 1.0], acc=[0.0, 0.3])

    assert differing(one, other) == {"metrics acc": [0.2, 0.3], "ranges loss max": [3.0, 2.0]}
    assert rows_of(one, other)["ranges", "acc values"].values == [2, 2]


def test_packages_of_a_run_of_which_none_are_known_do_not_differ(workspace: Workspace) -> None:
    many: dict[str, object] = {f"package-{number:03}": f"1.{number}" for number in range(200)}
    old = submitted(workspace, "old")
    one = submitted(workspace, "one", known={"packages": many, "python": {"version": "3.11.2"}})
    newer: dict[str, object] = {**many, "package-007": "2.0"}
    del newer["package-100"]
    other = submitted(workspace, "other", known={"packages": newer, "python": {"version": "3.12.0"}})

    assert differing(old, one) == {}
    assert differing(old, one, other) == {
        "packages package-007": [None, "1.7", "2.0"],
        "packages package-100": [None, "1.100", None],
        "python version": [None, "3.11.2", "3.12.0"],
    }


def test_uncommitted_changes_are_told_apart_though_equally_long(workspace: Workspace) -> None:
    git: Group = {"commit": "a" * 40, "dirty": True}
    one = submitted(workspace, "one", known={"git": git, "diff": "-a\n+b\n"})
    other = submitted(workspace, "other", known={"git": git, "diff": "-a\n+c\n"})

    [(name, values)] = differing(one, other).items()

    assert name == "git uncommitted changes"
    assert all(str(value).startswith("a diff of 2 lines, ") for value in values)


def test_tags_without_value_differ_from_no_tags(workspace: Workspace) -> None:
    one, other = logged(workspace, "one"), logged(workspace, "other")
    one.tag("mark")
    for run in (one, other):
        run.tag("model", "mlp")

    assert differing(one, other) == {"tags mark": ["", None]}


def test_inputs_differ_in_content(workspace: Workspace) -> None:
    one, other = submitted(workspace, "one"), submitted(workspace, "other")
    with workspace._store.main.writing() as db:
        inputs.add(db, one._known().key, inputs.Input("data", 3, 2048, 1, "a" * 32))
        inputs.add(db, other._known().key, inputs.Input("data", 3, 2048, 2, "b" * 32))

    assert differing(one, other) == {
        "inputs data": ["aaaaaaaaaaaa, 3 files, 2.0 KiB", "bbbbbbbbbbbb, 3 files, 2.0 KiB"]
    }


def test_a_snapshot_that_was_not_kept_is_said(workspace: Workspace) -> None:
    one, other = logged(workspace, "one"), submitted(workspace, "other", snapshotProject=False)

    found = changes(workspace._store, one._current(), other._current())

    assert found.source is None
    assert found.note == (
        "run one has no snapshot and run other has kept no snapshot, as history.snapshot_project was False"
    )


def test_a_metric_of_which_only_the_middle_differs_is_found(workspace: Workspace) -> None:
    one = logged(workspace, "one", loss=[4.0, 3.0, 2.0, 1.0], same=[1, 2])
    other = logged(workspace, "other", loss=[4.0, 2.5, 2.0, 1.0], same=[1, 2])

    [found] = changes(workspace._store, one._current(), other._current()).metrics

    assert str(found.first) == "loss: 3.0 then, 2.5 now, at value 2"
