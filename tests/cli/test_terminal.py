"""What is shown fits the terminal, and nothing in it is a command to the terminal."""

from __future__ import annotations

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import complaint, in_terminal, localexp, logged_run, printed, shown_at_once, strict_json
from tests.processes import Project

_NASTY = "\x1b[31m\x9b2J\x07\r\n\t\u202e\x7f"


def columns_of(line: str) -> int:
    """How much of a terminal's width a line takes; the characters of 数据 take two columns each."""
    return len(line) + sum(line.count(character) for character in "数据")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_table_is_no_wider_than_the_terminal(workspace: Workspace, project: Project, columns: int) -> None:
    for number in range(3):
        run = logged_run(workspace, f"a-run-of-some-length-{number}", {f"metric/{name}": 0.123 for name in "abcdef"})
        run.tag("description", "数据 " + "words " * 20)

    lines = in_terminal("runs", at=project.path, columns=columns).splitlines()

    assert max(columns_of(line) for line in lines) <= columns
    assert all(f"a-run-of-some-length-{2 - place}  " in line for place, line in enumerate(lines[1:4]))
    assert "STATUS" in lines[0]
    assert "metric/a" in lines[0]
    assert ("EXPERIMENT" in lines[0]) == (columns == 120)
    assert lines[4].startswith("Columns that do not fit here: ")
    assert "'localexp show RUN'" in lines[4]


def test_a_table_that_fits_is_whole(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "short", {"loss": 0.5}).tag("model", "mlp")

    shown = in_terminal("runs", at=project.path, columns=100)

    assert shown == printed(localexp("runs", at=project.path))
    assert "EXPERIMENT" in shown
    assert "model=mlp" in shown


def test_what_is_piped_is_whole_and_plain_however_wide(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "wide", {f"metric/{number}": 0.123 for number in range(30)}).tag("long", "x" * 500)

    lines = printed(localexp("runs", at=project.path, COLUMNS="80", FORCE_COLOR="1")).splitlines()

    assert len(lines) == 2
    assert "x" * 500 in lines[1]
    assert lines[0].endswith("metric/29")
    assert "".join(lines).isprintable()


def test_texts_from_scripts_reach_no_terminal_raw(workspace: Workspace, project: Project) -> None:
    experiment = Experiment(workspace, f"digits{_NASTY}", _skip_name_validation=True)
    run = experiment.start_logging(snapshot_directory=None, tags={_NASTY: _NASTY}, display_name=_NASTY)
    run.log(_NASTY, _NASTY)
    run.fail(_NASTY)

    for arguments in (["runs"], ["show", run.id], ["runs", "--json"], ["show", run.id, "--json"]):
        shown = printed(localexp(*arguments, at=project.path))
        assert all(line.isprintable() for line in shown.split("\n"))
    assert complaint(localexp("runs", "--experiment", "x", at=project.path)).isprintable()
    [found] = strict_json(printed(localexp("runs", "--json", at=project.path)))
    assert found["tags"] == {_NASTY: _NASTY}
    assert found["metrics"] == {_NASTY: _NASTY}


def test_the_reason_of_a_failure_reaches_no_terminal_raw(workspace: Workspace, project: Project) -> None:
    project.write("train.py", r"raise ValueError('\x1b[31mred\x07')")

    result = localexp("submit", "train.py", at=project.path)

    assert result.returncode == 1
    assert result.stderr == "Error: the script exited with code 1: ValueError: red\\x07 (train.py, line 1)\n"


def test_with_many_params_and_metrics_a_list_still_says_why_a_run_failed(
    workspace: Workspace, project: Project
) -> None:
    run = Experiment(workspace, "digits").start_logging(run_id="digits_1764313200_9f3a77c1", snapshot_directory=None)
    for number in range(30):
        run.log(f"layer_{number}/gradient", 0.5)
        run.log_param(f"p{number}", number)
    run.fail("the disk is full")

    heading, row = shown_at_once("runs", at=project.path, columns=140).splitlines()[:2]

    assert heading.split()[:2] == ["RUN", "STATUS"]
    assert "layer_2/gradient" in heading
    assert row.endswith("the disk is full")
