"""A virtual environment is built once for its content, by one process, and serves every run that wants it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localexp import CondaDependencies, Environment, Experiment, Run, ScriptRunConfig, Workspace
from localexp.errors import UserErrorException
from localexp.execution.environments import removal
from localexp.observing import LEASH
from localexp.store.layout import interpreter_of
from localexp.store.owners import Owner, process
from tests.cli.command import complaint, localexp
from tests.execution.builders import PRINTED, PRINTING, Builder, StandIn, build_log, printed, wheel
from tests.left_behind import processes
from tests.processes import Project, python, wait_until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a script that names its interpreter")


@pytest.fixture
def builder(experiment: Experiment, project: Project) -> Builder:
    # However few cores there are, runs are to meet each other.
    experiment.workspace.set_setting("max_concurrent_runs", 4)
    return Builder(experiment, project)


@pytest.fixture(scope="session")
def without_pip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter whose pip nobody has to wait for."""
    folder = tmp_path_factory.mktemp("without-pip")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return interpreter_of(str(folder))


@pytest.fixture
def uv(builder: Builder, without_pip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.defpath}")
    builder.interpreter = without_pip
    return StandIn(folder)


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No uv, and a pip that has the tiny package alone at hand."""
    packages = tmp_path / "packages"
    packages.mkdir()
    wheel(packages)
    wheel(packages, "2.0")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(packages))


def submit_with_file(builder: Builder, file: Path) -> Run:
    builder.project.write("train.py", PRINTING)
    environment = Environment("tiny")
    environment.python.interpreter_path = builder.interpreter
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=[str(file)])
    return builder.experiment.submit(ScriptRunConfig(builder.project.path, "train.py", environment=environment))


def message(run: Run) -> str:
    error = run.wait_for_completion(raise_on_error=False)["error"]["error"]
    return str(error["message"])


def owner(run: Run) -> Owner:
    owner = run._known().owner
    assert owner is not None
    return Owner.parse(owner)


def tools_at_work(builder: Builder) -> list[str]:
    place = builder.experiment.workspace._store.layout.environments
    found = [one for one in processes() if one.variables.get(removal.MARK, "").startswith(place)]
    return [str(one) for one in found]


def assert_nothing_is_left(builder: Builder) -> None:
    assert not builder.built()
    assert not builder.folders()
    assert not tools_at_work(builder)


def test_pip_builds_it_and_the_next_run_finds_it(builder: Builder, project: Project, pip: None) -> None:
    project.write("limits.txt", "tiny<2")
    environment = Environment.from_pip_requirements("small", project.write("requirements.txt", "tiny\n-c limits.txt"))
    project.write("train.py", PRINTING)
    runs = []
    for config in (project.config(), ScriptRunConfig(project.path, command="python train.py")):
        config.run_config.environment = environment
        runs.append(builder.experiment.submit(config))
        assert runs[-1].wait_for_completion()["status"] == "Completed"

    assert [printed(run) for run in runs] == [PRINTED] * 2
    assert "Successfully installed tiny-1.0" in (build_log(runs[0]) or "")
    assert build_log(runs[1]) is None
    [build] = builder.built()
    assert sorted(build.requirements) == ["-c tiny<2", "tiny"]
    assert build.size is not None
    assert build.size > 1000
    assert str(build.used_at) > str(build.ready_at)


def test_what_requirements_have_come_to_is_recorded_and_told_where_it_is_another_today(
    builder: Builder, project: Project, pip: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONSTRAINT", str(project.write("limits.txt", "tiny<2")))
    project.write("train.py", PRINTING)
    config, store = project.config(), builder.experiment.workspace._store
    config.run_config.environment = Environment.from_pip_requirements("t", project.write("requirements.txt", "tiny"))
    first = builder.experiment.submit(config)
    assert first.wait_for_completion()["facts"]["packages"] == {"tiny": "1.0"}
    assert builder.experiment.submit(config, reuse=True).id == first.id

    [build] = builder.built()
    removal.remove(store, build.id)
    monkeypatch.delenv("PIP_CONSTRAINT")
    details = first.rerun().wait_for_completion()

    assert details["facts"]["packages"] == {"tiny": "2.0"}
    difference = {"source": "rerun", "message": f"differs from run {first.id}: tiny is 2.0, it was 1.0"}
    assert details["warnings"] == [difference]
    assert builder.experiment.submit(config, reuse=True).id == details["runId"]
    with pytest.warns(UserWarning, match=r"^tiny is 2\.0, it was 1\.0$"):
        again = first.rerun()
    assert again.wait_for_completion()["warnings"] == [difference]


def test_what_pip_cannot_install_fails_the_run_with_its_own_words_and_leaves_nothing(
    builder: Builder, pip: None
) -> None:
    run = builder.submit(requirements=("tiny==3.0",))

    said = message(run)

    assert run.get_status() == "Failed"
    assert "No matching distribution found for tiny==3.0" in said
    assert "(from versions: 1.0, 2.0)" in said
    assert "azureml-logs/20_image_build_log.txt" in said
    assert "No matching distribution found for tiny==3.0" in (build_log(run) or "")
    refused = complaint(localexp("logs", run.id, at=builder.project.path))
    assert f"that of building its environment is the file {run._layout.build_log}" in refused
    assert_nothing_is_left(builder)


def test_of_runs_that_want_it_at_once_one_builds_it_and_has_the_log(builder: Builder, uv: StandIn) -> None:
    uv.close()
    runs = [builder.submit() for _ in range(3)]
    wait_until(lambda: uv.calls() == ["venv", "pip"], "it is being built")
    assert [run.get_status() for run in runs] == ["Preparing"] * 3
    assert sum("uv pip install" in (build_log(run) or "") for run in runs) == 1
    uv.open()

    assert [run.wait_for_completion()["status"] for run in runs] == ["Completed"] * 3
    assert [printed(run) for run in runs] == [PRINTED] * 3
    assert sum("installing tiny" in (build_log(run) or "") for run in runs) == 1
    assert uv.calls() == ["venv", "pip"]


@pytest.mark.parametrize("is_canceled", [True, False])
def test_a_build_ends_with_its_run(builder: Builder, uv: StandIn, is_canceled: bool) -> None:
    uv.close()
    run = builder.submit()
    wait_until(lambda: "pip" in uv.calls(), "it is being built")

    run.cancel() if is_canceled else os.kill(owner(run).pid, signal.SIGTERM)
    details = run.wait_for_completion(raise_on_error=False)

    assert details["status"] == ("Canceled" if is_canceled else "Failed")
    assert is_canceled or "SIGTERM" in details["error"]["error"]["message"]
    assert build_log(run) is not None
    assert_nothing_is_left(builder)


def test_a_build_ends_with_the_process_on_whose_leash_its_run_is(
    builder: Builder, uv: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = python("input()")
    monkeypatch.setenv(LEASH, str(process(holder.pid)))
    uv.close()
    run = builder.submit()
    wait_until(lambda: "pip" in uv.calls(), "it is being built")

    holder.communicate("\n")
    details = run.wait_for_completion()

    assert details["status"] == "Canceled"
    assert "the test session that it was submitted in" in details["error"]["error"]["message"]
    assert_nothing_is_left(builder)


def test_who_waits_goes_on_when_the_builder_is_canceled_and_may_be_canceled_too(builder: Builder, uv: StandIn) -> None:
    uv.close()
    first = builder.submit()
    wait_until(lambda: "pip" in uv.calls(), "it is being built")
    second, third = builder.submit(), builder.submit()

    third.cancel()
    assert third.wait_for_completion()["status"] == "Canceled"
    first.cancel()
    wait_until(lambda: uv.calls() == ["venv", "pip"] * 2, "the other builds it")
    uv.open()

    assert second.wait_for_completion()["status"] == "Completed"
    assert first.get_status() == "Canceled"
    assert len(builder.folders()) == 1


def test_the_next_one_takes_over_from_a_builder_that_was_killed(builder: Builder, uv: StandIn) -> None:
    uv.close()
    first = builder.submit()
    wait_until(lambda: "pip" in uv.calls(), "it is being built")
    second = builder.submit()
    os.kill(owner(first).pid, signal.SIGKILL)
    wait_until(lambda: uv.calls() == ["venv", "pip"] * 2, "the next one builds it")
    uv.open()

    assert second.wait_for_completion()["status"] == "Completed"
    assert printed(second) == PRINTED
    assert "the supervisor of the run" in message(first)
    assert build_log(first) is not None
    assert len(builder.folders()) == len(builder.built()) == 1
    assert sys.platform != "linux" or not tools_at_work(builder)


def test_it_is_not_removed_under_a_run_but_afterwards(builder: Builder, uv: StandIn, tmp_path: Path) -> None:
    store, go = builder.experiment.workspace._store, tmp_path / "go"
    run = builder.submit(f"import os, tiny, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)")
    wait_until(lambda: run.get_status() == "Running", "the run is Running")

    [build] = builder.built()
    assert removal.users(store) == {build.id: [run.id]}
    with pytest.raises(UserErrorException, match=f"is used by {run.id}"):
        removal.remove(store, build.id)
    go.touch()
    run.wait_for_completion()
    removal.remove(store, build.id)

    assert not removal.users(store)
    assert_nothing_is_left(builder)
    with pytest.raises(UserErrorException, match=f"no environment '{build.id}' was built"):
        removal.remove(store, build.id)


def test_a_workspace_that_was_moved_builds_anew(builder: Builder, uv: StandIn, tmp_path: Path) -> None:
    builder.submit().wait_for_completion()
    builder.experiment.workspace.close()
    there = tmp_path / "there"
    there.mkdir()
    shutil.move(tmp_path / ".localexp", there)

    moved = Builder(Experiment(Workspace(there), "digits"), builder.project, builder.interpreter)
    run = moved.submit()
    assert run.wait_for_completion()["status"] == "Completed"

    assert printed(run) == PRINTED
    assert [os.path.basename(build.place) for build in moved.built()] == moved.folders()
    moved.experiment.workspace.close()
    assert uv.calls() == ["venv", "pip"] * 2


def test_nothing_is_removed_under_a_run_that_has_another_path_to_the_workspace(
    builder: Builder, uv: StandIn, tmp_path: Path
) -> None:
    store, go = builder.experiment.workspace._store, tmp_path / "go"
    waiting = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    first = builder.submit(f"{waiting}\nimport tiny\nprint(tiny.NAME)")
    wait_until(lambda: first.get_status() == "Running", "the run is Running")
    with store.main.writing() as db:
        db.execute("UPDATE _builds SET place = '/elsewhere/' || ?", (builder.folders()[0],))

    assert builder.submit().wait_for_completion()["status"] == "Completed"
    go.touch()

    assert first.wait_for_completion()["status"] == "Completed"
    removal.sweep(store, "")
    assert builder.folders() == [os.path.basename(build.place) for build in builder.built()]


def test_a_build_that_is_lost_or_broken_is_made_again(builder: Builder, uv: StandIn) -> None:
    store = builder.experiment.workspace._store
    uv.close()
    run = builder.submit()
    wait_until(lambda: "pip" in uv.calls(), "it is being built")
    with store.main.writing() as db:
        db.execute("DELETE FROM _builds")
    uv.open()
    assert run.wait_for_completion()["status"] == "Completed"
    interpreter = interpreter_of(store.layout.environment(builder.folders()[0]))
    os.unlink(interpreter)
    Path(interpreter).write_text("no program")

    assert builder.submit().wait_for_completion()["status"] == "Completed"
    assert uv.calls() == ["venv", "pip"] * 3
    assert len(builder.folders()) == 1


def test_the_log_of_a_build_holds_no_secret(builder: Builder, uv: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hidden")
    run = builder.submit(requirements=("tiny @ https://${TOKEN}:x@host/${TOKEN}/tiny.whl?sig=${TOKEN}",))

    assert run.wait_for_completion()["status"] == "Completed"
    assert "installing tiny @ https://host/${TOKEN}/tiny.whl?sig=…" in (build_log(run) or "")
    assert "hidden" not in (build_log(run) or "")


def test_an_interpreter_with_nothing_to_build_with_is_refused(builder: Builder, pip: None, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) echo Python 1 0;; *) exec {sys.executable} "$@";; esac\n')
    bare.chmod(0o755)

    builder.interpreter = str(bare)
    run = builder.submit()

    assert f"the interpreter {bare} has no pip" in message(run)
    assert "install uv" in message(run)
    assert_nothing_is_left(builder)


def test_a_rerun_has_the_build_that_is_there_and_otherwise_one_of_what_its_files_are_today(
    builder: Builder, uv: StandIn
) -> None:
    file = wheel(builder.project.path)
    first = submit_with_file(builder, file)
    first.wait_for_completion()
    [old] = builder.built()
    file.rename(file.with_suffix(".gone"))

    same = first.rerun()
    same.wait_for_completion()
    removal.remove(builder.experiment.workspace._store, old.id)
    with pytest.raises(UserErrorException, match=rf"{file} cannot be read: .* copy it there again"):
        first.rerun()
    file.write_bytes(b"changed")
    with pytest.warns(UserWarning, match=rf"environment is built anew: .* a file that it is built from \({file}\)$"):
        other = first.rerun()
    other.cancel()
    other.wait_for_completion(raise_on_error=False)

    assert same.get_details()["identity"] == first.get_details()["identity"] != other.get_details()["identity"]
    assert first.get_details()["runDefinition"]["build"] != other.get_details()["runDefinition"]["build"]


def test_a_file_that_changes_before_it_is_installed_is_in_no_build(builder: Builder, uv: StandIn) -> None:
    file = wheel(builder.project.path)
    uv.close()
    run = submit_with_file(builder, file)
    file.write_bytes(b"changed")
    uv.open()

    assert f"built from has changed since the run was submitted ({file}, or" in message(run)
    assert (builder.built(), builder.folders()) == ([], [])
