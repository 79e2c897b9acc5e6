"""``localexp demo`` shows it all: a project, three runs of it at once, and how they compare."""

from __future__ import annotations

import signal
from importlib.resources import files
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import complaint, contents, localexp, printed, started, strict_json, without_privileges
from tests.cli.conftest import Gate
from tests.processes import PATIENCE_SECONDS


@pytest.fixture
def project(folder: Path) -> Path:
    """The folder of the demo's project, before the demo."""
    project = folder / "localexp-demo"
    project.mkdir()
    return project


@pytest.mark.parametrize(("epochs", "accuracy"), [(300, 0.86), pytest.param(1000, 0.9, marks=pytest.mark.exhaustive)])
def test_a_second_demo_adds_three_runs_and_stores_nothing_again(
    folder: Path, project: Path, epochs: int, accuracy: float
) -> None:
    (project / "README.md").write_text("my notes")
    script = files("localexp.demo").joinpath("project/train.py").read_text()
    (project / "train.py").write_text(script.replace("default=1000", f"default={epochs}"))

    shown = printed(localexp("demo", at=folder))
    found = strict_json(printed(localexp("demo", "--json", at=folder)))

    assert shown.count("Completed") == 3
    assert "newly stored 5 + 0 + 0 blobs" in shown
    assert "localexp submit train.py" in shown
    assert shown.replace("\n", "").isprintable()
    assert [run["status"] for run in found] == ["Completed"] * 3
    assert [run["new_blobs"] for run in found] == [0, 0, 0]
    assert min(run["metrics"]["accuracy"] for run in found) >= accuracy
    assert sorted(run["tags"]["learning_rate"] for run in found) == ["0.03", "0.1", "0.3"]
    assert len(list(Experiment(Workspace(project), "iris").get_runs())) == 6
    assert (project / "README.md").read_text() == "my notes"
    assert {path.name for path in project.iterdir()} == {
        ".amlignore",
        ".localexp",
        "README.md",
        "data.py",
        "iris.csv",
        "train.py",
    }


def test_a_script_that_the_user_broke_is_said_to_be_broken(folder: Path, project: Path) -> None:
    (project / "train.py").write_text("raise SystemExit(3)")

    result = localexp("demo", at=folder)

    assert result.returncode == 1
    assert result.stdout.count("Failed") == 3
    [line] = result.stderr.splitlines()
    assert "is Failed: the script exited with code 3; see 'localexp logs --workspace localexp-demo iris_" in line
    log = line.rpartition("'localexp ")[2].rstrip("'").split()
    assert printed(localexp(*log, at=folder)) == ""


def test_a_script_that_the_user_changed_need_not_log_a_loss(folder: Path, project: Path) -> None:
    (project / "train.py").write_text("from localexp import Run; Run.get_context().log('loss', 'low')")

    shown = printed(localexp("demo", at=folder))

    assert shown.count("low") == 3
    assert "Best" not in shown


def test_an_interrupted_demo_says_that_its_runs_go_on(folder: Path, project: Path, gate: Gate) -> None:
    (project / "train.py").write_text(gate.code)
    command = started("demo", at=folder)
    assert command.stdout is not None
    while not command.stdout.readline().startswith(b"Started 3 runs"):
        pass

    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert command.returncode == 130
    assert errors.strip() == b"What was started goes on. See it with: localexp runs --workspace localexp-demo"
    gate.open(scripts=3)
    runs = list(Experiment(Workspace(project), "iris").get_runs())
    assert [run.wait_for_completion()["status"] for run in runs] == ["Completed"] * 3


def test_a_file_in_the_place_of_the_project_is_left_alone(folder: Path) -> None:
    (folder / "localexp-demo").write_text("mine")

    line = complaint(localexp("demo", at=folder))

    assert str(folder / "localexp-demo") in line
    assert "in another folder" in line
    assert contents(folder) == {"localexp-demo": b"mine"}


def test_a_folder_that_may_not_be_written_is_named(read_only: Path) -> None:
    read_only.chmod(0o555)

    line = complaint(localexp("demo", at=read_only, through=without_privileges()))

    assert f"{read_only / 'localexp-demo'}: Permission denied" in line
    assert contents(read_only) == {}
