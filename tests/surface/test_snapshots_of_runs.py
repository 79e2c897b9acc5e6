"""A run takes a snapshot, says which it has, and gives it back."""

from __future__ import annotations

import os
import pickle
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest

from localexp import Experiment, Run, Snapshot, Workspace
from localexp.errors import SnapshotException, UserErrorException
from tests.processes import Project, output, python
from tests.snapshot.trees import read


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def test_a_run_takes_one_snapshot(run: Run, project: Project) -> None:
    project.write("train.py", "print(1)")
    assert run.get_snapshot_id() is None

    identifier = run.take_snapshot(project.path)

    assert run.get_snapshot_id() == identifier
    assert run.get_details()["properties"]["ContentSnapshotId"] == identifier
    assert isinstance(run.snapshot, Snapshot)
    assert [file.path for file in run.snapshot.files()] == ["train.py"]
    assert run.experiment.workspace.get_snapshot(identifier) == run.snapshot
    with pytest.raises(SnapshotException, match="has a snapshot already"):
        run.take_snapshot(project.path)
    run.complete()


def test_a_single_file_is_captured_alone(run: Run, project: Project) -> None:
    file = project.write("sub/train.py", "print(1)")
    project.write("sub/other.py", "")

    run.take_snapshot(file)
    run.complete()

    assert run.snapshot is not None
    assert [file.path for file in run.snapshot.files()] == ["train.py"]
    assert run.snapshot.open("train.py").read() == b"print(1)"


def test_a_submitted_script_has_its_snapshot_already(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        from localexp.errors import SnapshotException
        run = Run.get_context()
        run.tag("snapshot", run.get_snapshot_id())
        try:
            run.take_snapshot(".")
        except SnapshotException as error:
            run.tag("refused", str(error))
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_tags()["snapshot"] == run.get_snapshot_id()
    assert "a run has one at most" in str(run.get_tags()["refused"])


def test_a_snapshot_comes_back_as_a_zip_file(run: Run, project: Project, tmp_path: Path) -> None:
    project.write("sub/train.py", "print(1)")
    identifier = run.take_snapshot(project.path)
    run.complete()

    path = run.restore_snapshot(path=tmp_path)

    assert path == str(tmp_path / f"{identifier}.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.read("sub/train.py") == b"print(1)"


def test_without_a_path_it_goes_where_temporary_files_go(
    run: Run, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    project.write("train.py", "print(1)")
    identifier = run.take_snapshot(project.path)
    run.complete()

    assert run.restore_snapshot() == str(tmp_path / f"{identifier}.zip")
    folder = run.restore_snapshot(unpack=True)

    assert Path(folder).parent == tmp_path
    assert read(folder) == read(project.path)


def test_a_snapshot_is_unpacked_on_request(run: Run, project: Project, tmp_path: Path) -> None:
    project.write("sub/train.py", "print(1)")
    run.take_snapshot(project.path)
    run.complete()

    folder = run.restore_snapshot(path=tmp_path / "back", unpack=True)

    assert folder == str(tmp_path / "back")
    assert read(folder) == read(project.path)
    (tmp_path / "back" / "sub" / "train.py").write_text("mine")
    with pytest.raises(SnapshotException, match="train"):
        run.restore_snapshot(path=tmp_path / "back", unpack=True)
    assert (tmp_path / "back" / "sub" / "train.py").read_text() == "mine"


def test_the_snapshot_of_another_run_may_be_asked_for(
    experiment: Experiment, run: Run, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", "print(1)")
    with experiment.start_logging(snapshot_directory=project.path) as other:
        pass

    path = run.restore_snapshot(other.get_snapshot_id(), tmp_path)
    run.complete()

    assert os.path.basename(path) == f"{other.get_snapshot_id()}.zip"


def test_what_cannot_be_restored_is_said(run: Run, project: Project, tmp_path: Path) -> None:
    assert run.snapshot is None
    with pytest.raises(SnapshotException, match="has no snapshot; take_snapshot"):
        run.restore_snapshot(path=tmp_path)
    for wrong in ("0" * 32, "no hex at all", "../../etc"):
        with pytest.raises(SnapshotException, match="no snapshot"):
            run.restore_snapshot(wrong, tmp_path)
    assert os.listdir(tmp_path / ".localexp")
    assert not list(tmp_path.glob("*.zip"))
    run.complete()


def test_a_project_that_is_not_to_be_kept_runs_and_leaves_no_snapshot(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os, model; open('outputs/names', 'w').write(' '.join(sorted(os.listdir())))")
    project.write("model.py", "")
    config = project.config()
    config.run_config.history.snapshot_project = False

    run = experiment.submit(config)
    run.wait_for_completion()

    assert run.get_snapshot_id() is None
    assert run._known().snapshot is None
    assert run.get_file_names() == ["outputs/names", "user_logs/std_log.txt"]


def test_the_ignore_files_above_count_on_request(experiment: Experiment, project: Project) -> None:
    subprocess.run(["git", "init", "--quiet", project.path], check=True)
    project.write(".gitignore", "*.csv")
    project.write("sub/train.py", "")
    project.write("sub/rows.csv", "1")
    project.write("sub/.gitignore", "*.log")
    project.write("sub/old.log", "")
    config = project.config()
    config.source_directory = str(project.path / "sub")

    plain = experiment.submit(config)
    asked = experiment.submit(config, ignore_parents=True)
    plain.wait_for_completion()
    asked.wait_for_completion()

    assert plain.snapshot is not None
    assert asked.snapshot is not None
    assert [file.path for file in plain.snapshot.files()] == [".gitignore", "rows.csv", "train.py"]
    assert [file.path for file in asked.snapshot.files()] == [".gitignore", "train.py"]


def test_likely_secrets_are_warned_of_once(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    project.write(".env", "TOKEN=1")
    project.write("keys/id_rsa", "")
    project.write(".env.example", "TOKEN=")

    with pytest.warns(
        UserWarning, match=r"\.env, keys/id_rsa; to keep it out write into \.amlignore: '/\.env', '/keys/id_rsa'"
    ) as warned:
        run = experiment.submit(project.config())
    run.wait_for_completion()

    assert len(warned) == 1
    assert warned[0].filename == __file__
    [said] = run.get_details()["warnings"]
    assert said == {"source": "snapshot", "message": str(warned[0].message)}


def test_settings_are_kept_for_everybody(workspace: Workspace) -> None:
    assert workspace.settings == {
        "snapshot.max_bytes": 2 * 2**30,
        "snapshot.max_files": 100_000,
        "checkouts.max_bytes": 2 * 2**30,
        "max_concurrent_runs": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cancel.grace_seconds": 10,
        "resources.sample_seconds": 5,
    }

    workspace.set_setting("snapshot.max_files", 7)

    code = "import sys, localexp; print(localexp.Workspace(sys.argv[1]).setting('snapshot.max_files'))"
    assert output(python(code, workspace.path)) == "7\n"
    with pytest.raises(UserErrorException, match=r"no setting 'snapshot.most'; there are snapshot\.max_bytes"):
        workspace.set_setting("snapshot.most", 1)
    with pytest.raises(UserErrorException, match="no setting"):
        workspace.setting("")
    for wrong in (-1, 1.5, "7", True, 2**63):
        with pytest.raises(UserErrorException, match="a whole number that is at least 0"):
            workspace.set_setting("snapshot.max_files", wrong)  # type: ignore[arg-type]


def test_an_error_with_a_list_survives_pickling() -> None:
    error = SnapshotException("too much:", ("  a", "  b"))

    again = pickle.loads(pickle.dumps(error))

    assert str(again) == str(error) == "too much:\n  a\n  b"
    assert again.details == error.details
