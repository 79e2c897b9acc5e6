"""The logs of a run, and what else belongs to it."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest

from localexp import Experiment, Run, RunConfiguration, ScriptRunConfig
from localexp.errors import ExperimentExecutionException, UserErrorException
from tests.processes import Project, wait_until

TALKS = """
import os
print("hello", flush=True)
os.write(1, b"caf\\xc3\\xa9 \\xff\\n")
os.makedirs("logs/sub")
open("logs/sub/own.txt", "w").write("mine")
open("outputs/model", "w").write("weights")
"""


@pytest.fixture
def talked(experiment: Experiment, project: Project) -> Run:
    """A run that has ended and has logs."""
    project.write("train.py", TALKS)
    run = experiment.submit(project.config())
    run.wait_for_completion()
    return run


def test_details_come_with_the_texts_of_the_logs(talked: Run) -> None:
    details = talked.get_details_with_logs()

    assert details["logFiles"] == {"logs/sub/own.txt": "mine", "user_logs/std_log.txt": "hello\ncafé �\n"}
    assert {**details, "logFiles": 0} == {**talked.get_details(), "logFiles": 0}


def test_all_logs_go_below_a_directory_by_their_names(talked: Run, tmp_path: Path) -> None:
    paths = talked.get_all_logs(tmp_path / "new" / "logs")

    assert paths == [str(tmp_path / "new/logs/logs/sub/own.txt"), str(tmp_path / "new/logs/user_logs/std_log.txt")]
    assert Path(paths[0]).read_text() == "mine"
    assert Path(paths[1]).read_bytes() == b"hello\ncaf\xc3\xa9 \xff\n"


def test_by_default_logs_go_where_temporary_files_go(
    talked: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    first, second = talked.get_all_logs(), talked.get_all_logs()

    assert not set(first) & set(second)
    assert all(Path(path).is_relative_to(tmp_path / Path(path).relative_to(tmp_path).parts[0]) for path in first)
    assert not (tmp_path / "project" / "assets").exists()


def test_a_file_is_no_destination_for_logs(talked: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(UserErrorException, match="is not a folder"):
        talked.get_all_logs(tmp_path / "file")

    assert (tmp_path / "file").read_text() == "mine"


def test_an_interactive_run_has_the_logs_that_it_was_given(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        assert run.get_all_logs() == []
        run.upload_file("logs/mine", io.StringIO("é"))
        run.upload_file("outputs/else", io.StringIO(""))

        assert run.get_details_with_logs()["logFiles"] == {"logs/mine": "é"}


def test_the_log_of_a_running_script_is_read_as_far_as_it_is(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    going_on = project.write("../going-on", "")
    project.write(
        "train.py", "import os, sys, time\nprint('hi', flush=True)\nwhile os.path.exists(sys.argv[1]): time.sleep(0.01)"
    )
    run = experiment.submit(project.config(arguments=[str(going_on)]))

    wait_until(lambda: run.get_details_with_logs()["logFiles"] == {"user_logs/std_log.txt": "hi\n"}, "it has printed")
    with pytest.raises(ExperimentExecutionException, match=r"clean\(\) it when it has ended"):
        run.clean()

    going_on.unlink()
    run.wait_for_completion()


def test_the_detailed_status_has_a_status_and_no_details(talked: Run) -> None:
    assert talked.get_detailed_status() == {"status": "Completed", "details": None}


def test_clean_removes_the_page_and_what_a_killed_upload_left_and_nothing_else(talked: Run) -> None:
    talked.get_portal_url()
    old, new = (Path(talked._layout.folder, name) for name in ("aside-old", "aside-new"))
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    files = talked.get_file_names()

    messages = talked.clean()

    assert messages == [f"removed {talked._layout.page}", f"removed {old}"]
    assert sorted(os.listdir(talked._layout.folder)) == ["artifacts", "aside-new"]
    assert talked.get_file_names() == files
    assert talked.clean() == []


def test_clean_finds_nothing_where_a_run_has_no_folder(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        pass

    assert run.clean() == []


def test_the_environment_of_a_submitted_run_comes_back(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    configuration = RunConfiguration("train.py")
    configuration.environment.name = "mine"
    configuration.environment.environment_variables = {"TOKEN": "secret"}
    run = experiment.submit(ScriptRunConfig(project.path, run_config=configuration))
    run.wait_for_completion()

    environment = run.get_environment()

    assert environment.name == "mine"
    assert environment.python.interpreter_path == run.get_details()["runDefinition"]["interpreter"]
    assert environment.environment_variables == {}
    assert run.get_details()["runDefinition"]["environmentVariables"] == ["TOKEN"]


def test_an_interactive_run_has_no_environment(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run, pytest.raises(UserErrorException, match="submitted"):
        run.get_environment()


def test_a_secret_is_an_environment_variable(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("plain", "1")
    monkeypatch.setenv("DB_PASSWORD", "2")
    with experiment.start_logging(snapshot_directory=None) as run:
        assert run.get_secret("plain") == "1"
        assert run.get_secret("db-password") == "2"
        assert run.get_secrets(["plain", "db.password"]) == {"plain": "1", "db.password": "2"}

        with pytest.raises(UserErrorException, match="neither no-such nor NO_SUCH is set"):
            run.get_secret("no-such")
        with pytest.raises(UserErrorException, match="neither no-such nor NO_SUCH is set"):
            run.get_secrets(["plain", "no-such"])
        with pytest.raises(UserErrorException, match="list of names"):
            run.get_secrets("plain")
