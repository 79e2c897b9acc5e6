"""``localexp metrics``: what each metric came to, and the values of some as charts, lines, JSON or CSV."""

from __future__ import annotations

import csv
import math

import pytest

from localexp import Experiment, Run, Workspace
from tests.cli.command import complaint, in_terminal, localexp, printed, shown_at_once, strict_json
from tests.processes import Project


@pytest.fixture
def run(workspace: Workspace, project: Project) -> Run:
    """A run with metrics of several kinds."""
    run = Experiment(workspace, "digits").start_logging(run_id="first", snapshot_directory=None)
    for step in range(100):
        run.log("val/loss", math.exp(-step / 20), description="of the test set", step=step)
    run.log_list("accuracy", [0.5, math.nan, 0.75, math.inf])
    run.log("note", "=1+1\x1b[31m")
    run.log_row("row", x=1, y=0.5)
    run.log_row("row", x=2, z="text")
    run.log_image("plot", project.write("plot.svg", "<svg/>"))
    run.log("system/cpu_percent", 50.0)
    run.complete()
    return run


pytestmark = pytest.mark.filterwarnings("ignore:.*system/cpu_percent")


def test_without_names_there_is_a_line_a_metric(run: Run, project: Project) -> None:
    lines = printed(localexp("metrics", "first", at=project.path)).splitlines()

    assert lines[0].split() == ["METRIC", "LAST", "MIN", "MAX", "VALUES", "STEP"]
    assert lines[1].split() == ["val/loss", "0.007083", "0.007083", "1", "100", "99"]
    assert [line.split()[0] for line in lines[1:]] == ["val/loss", "accuracy", "note", "row", "plot"]
    assert lines[4].split()[1:3] == ["x=2,", "z=text"]


def test_what_localexp_has_sampled_is_listed_on_request_or_by_name(run: Run, project: Project) -> None:
    found = strict_json(printed(localexp("metrics", "first", "--system", "--json", at=project.path)))
    named = printed(localexp("metrics", "first", "system/cpu_percent", at=project.path))

    assert found[-1]["metric"] == "system/cpu_percent"
    assert named.split()[-1] == "50.0"


def test_json_and_csv_of_the_list_have_all_that_is_known_of_each(run: Run, project: Project) -> None:
    found = strict_json(printed(localexp("metrics", "first", "--json", at=project.path)))
    rows = list(csv.DictReader(printed(localexp("metrics", "first", "--csv", at=project.path)).splitlines()))

    last = math.exp(-99 / 20)
    assert found[0].pop("time").endswith("Z")
    assert found[0] == {
        "metric": "val/loss",
        "kind": "scalar",
        "last": last,
        "min": last,
        "max": 1.0,
        "count": 100,
        "step": 99,
        "description": "of the test set",
    }
    assert [one["last"] for one in found[1:]] == ["inf", "=1+1\x1b[31m", {"x": 2, "z": "text"}, "plot.svg"]
    assert [row["metric"] for row in rows] == [one["metric"] for one in found]
    assert float(rows[0]["last"]) == last


def test_a_terminal_shows_small_curves_in_the_list_and_a_chart_of_what_is_named(run: Run, project: Project) -> None:
    listed = shown_at_once("metrics", "first", at=project.path, columns=80).splitlines()
    lines = shown_at_once("metrics", "first", "val/loss", at=project.path, columns=80).splitlines()

    assert listed[1].endswith("█▆▅▄▃▂▂▂▂▁▁▁▁▁▁▁")
    assert lines[0] == "val/loss  last 0.007083, lowest 0.007083, highest 1, 100 values"
    assert lines[1] == "of the test set"
    assert lines[2].startswith("1.0 ┤")
    assert len([line for line in lines if "┤" in line or "│" in line]) == 15
    assert max(map(len, lines)) == 80
    assert lines[-1] == "by step"


def test_several_names_are_several_charts_and_what_has_no_numbers_is_in_lines(run: Run, project: Project) -> None:
    shown = shown_at_once("metrics", "first", "accuracy", "note", "row", "plot", at=project.path, columns=80)
    chart, note, row, plot = (part.splitlines() for part in shown.split("\n\n"))

    assert chart[-1] == "by index; 2 of no finite number (!)"
    assert note[-1].endswith("  =1+1\\x1b[31m")
    assert [line.split() for line in row[1:]] == [["x", "y", "z"], ["1", "0.5", "-"], ["2", "-", "text"]]
    assert plot[-2].endswith("  plot.svg")
    assert plot[-1] == "See it with: localexp artifacts open first plot.svg"


def test_a_chart_goes_by_what_it_is_told_to(run: Run, project: Project) -> None:
    by_index = shown_at_once("metrics", "first", "val/loss", "--by", "index", at=project.path, columns=80)
    by_time = shown_at_once("metrics", "first", "val/loss", "--by", "time", at=project.path, columns=80)
    refused = shown_at_once("metrics", "first", "accuracy", "--by", "step", at=project.path, columns=80, exit_code=1)

    assert by_index.splitlines()[-1] == "by index"
    assert by_time.splitlines()[-2].split()[0] == "0s"
    assert "'accuracy' was logged without steps" in refused


@pytest.mark.parametrize("columns", [30, 140])
def test_a_chart_is_as_wide_as_the_terminal(run: Run, project: Project, columns: int) -> None:
    lines = shown_at_once("metrics", "first", "val/loss", "accuracy", at=project.path, columns=columns).splitlines()

    assert max(map(len, lines)) == columns


def test_a_terminal_that_knows_no_more_than_ascii_gets_lines(run: Run, project: Project) -> None:
    ascii_alone = {"PYTHONIOENCODING": "ascii"}
    shown = in_terminal("metrics", "first", "val/loss", at=project.path, columns=80, variables=ascii_alone)

    assert shown.isascii()
    assert len(shown.splitlines()) == 101


def test_into_a_pipe_and_with_table_each_value_is_a_line(run: Run, project: Project) -> None:
    piped = printed(localexp("metrics", "first", "val/loss", at=project.path))
    asked = shown_at_once("metrics", "first", "val/loss", "--table", at=project.path, columns=80)

    assert piped == asked
    lines = piped.splitlines()
    assert lines[0].split() == ["STEP", "TIME", "VALUE"]
    assert [line.split()[0] for line in lines[1:]] == [str(step) for step in range(100)]
    assert float(lines[1].split()[-1]) == 1.0


def test_json_and_csv_of_values_have_each_with_its_step_and_time(run: Run, project: Project) -> None:
    found = strict_json(printed(localexp("metrics", "first", "accuracy", "note", "--json", at=project.path)))
    rows = list(csv.reader(printed(localexp("metrics", "first", "accuracy", "--csv", at=project.path)).splitlines()))

    assert [one["value"] for one in found] == [0.5, "nan", 0.75, "inf", "=1+1\x1b[31m"]
    assert {one["metric"] for one in found} == {"accuracy", "note"}
    assert rows[0] == ["metric", "step", "time", "value"]
    assert [row[3] for row in rows[1:]] == ["0.5", "NaN", "0.75", "inf"]
    assert rows[1][1] == ""
    assert rows[1][2].endswith("Z")


def test_csv_of_rows_has_their_columns(run: Run, project: Project) -> None:
    rows = list(csv.reader(printed(localexp("metrics", "first", "row", "--csv", at=project.path)).splitlines()))
    both = list(csv.reader(printed(localexp("metrics", "first", "row", "note", "--csv", at=project.path)).splitlines()))

    assert rows[0] == ["metric", "step", "time", "x", "y", "z"]
    assert [row[3:] for row in rows[1:]] == [["1", "0.5", ""], ["2", "", "text"]]
    assert both[0] == ["metric", "step", "time", "value", "x", "y", "z"]
    assert [row[3:] for row in both[1:]] == [
        ["", "1", "0.5", ""],
        ["", "2", "", "text"],
        ["'=1+1\x1b[31m", "", "", ""],
    ]


def test_an_unknown_metric_is_refused_with_those_that_may_be_meant(run: Run, project: Project) -> None:
    assert "did you mean 'val/loss'?" in complaint(localexp("metrics", "first", "valloss", at=project.path))
    assert "'localexp metrics first' lists" in complaint(localexp("metrics", "first", "zzz", at=project.path))


def test_a_run_without_metrics_says_so(workspace: Workspace, project: Project) -> None:
    Experiment(workspace, "digits").start_logging(run_id="none", snapshot_directory=None).complete()

    assert printed(localexp("metrics", "none", at=project.path)).startswith("No metrics.")
    assert printed(localexp("metrics", "none", "--json", at=project.path)) == "[]\n"
    assert "it has logged none" in complaint(localexp("metrics", "none", "loss", at=project.path))


def test_two_forms_at_once_are_a_wrong_command_line(run: Run, project: Project) -> None:
    assert "'--table' and '--csv'" in complaint(
        localexp("metrics", "first", "row", "--table", "--csv", at=project.path), exit_code=2
    )
