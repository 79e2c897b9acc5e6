"""``localexp compare`` shows runs side by side."""

from __future__ import annotations

import csv

import pytest

from localexp import Run, Workspace
from localexp.store import facts
from tests.cli.command import complaint, localexp, logged_run, printed, shown_at_once, strict_json
from tests.processes import Project

_NASTY = "\x1b[31m\x07\n"


def long_names(workspace: Workspace) -> list[Run]:
    """Runs whose ids begin alike, as those of submitted runs."""
    params = [{"lr": 0.1 * n, "config": "x" * 300 + f"rate{n}" + "y" * 300} for n in range(4)]
    found = [
        logged_run(workspace, f"digits_1795846518_{name * 8}", {"loss": 0.5, "same": 1}, params=said)
        for name, said in zip("abcd", params, strict=True)
    ]
    for run in found:
        run.tag("数据", "数据" * 20)
    found[1].tag("数据", _NASTY)
    return found


@pytest.mark.parametrize(("columns", "shown"), [(80, 4), (50, 2), (140, 4)])
def test_runs_stand_side_by_side_as_far_as_there_is_room(
    workspace: Workspace, project: Project, columns: int, shown: int
) -> None:
    runs = [run.id for run in long_names(workspace)]

    lines = shown_at_once("compare", *runs, at=project.path, columns=columns).splitlines()

    assert all(len(line) + sum(map(line.count, "数据")) <= columns for line in lines)
    assert all(line.isprintable() for line in lines)
    # What tells the runs apart is to be seen: the ends of their ids, and of long values what differs.
    heads = lines[0].split()
    assert [head[-8:] for head in heads] == [name * 8 for name in "abcd"[:shown]]
    [config] = [line.split()[1:] for line in lines if line.startswith("  config")]
    assert [value[:13] for value in config] == [f"…{'x' * 4}rate{number}yyy"[:13] for number in range(shown)]
    assert lines[-1].startswith(f"Runs that do not fit here: {4 - shown}.") or shown == 4
    assert "  same" not in "\n".join(lines)


def test_a_pipe_gets_all_in_plain(workspace: Workspace, project: Project) -> None:
    runs = [run.id for run in long_names(workspace)]

    text = printed(localexp("compare", *runs, at=project.path))

    assert text.split("\n")[0].split() == runs
    assert "x" * 300 + "rate3" + "y" * 300 in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_json_and_csv_have_the_whole_values(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "one", {"loss": float("nan"), "acc": 0.123456789})
    logged_run(workspace, "other", {"loss": 1.0, "acc": 1}).tag("formula", "=1+1")

    found = strict_json(printed(localexp("compare", "one", "latest", "--json", at=project.path)))
    titles, *rows = csv.reader(printed(localexp("compare", "one", "other", "--csv", at=project.path)).splitlines())

    assert found["runs"] == ["one", "other"]
    assert found["metrics"] == {"loss": ["nan", 1.0], "acc": [0.123456789, 1]}
    assert titles == ["section", "name", "one", "other"]
    assert ["metrics", "loss", "NaN", "1.0"] in rows
    assert ["tags", "formula", "", "'=1+1"] in rows


def test_with_all_also_what_is_the_same_is_shown(workspace: Workspace, project: Project) -> None:
    packages: dict[str, object] = {f"package-{number:03}": "1.0" for number in range(200)}
    for name in ("one", "two", "three"):
        key = logged_run(workspace, name, {"loss": 1})._known().key
        with workspace._store.main.writing() as db:
            facts.keep(db, key, {"packages": {**packages, "package-100": name}})

    brief = printed(localexp("compare", "one", "two", "three", at=project.path))
    whole = printed(localexp("compare", "--all", "one", "two", "three", at=project.path))

    [package] = [line.split() for line in brief.splitlines() if "package-" in line]
    assert package == ["package-100", "one", "two", "three"]
    assert whole.count("package-") == 200
    assert "  status" in whole
    assert "  status" not in brief


def test_what_cannot_be_compared_is_one_line(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "one")

    assert "run one is given twice" in complaint(localexp("compare", "one", "latest", at=project.path))
    assert "no run 'two'" in complaint(localexp("compare", "one", "two", at=project.path))
    assert localexp("compare", at=project.path).returncode == 2
