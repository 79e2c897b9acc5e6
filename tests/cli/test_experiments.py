"""``localexp experiments`` lists, tags, archives and deletes experiments."""

from __future__ import annotations

import csv

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import complaint, in_terminal, localexp, logged_run, printed, strict_json
from tests.processes import Project


def listed(project: Project, *arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = strict_json(
        printed(localexp("experiments", *arguments, "--json", at=project.path))
    )
    return found


def test_experiments_are_listed_by_name_with_their_runs(workspace: Workspace, project: Project) -> None:
    for number in range(2):
        logged_run(workspace, f"run-{number}", experiment="letters")
    Experiment(workspace, "digits").tag("owner", "ada")
    going = Experiment(workspace, "digits").start_logging(snapshot_directory=None)

    lines = printed(localexp("experiments", at=project.path)).splitlines()
    found = listed(project)

    assert lines[0].split() == ["EXPERIMENT", "RUNS", "ACTIVE", "NEWEST", "RUN", "TAGS"]
    assert [line.split()[:3] for line in lines[1:]] == [["digits", "1", "1"], ["letters", "2", "0"]]
    assert lines[1].endswith("owner=ada")
    assert [(one["name"], one["runs"], one["active"], one["tags"]) for one in found] == [
        ("digits", 1, 1, {"owner": "ada"}),
        ("letters", 2, 0, {}),
    ]
    going.complete()


def test_archived_experiments_are_listed_on_request(workspace: Workspace, project: Project) -> None:
    Experiment(workspace, "old")
    Experiment(workspace, "new")

    said = printed(localexp("experiments", "archive", "old", at=project.path))

    assert said.startswith("Archived the experiment 'old'; 'localexp experiments reactivate ")
    assert [one["name"] for one in listed(project)] == ["new"]
    assert [one["name"] for one in listed(project, "ls", "--archived")] == ["old"]
    assert [one["name"] for one in listed(project, "--all")] == ["new", "old"]
    assert "ARCHIVED" in printed(localexp("experiments", "--all", at=project.path)).splitlines()[0]
    assert "already" in complaint(localexp("experiments", "archive", "old", at=project.path))


def test_an_archived_experiment_comes_back_by_name_or_id(workspace: Workspace, project: Project) -> None:
    first = Experiment(workspace, "digits")
    first.archive()
    Experiment(workspace, "digits").archive()

    line = complaint(localexp("experiments", "reactivate", "digits", at=project.path))
    back = strict_json(printed(localexp("experiments", "reactivate", str(first.id), "--json", at=project.path)))

    assert f"{first.id} (archived)" in line
    assert line.endswith("give the id")
    assert (back["id"], back["archived"]) == (first.id, None)
    refused = complaint(localexp("experiments", "reactivate", "digits", at=project.path))
    assert f"the one with the id {first.id} has its name" in refused


def test_tags_are_set_and_removed(workspace: Workspace, project: Project) -> None:
    Experiment(workspace, "digits").tag("draft")

    shown = printed(
        localexp("experiments", "tag", "digits", "owner=ada", "paper", "--remove", "draft", at=project.path)
    )

    assert shown == "digits  owner=ada paper\n"
    assert Experiment(workspace, "digits").tags == {"owner": "ada", "paper": None}
    assert "--remove" in complaint(localexp("experiments", "tag", "digits", at=project.path), exit_code=2)


def test_an_experiment_is_deleted_only_when_that_is_confirmed(workspace: Workspace, project: Project) -> None:
    run = logged_run(workspace, "first")
    run.upload_file("data.bin", str(project.write("data.bin", "x" * 2000)))

    line = complaint(localexp("experiments", "delete", "digits", at=project.path), exit_code=2)

    assert "Delete the experiment 'digits' with 1 run and " in line
    assert "Give '--yes'" in line
    assert list(workspace.experiments) == ["digits"]

    facts = strict_json(printed(localexp("experiments", "delete", "digits", "--yes", "--json", at=project.path)))

    assert (facts["name"], facts["runs"]) == ("digits", 1)
    assert facts["bytes"] >= 2000
    assert workspace.experiments == {}


def test_on_a_terminal_it_is_asked(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first")
    shown = in_terminal("experiments", "delete", "digits", at=project.path, columns=80, typed=b"y\n")

    assert "Delete the experiment 'digits' with 1 run and 0 B of files, for good? [y/N]: " in shown
    assert shown.endswith("Deleted the experiment 'digits' with 1 run and 0 B of files.\n")
    assert workspace.experiments == {}


def test_a_no_changes_nothing(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first")

    shown = in_terminal("experiments", "delete", "digits", at=project.path, columns=80, typed=b"\n", exit_code=1)

    assert shown.endswith("Error: That was a no; nothing is changed.\n")
    assert list(workspace.experiments) == ["digits"]


def test_what_is_not_there_is_refused_with_what_is_like_it(workspace: Workspace, project: Project) -> None:
    Experiment(workspace, "digits")

    line = complaint(localexp("experiments", "archive", "digit", at=project.path))

    assert line == "Error: there is no experiment 'digit'; did you mean digits?"


def test_csv_has_a_row_an_experiment(workspace: Workspace, project: Project) -> None:
    Experiment(workspace, "=1+1", _skip_name_validation=True).tag("a", "b")

    rows = list(csv.DictReader(printed(localexp("experiments", "ls", "--csv", at=project.path)).splitlines()))

    assert [(row["name"], row["runs"], row["archived"], row["tags"]) for row in rows] == [
        ("'=1+1", "0", "", '{"a": "b"}')
    ]


@pytest.mark.parametrize("both", [["--json", "--csv"], ["--all", "--archived"]])
def test_two_that_exclude_each_other_are_refused(workspace: Workspace, project: Project, both: list[str]) -> None:
    line = complaint(localexp("experiments", "ls", *both, at=project.path), exit_code=2)

    assert "give one of both" in line
