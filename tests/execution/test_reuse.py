"""``submit(reuse=True)`` gives back a Completed run that was the same, and makes a new one if anything is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from localexp import Environment, Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace
from tests.processes import Project


@pytest.fixture
def reusable(experiment: Experiment, project: Project) -> Run:
    project.write("train.py", "import sys; from localexp import Run; Run.get_context().log('n', len(sys.argv))")
    project.write(".gitignore", "data\n")
    project.write("data/a.txt", "one")
    run = experiment.submit(config_of(project), tags={"first": "yes"})
    run.wait_for_completion()
    return run


def config_of(project: Project, arguments: list[str] | None = None, **variables: str) -> ScriptRunConfig:
    run_config = RunConfiguration()
    run_config.environment_variables = variables
    return ScriptRunConfig(project.path, "train.py", arguments or ["-n", "1"], run_config, inputs=["data"])


def test_the_same_is_given_back_as_it_is(experiment: Experiment, project: Project, reusable: Run) -> None:
    project.write("data/a.txt", "one")
    project.write("train.py", project.path.joinpath("train.py").read_text())

    found = experiment.submit(config_of(project), tags={"second": "yes"}, run_id="other", reuse=True)

    assert (found.id, found.status, found.get_tags()) == (reusable.id, "Completed", {"first": "yes"})
    assert found.get_metrics() == {"n": 3}
    assert len(list(experiment.get_runs())) == 1
    again = experiment.submit(config_of(project))
    again.wait_for_completion()
    assert experiment.submit(config_of(project), reuse=True).id == again.id


def test_a_rerun_that_is_the_same_is_given_back_too(experiment: Experiment, project: Project, reusable: Run) -> None:
    again = reusable.rerun()
    again.wait_for_completion()

    assert experiment.submit(config_of(project), reuse=True).id == again.id


def _byte(project: Project) -> ScriptRunConfig:
    with project.path.joinpath("train.py").open("a") as file:
        file.write("\n")
    return config_of(project)


def _mode(project: Project) -> ScriptRunConfig:
    project.path.joinpath("train.py").chmod(0o755)
    return config_of(project)


def _input(project: Project) -> ScriptRunConfig:
    project.write("data/a.txt", "two")
    return config_of(project)


def _argument(project: Project) -> ScriptRunConfig:
    return config_of(project, ["-n", "2"])


def _variable(project: Project) -> ScriptRunConfig:
    return config_of(project, A="1")


def _interpreter(project: Project) -> ScriptRunConfig:
    link = project.path.parent / "another-python"
    link.symlink_to(Path(sys.executable).resolve())
    config = config_of(project)
    config.run_config.environment = Environment("another")
    config.run_config.environment.python.interpreter_path = str(link)
    return config


def test_a_package_more_makes_a_new_run(
    experiment: Experiment, project: Project, reusable: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.path.parent / "site/thing-1.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(project.path.parent / "site")])

    new = experiment.submit(config_of(project), reuse=True)

    assert new.id != reusable.id
    new.wait_for_completion()


def test_any_change_makes_a_new_run(experiment: Experiment, project: Project, reusable: Run) -> None:
    runs = [reusable]
    for change in (_byte, _mode, _input, _argument, _variable, _interpreter):
        runs.append(experiment.submit(change(project), reuse=True))
        runs[-1].wait_for_completion()

    assert len({run.id for run in runs}) == 7


def test_only_completed_runs_of_the_experiment_are_given_back(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "raise SystemExit(3)")
    experiment, other = Experiment(workspace, "digits"), Experiment(workspace, "letters")
    failed = experiment.submit(project.config())
    failed.wait_for_completion(raise_on_error=False)
    assert experiment.submit(project.config(), reuse=True).wait_for_completion(raise_on_error=False)
    assert len(list(experiment.get_runs())) == 2

    project.write("train.py", "")
    first = experiment.submit(project.config())
    first.wait_for_completion()
    elsewhere = other.submit(project.config(), reuse=True)
    elsewhere.wait_for_completion()
    experiment.archive()
    after = Experiment(workspace, "digits").submit(project.config(), reuse=True)
    after.wait_for_completion()
    assert len({first.id, elsewhere.id, after.id}) == 3


def test_a_child_is_given_back_to_its_parent_alone(experiment: Experiment, project: Project, reusable: Run) -> None:
    with experiment.start_logging(snapshot_directory=None) as parent:
        child = experiment.submit(config_of(project), _parent_run_id=parent.id, reuse=True)
        child.wait_for_completion()
        same = experiment.submit(config_of(project), _parent_run_id=parent.id, reuse=True)

    assert reusable.id != child.id == same.id
