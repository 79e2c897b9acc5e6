"""A run from a git repository says which commit it was of, and what had changed since."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.execution import facts
from localexp.execution.facts.addresses import without_credentials
from localexp.execution.facts.git import commits_between
from tests.processes import Project

NOBODYS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "A"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "a@example.org"),
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **NOBODYS}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A source directory with a commit on ``main`` and nothing that has changed since."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git(project.path, "init", "--quiet", "--initial-branch=main")
    project.write("train.py", "print(1)\n")
    git(project.path, "add", ".")
    git(project.path, "commit", "--quiet", "--message=first")
    return project


@pytest.fixture
def other_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is run in place of git, if anything is written into it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return program(folder / "git", "exit 1")


def program(path: Path, code: str) -> Path:
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)
    return path


def gathered(folder: Path) -> facts.Facts:
    return facts.gathered(str(folder), sys.executable)


def properties_of_git(run: Run) -> dict[str, str | None]:
    return {name: value for name, value in run.get_properties().items() if ".git." in name}


def test_a_submitted_run_has_the_properties_that_azure_ml_gives(experiment: Experiment, repository: Project) -> None:
    git(repository.path, "remote", "add", "origin", "https://me:secret@example.org/team/project.git?token=secret")

    run = experiment.submit(repository.config())
    run.wait_for_completion()

    commit, address = git(repository.path, "rev-parse", "HEAD"), "https://example.org/team/project.git"
    assert properties_of_git(run) == {
        "azureml.git.repository_uri": address,
        "azureml.git.branch": "main",
        "azureml.git.commit": commit,
        "azureml.git.dirty": "False",
        "mlflow.source.git.repoURL": address,
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.commit": commit,
    }
    assert run.get_details()["facts"]["git"] == {
        "repository": address,
        "branch": "main",
        "commit": commit,
        "dirty": False,
    }


def test_uncommitted_changes_are_kept_with_an_interactive_run(experiment: Experiment, repository: Project) -> None:
    repository.write("train.py", "print(2)\n")

    with experiment.start_logging(snapshot_directory=str(repository.path)) as run:
        pass

    diff = run.get_details()["facts"]["diff"]
    assert properties_of_git(run)["azureml.git.dirty"] == "True"
    assert diff.startswith("diff --git a/train.py b/train.py\n")
    assert diff.endswith("-print(1)\n+print(2)\n")
    git(repository.path, "checkout", "--quiet", ".")
    subprocess.run(["git", "apply"], cwd=repository.path, input=diff, text=True, check=True)
    assert (repository.path / "train.py").read_text() == "print(2)\n"


def test_a_file_that_git_does_not_know_is_a_change_without_a_diff(repository: Project) -> None:
    repository.write("new.py", "")

    found = gathered(repository.path)

    assert found.properties["azureml.git.dirty"] == "True"
    assert "diff" not in found


def test_changes_elsewhere_in_the_repository_are_not_of_the_source_directory(repository: Project) -> None:
    repository.write("inner/train.py", "")
    git(repository.path, "add", ".")
    git(repository.path, "commit", "--quiet", "--message=second")
    repository.write("train.py", "print(2)\n")

    found = gathered(repository.path / "inner")

    assert found["git"] == {"branch": "main", "commit": git(repository.path, "rev-parse", "HEAD"), "dirty": False}
    repository.write("inner/train.py", "1\n")
    assert str(gathered(repository.path / "inner")["diff"]).startswith("diff --git a/train.py b/train.py\n")


def test_changes_of_what_no_snapshot_holds_are_not_kept(experiment: Experiment, repository: Project) -> None:
    for name in ("a b.env", "sub/ü.env", "train.py"):
        repository.write(name, "old\n")
    git(repository.path, "add", ".")
    git(repository.path, "commit", "--quiet", "--message=second")
    for name in ("a b.env", "sub/ü.env", "train.py"):
        repository.write(name, "diff --git a/train.py b/train.py\nhunter2\n" if "env" in name else "new\n")
    repository.write(".amlignore", "*.env\n")

    with experiment.start_logging(snapshot_directory=str(repository.path)) as run:
        pass

    diff = run.get_details()["facts"]["diff"]
    assert [line for line in diff.split("\n") if line[:1] in ("d", "+")] == [
        "diff --git a/train.py b/train.py",
        "+++ b/train.py",
        "+new",
    ]
    assert "hunter2" not in json.dumps(run.get_details())


def test_without_branch_or_commit_there_is_none(repository: Project, tmp_path: Path) -> None:
    git(repository.path, "checkout", "--quiet", "--detach")
    (tmp_path / "new").mkdir()
    git(tmp_path / "new", "init", "--quiet", "--initial-branch=main")

    assert "azureml.git.branch" not in gathered(repository.path).properties
    assert gathered(tmp_path / "new")["git"] == {"branch": "main", "dirty": False}


def test_variables_say_it_in_place_of_git(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "REPOSITORY_URI": "https://token@example.org/x",
        "BRANCH": "release",
        "COMMIT": "abc",
        "DIRTY": "true",
        "BUILD_ID": "17",
        "BUILD_URI": "https://ci.example.org/17?key=secret",
    }
    for name, value in said.items():
        monkeypatch.setenv(f"AZUREML_GIT_{name}", value)

    assert gathered(project.path).properties == {
        "azureml.git.repository_uri": "https://example.org/x",
        "azureml.git.branch": "release",
        "azureml.git.commit": "abc",
        "azureml.git.dirty": "True",
        "azureml.git.build_id": "17",
        "azureml.git.build_uri": "https://ci.example.org/17",
        "mlflow.source.git.repoURL": "https://example.org/x",
        "mlflow.source.git.branch": "release",
        "mlflow.source.git.commit": "abc",
    }


def test_a_long_diff_is_cut_at_a_line_and_says_so(repository: Project) -> None:
    repository.write("train.py", "print('a line of some length')\n" * 60_000)

    diff = gathered(repository.path)["diff"]

    assert isinstance(diff, str)
    assert 1_000_000 < len(diff) < 1_100_000
    *_, last, note = diff.splitlines()
    assert last == "+print('a line of some length')"
    assert note == "localexp: the diff goes on; this is the first MiB of it"


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts")
def test_nothing_that_the_repository_names_is_run(repository: Project, tmp_path: Path) -> None:
    trap = program(tmp_path / "trap", f"touch {tmp_path}/sprung; cat")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    program(hooks / "post-index-change", f"touch {tmp_path}/sprung")
    for name, value in {
        "core.fsmonitor": str(trap),
        "core.hooksPath": str(hooks),
        "core.pager": str(trap),
        "diff.external": str(trap),
        "diff.py.textconv": str(trap),
    }.items():
        git(repository.path, "config", name, value)
    repository.write(".gitattributes", "*.py diff=py\n")
    repository.write("train.py", "print(2)\n")
    index = (repository.path / ".git/index").read_bytes()

    found = gathered(repository.path)

    assert "+print(2)" in found["diff"]
    assert not (tmp_path / "sprung").exists()
    assert (repository.path / ".git/index").read_bytes() == index


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts")
def test_outside_a_repository_git_is_not_started(project: Project, other_git: Path) -> None:
    program(other_git, f"touch {project.path}/started")

    assert "git" not in gathered(project.path)
    assert not (project.path / "started").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts")
def test_a_git_that_takes_too_long_is_ended_and_the_run_says_so(
    experiment: Experiment, repository: Project, other_git: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(other_git, "sleep 600")
    monkeypatch.setattr("localexp.execution.facts.git.PATIENCE_SECONDS", 0.2)

    with experiment.start_logging(snapshot_directory=str(repository.path)) as run:
        pass

    [said] = run.get_details()["warnings"]
    assert said["source"] == "facts"
    assert said["message"].startswith("git did not say within ")
    assert properties_of_git(run) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts")
def test_a_git_that_fails_is_quoted(repository: Project, other_git: Path) -> None:
    program(other_git, "echo 'fatal: dubious ownership' >&2; exit 128")

    found = gathered(repository.path)

    assert found.warnings == [
        "git could not say what state the source directory is in: fatal: dubious ownership",
    ]
    assert "git" not in found
    program(
        other_git, "test $(echo $* | grep -c rev-parse) = 1 && echo true || (echo 'fatal: bad index' >&2; exit 128)"
    )
    assert gathered(repository.path).warnings[0].endswith(": fatal: bad index")


def test_without_git_there_is_nothing_of_it(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository.path))

    found = gathered(repository.path)

    assert ("git" in found, found.warnings) == (False, [])


def test_a_checkout_is_not_taken_for_part_of_the_repository_around_the_workspace(repository: Project) -> None:
    repository.write(
        "train.py",
        """
        import sys
        from localexp.execution import facts
        found = facts.gathered(".", sys.executable)
        print(found.properties, found.warnings)
        """,
    )
    run = Experiment(Workspace(repository.path), "nested").submit(repository.config())
    run.wait_for_completion()

    assert run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"] == "{} []\n"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.org/a.git", "https://example.org/a.git"),
        ("https://user:token@example.org/a.git", "https://example.org/a.git"),
        ("https://token@example.org:8443/a", "https://example.org:8443/a"),
        ("HTTPS://user:p@ss@example.org/a@b", "HTTPS://example.org/a@b"),
        ("https://user:pa/ss@example.org/a", "https://example.org/a"),
        ("https://example.org/a?access_token=x#y", "https://example.org/a"),
        ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
        ("ssh://git:secret@example.org:22/a.git", "ssh://git@example.org:22/a.git"),
        ("helper::https://user:token@example.org/a", "helper::https://example.org/a"),
        ("git@example.org:team/a.git", "git@example.org:team/a.git"),
        ("user:token@example.org/team/a.git", "example.org/team/a.git"),
        ("/srv/git/a@b.git", "/srv/git/a@b.git"),
        ("file:///srv/a@b.git", "file:///srv/a@b.git"),
        ("../other", "../other"),
    ],
)
def test_credentials_are_cut_out_of_addresses(address: str, shown: str) -> None:
    assert without_credentials(address) == shown


def test_a_diff_of_runs_says_how_many_commits_lie_between(experiment: Experiment, repository: Project) -> None:
    one = experiment.submit(repository.config())
    for number in range(3):
        repository.write("train.py", f"print({number})\n")
        git(repository.path, "commit", "--quiet", "--all", f"--message={number}")
    repository.write("train.py", "print('not committed')\n")
    other = experiment.submit(repository.config())
    for run in (one, other):
        run.wait_for_completion()

    there, back = str(one.diff(other)), str(other.diff(one))

    assert [line.partition(":")[0] for line in there.splitlines()] == ["source", "git"]
    assert " (3 commits later), uncommitted changes no → " in there
    assert " (3 commits earlier), uncommitted changes " in back
    assert one.diff(other).as_dict()["commits"] == {"only_old": 0, "only_new": 3}
    repository.path.rename(repository.path.with_name("moved"))
    assert "commits later" not in str(one.diff(other))


def test_commits_that_parted_are_counted_on_both_sides(repository: Project, tmp_path: Path) -> None:
    first = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "commit", "--quiet", "--allow-empty", "--message=here")
    here = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "checkout", "--quiet", "-b", "side", first)
    git(repository.path, "commit", "--quiet", "--allow-empty", "--message=there")
    there = git(repository.path, "rev-parse", "HEAD")

    assert commits_between(str(repository.path), here, there) == (1, 1)
    assert commits_between(str(repository.path), here, "f" * 40) is None
    assert commits_between(str(repository.path), "--all", here) is None
    assert commits_between(str(tmp_path / "gone"), here, there) is None
