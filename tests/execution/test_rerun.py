"""A run is run again as it was submitted, whatever has become of its source; what differs today is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from localexp import Environment, Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace
from localexp.errors import RunNotFound, UserErrorException
from tests.processes import Project

SCRIPT = """
    import argparse
    import random
    from localexp import Run
    from rate import RATE

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    seed = parser.parse_args().seed
    random.seed(seed)
    run = Run.get_context()
    run.log("rate", RATE)
    for step in range(3):
        run.log("loss", random.random(), step=step)
"""


def first_run(experiment: Experiment, project: Project) -> Run:
    project.write("train.py", SCRIPT)
    project.write("rate.py", "RATE = 0.5")
    run = experiment.submit(project.config(arguments=["--seed", "1"]), tags={"kept": "no"})
    run.wait_for_completion()
    return run


def with_variables(project: Project, **variables: str) -> ScriptRunConfig:
    config = RunConfiguration()
    config.environment_variables = dict(variables)
    return ScriptRunConfig(project.path, "train.py", run_config=config)


def warnings_of(run: Run) -> list[str]:
    return [said["message"] for said in run.get_details().get("warnings", []) if said["source"] == "rerun"]


def test_a_run_whose_source_was_edited_and_deleted_comes_to_the_same(experiment: Experiment, project: Project) -> None:
    first = first_run(experiment, project)
    project.write("rate.py", "RATE = 0.7")

    edited = first.rerun()
    edited.wait_for_completion()
    shutil.rmtree(project.path)
    deleted = first.rerun(tags={"a": "b"}, run_id="again", now=True)
    deleted.wait_for_completion()

    assert edited.get_metrics() == deleted.get_metrics() == first.get_metrics()
    assert (edited.get_tags(), deleted.get_tags(), deleted.id) == ({}, {"a": "b"}, "again")
    assert edited.origin == deleted.origin == edited.get_details()["origin"] == first.id
    assert first.origin is None
    assert edited.experiment.name == first.experiment.name
    then, now = first.get_details(), edited.get_details()
    for name in ("runDefinition", "identity", "target"):
        assert then[name] == now[name]
    assert then["properties"]["ContentSnapshotId"] == now["properties"]["ContentSnapshotId"]
    assert project.path.exists() is False


def test_arguments_are_changed_one_by_one_or_as_a_whole(experiment: Experiment, project: Project) -> None:
    first = first_run(experiment, project)

    one, whole = first.rerun(seed=2), first.rerun(arguments=["--seed=2"])

    for run in (one, whole):
        run.wait_for_completion()
    assert one.get_metrics() == whole.get_metrics() != first.get_metrics()
    assert one.get_details()["runDefinition"]["arguments"] == ["--seed", "2"]
    assert one.get_details()["identity"] != first.get_details()["identity"]
    with pytest.raises(UserErrorException, match="no argument 'sed': there are seed"):
        first.rerun(sed=3)
    with pytest.raises(UserErrorException, match="all arguments anew, and changes of some by name"):
        first.rerun(arguments=["--seed=2"], seed=3)
    with pytest.raises(UserErrorException, match=r"runs the script train.py, and no command"):
        first.rerun(command="true")
    assert len(list(experiment.get_runs())) == 3


def test_a_command_is_changed_as_a_whole(experiment: Experiment, project: Project) -> None:
    first = experiment.submit(ScriptRunConfig(project.path, command=["echo", "one"]))
    first.wait_for_completion()

    second = first.rerun(command=["echo", "two"])
    second.wait_for_completion()

    [log] = second.get_details_with_logs()["logFiles"].values()
    assert log == "two\n"
    for changes in ({"lr": 1}, {"arguments": ["--lr=1"]}):
        with pytest.raises(
            UserErrorException, match="no arguments to be changed: give it whole, by command= or --command"
        ):
            first.rerun(**changes)


def test_an_input_that_is_gone_is_named_and_one_that_has_changed_is_said(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "from localexp import Run; Run.get_context().log('read', open('data/a.txt').read())")
    project.write(".gitignore", "data\n")
    data = project.write("data/a.txt", "one")
    first = experiment.submit(ScriptRunConfig(project.path, "train.py", inputs=["data"]))
    first.wait_for_completion()

    same = first.rerun()
    same.wait_for_completion()
    data.write_text("three")
    with pytest.warns(UserWarning, match=r"input data is 1 file of 5 B, changed since, and was 1 file of 3 B"):
        changed = first.rerun()
    changed.wait_for_completion()
    shutil.rmtree(data.parent)

    assert (same.get_metrics(), warnings_of(same)) == ({"read": "one"}, [])
    assert same.get_details()["identity"] == first.get_details()["identity"]
    assert changed.get_metrics() == {"read": "three"}
    assert changed.get_details()["identity"] != first.get_details()["identity"]
    assert len(warnings_of(changed)) == 1
    with pytest.raises(UserErrorException, match=f"the input data of run {first.id} is gone: bring back"):
        first.rerun()


def test_values_of_environment_variables_are_those_of_today(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os; from localexp import Run; Run.get_context().log('seen', str([os.environ.get(n) for n in 'AB']))"
    project.write("train.py", code)
    first = experiment.submit(with_variables(project, A="1", B="2"))
    first.wait_for_completion()

    with pytest.raises(UserErrorException, match=r"environment variables A, B, whose values .*--env A=") as raised:
        first.rerun()
    monkeypatch.setenv("B", "2")
    same = first.rerun(environment_variables={"A": "1"})
    with pytest.warns(
        UserWarning, match="at least one of the environment variables A, B has another value than then"
    ) as said:
        other = first.rerun(environment_variables={"A": "secret"})
    without = first.rerun(environment_variables={"A": None})

    for run in (same, other, without):
        run.wait_for_completion()
    assert "environment_variables=" in raised.value.message
    assert (same.get_metrics()["seen"], warnings_of(same)) == ("['1', '2']", [])
    assert same.get_details()["identity"] == first.get_details()["identity"]
    assert other.get_metrics()["seen"] == "['secret', '2']"
    assert "secret" not in str([str(one.message) for one in said]) + str(other.get_details())
    assert without.get_metrics()["seen"] == "[None, '2']"
    assert without.get_details()["runDefinition"]["environmentVariables"] == ["B"]


def test_values_that_are_recorded_are_those_of_then(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "import os; from localexp import Run; Run.get_context().log('n', os.environ['TZ'])")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    first = experiment.submit(with_variables(project, TZ="UTC"))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("TZ", "CET")

    with pytest.warns(UserWarning, match="variable OMP_NUM_THREADS is '2', it was '1'") as said:
        second = first.rerun()

    second.wait_for_completion()
    first.wait_for_completion()
    assert (second.get_metrics(), len(said)) == ({"n": "UTC"}, 1)


def test_packages_that_differ_today_are_said(
    experiment: Experiment, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "")
    old, new = (tmp_path / f"site/thing-{version}.dist-info" for version in ("1.0", "2.0"))
    old.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    first = experiment.submit(project.config())
    first.wait_for_completion()
    old.rename(new)

    with pytest.warns(UserWarning, match=r"^thing is 2\.0, it was 1\.0$"):
        second = first.rerun()

    second.wait_for_completion()
    assert warnings_of(second) == [f"differs from run {first.id}: thing is 2.0, it was 1.0"]
    assert second.get_details()["identity"] != first.get_details()["identity"]


def test_what_git_says_is_that_of_the_snapshot(experiment: Experiment, project: Project) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(project.path), *identity, *words], check=True, capture_output=True)

    project.write("train.py", "")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    first = experiment.submit(project.config())
    first.wait_for_completion()
    project.write("train.py", "raise SystemExit(1)")
    git("commit", "-qam", "two")

    second = first.rerun()

    second.wait_for_completion()
    then, now = first.get_details(), second.get_details()
    assert then["properties"]["azureml.git.commit"]
    assert then["properties"] == now["properties"]
    assert then["facts"]["git"] == now["facts"]["git"]
    assert warnings_of(second) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission")
def test_an_interpreter_that_is_gone_is_replaced_by_another_environment(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", "import os; from localexp import Run; Run.get_context().log('x', os.environ.get('X'))")
    link, environment = tmp_path / "python-link", Environment("linked")
    link.symlink_to(os.path.realpath(sys.executable))
    environment.python.interpreter_path = str(link)
    first = experiment.submit(ScriptRunConfig(project.path, "train.py", environment=environment))
    first.wait_for_completion()
    link.unlink()
    other = Environment("other")
    other.environment_variables = {"X": "set"}

    with pytest.raises(UserErrorException, match=r"python-link of run .* is not there .*environment= or --python"):
        first.rerun()
    with warnings.catch_warnings():
        # The two have not the same packages, maybe.
        warnings.simplefilter("ignore")
        second = first.rerun(environment=other)

    second.wait_for_completion()
    assert (first.get_metrics(), second.get_metrics()) == ({"x": None}, {"x": "set"})
    definition = second.get_details()["runDefinition"]
    assert (definition["interpreter"], definition["environment"]) == (sys.executable, "other")


def test_a_run_that_cannot_be_run_again_says_why(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    interactive = experiment.start_logging(snapshot_directory=None)
    interactive.complete()
    config = project.config()
    config.run_config.history.snapshot_project = False
    without = experiment.submit(config)
    without.wait_for_completion()

    with pytest.raises(UserErrorException, match="is an interactive run, which has no script"):
        interactive.rerun()
    with pytest.raises(UserErrorException, match="has kept no snapshot"):
        without.rerun()


def test_what_is_no_environment_is_refused(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    first = experiment.submit(project.config())
    first.wait_for_completion()

    with pytest.raises(UserErrorException, match="environment is 'x'; give an object of Environment"):
        first.rerun(environment="x")  # type: ignore[arg-type]
    with pytest.raises(UserErrorException, match="environment_variables is a list; give a dict"):
        first.rerun(environment_variables=["A=1"])  # type: ignore[arg-type]
    assert len(list(experiment.get_runs())) == 1


def test_a_run_that_was_recorded_before_there_were_facts_is_run_again(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "import os; from localexp import Run; Run.get_context().log('a', os.environ['A'])")
    first = experiment.submit(with_variables(project, A="1"))
    first.wait_for_completion()
    kept = ("script", "arguments", "command", "interpreter", "sourceDirectory", "pythonPath", "environmentVariables")
    definition = {name: first.get_details()["runDefinition"][name] for name in kept}
    with experiment.workspace._store.main.writing() as db:
        db.execute("DELETE FROM _facts")
        db.execute("UPDATE _runs SET identity = 'of old', definition = ?", (json.dumps(definition),))
    monkeypatch.setenv("A", "2")

    second = Run.get(experiment.workspace, first.id).rerun()

    second.wait_for_completion()
    assert (second.get_metrics(), warnings_of(second)) == ({"a": "2"}, [])


def test_a_deleted_run_is_not_found(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    experiment = Experiment(workspace, "first")
    first = experiment.submit(project.config())
    first.wait_for_completion()
    assert experiment.id is not None
    Experiment.delete(workspace, experiment.id)

    with pytest.raises(RunNotFound):
        first.rerun()
