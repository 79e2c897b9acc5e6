"""``localexp tag`` changes the tags of runs."""

from __future__ import annotations

from localexp import Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, strict_json
from tests.processes import Project


def test_tags_are_set_and_removed_and_shown(workspace: Workspace, project: Project) -> None:
    run = logged_run(workspace, "first")
    run.tag("draft")
    run.tag("stays", "1")

    shown = printed(localexp("tag", "fir", "model=a=b", "best", "--remove", "draft", at=project.path))

    assert shown == "first  best model=a=b stays=1\n"
    assert run.get_tags() == {"best": None, "model": "a=b", "stays": "1"}


def test_several_runs_are_tagged_alike(workspace: Workspace, project: Project) -> None:
    for name in ("first", "second"):
        logged_run(workspace, name)

    found = strict_json(printed(localexp("tag", "first", "keep", "--also", "latest", "--json", at=project.path)))

    assert [(run["id"], run["tags"]) for run in found] == [("first", {"keep": None}), ("second", {"keep": None})]


def test_if_a_run_is_not_there_none_is_changed(workspace: Workspace, project: Project) -> None:
    run = logged_run(workspace, "first")

    line = complaint(localexp("tag", "first", "keep", "--also", "third", at=project.path))

    assert "no run 'third'" in line
    assert run.get_tags() == {}


def test_nothing_to_do_and_a_tag_without_name_are_refused(workspace: Workspace, project: Project) -> None:
    run = logged_run(workspace, "first")

    assert "Missing NAME=VALUE" in complaint(localexp("tag", "first", at=project.path), exit_code=2)
    assert "the tag '=b' has no name" in complaint(localexp("tag", "first", "=b", at=project.path))
    both = localexp("tag", "first", "a=b", "--remove", "a", at=project.path)
    assert "'a' cannot be both set and removed" in complaint(both, exit_code=2)
    assert run.get_tags() == {}
