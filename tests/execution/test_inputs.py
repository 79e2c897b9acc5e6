"""Inputs: what the snapshot lacks is linked into the checkout while the script runs, and nothing of it is kept."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from localexp import Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace
from localexp.config import submission_of
from localexp.errors import UserErrorException
from localexp.execution import inputs as execution_inputs
from localexp.execution.identity import identity
from localexp.snapshot import fingerprint
from localexp.store.owners import Owner
from tests.processes import Project, wait_until

_LIST = """
    import os
    found = [os.path.join(folder, name) for folder, _, names in os.walk("data", followlinks=True) for name in names]
    print(sorted(found))
"""


@pytest.fixture
def data(project: Project) -> Path:
    """A folder of the project that git ignores."""
    project.write(".gitignore", "data/\n")
    project.write("train.py", "print(open('data/train.csv').read())")
    project.write("data/train.csv", "1,2\n")
    return project.path / "data"


def config(project: Project, *inputs: str | Path) -> ScriptRunConfig:
    return ScriptRunConfig(project.path, "train.py", inputs=inputs)


def completed(experiment: Experiment, project: Project, *inputs: str | Path) -> Run:
    run = experiment.submit(config(project, *inputs))
    run.wait_for_completion()
    return run


def log(run: Run) -> str:
    return "".join(Path(path).read_text() for path in run.get_all_logs())


def recorded(run: Run) -> dict[str, dict[str, object]]:
    found = run.get_details().get("inputs", [])
    assert isinstance(found, list)
    return {one["path"]: one for one in found}


def entries(workspace: Workspace) -> set[str]:
    """The names of what is at the top of the checkouts."""
    return {path.name for path in Path(workspace._store.layout.checkouts).glob("*/*")}


def test_a_folder_that_git_ignores_is_there_for_the_script_and_no_part_of_the_run(
    workspace: Workspace, experiment: Experiment, project: Project, data: Path
) -> None:
    run = completed(experiment, project, "data")

    assert log(run).startswith("1,2\n")
    assert run.get_file_names() == ["user_logs/std_log.txt"]
    assert "warnings" not in run.get_details()
    assert (data / "train.csv").read_text() == "1,2\n"
    assert entries(workspace) == {".gitignore", "train.py"}


def test_the_inputs_of_a_run_are_recorded(experiment: Experiment, project: Project, data: Path) -> None:
    os.utime(data / "train.csv", (1_000_000, 1_000_000))

    run = completed(experiment, project, data, "data/train.csv", Path("data"))

    assert recorded(run) == {
        "data": {
            "path": "data",
            "files": 1,
            "bytes": 4,
            "hash": recorded(run)["data"]["hash"],
            "changedTimeUtc": "1970-01-12T13:46:40.000000Z",
        }
    }
    definition = run.get_details()["runDefinition"]
    assert isinstance(definition, dict)
    assert definition["inputs"] == ["data"]
    page = Path(run.get_portal_url().removeprefix("file://")).read_text()
    assert "1 file, 4 B, changed 1970-01-12" in page


def test_of_a_folder_that_the_snapshot_holds_in_part_each_missing_child_is_linked(
    experiment: Experiment, project: Project
) -> None:
    project.write(".gitignore", "*.csv\nraw/\n")
    project.write("train.py", _LIST)
    for name in ("data/about.md", "data/a.csv", "data/deep/notes.md", "data/deep/b.csv", "data/raw/c.bin"):
        project.write(name, name)
    for name in (".git", ".localexp", "__pycache__"):
        project.write(f"data/{name}/x", "")

    run = completed(experiment, project, "data")

    expected = ["data/a.csv", "data/about.md", "data/deep/b.csv", "data/deep/notes.md", "data/raw/c.bin"]
    assert log(run).startswith(f"{expected}\n")
    assert run.get_file_names() == ["user_logs/std_log.txt"]
    assert recorded(run)["data"]["files"] == 5


def test_folders_above_an_input_are_made_and_go_with_it(
    workspace: Workspace, experiment: Experiment, project: Project, data: Path
) -> None:
    completed(experiment, project, "data/train.csv")

    assert entries(workspace) == {".gitignore", "train.py"}


def test_the_next_run_finds_nothing_of_the_inputs_of_the_one_before(
    experiment: Experiment, project: Project, data: Path
) -> None:
    completed(experiment, project, "data")
    project.write("train.py", "import os; print(os.listdir())")

    assert "data" not in log(completed(experiment, project))


def test_a_file_that_the_script_puts_in_the_place_of_a_link_is_kept(
    experiment: Experiment, project: Project, data: Path
) -> None:
    project.write(
        "train.py",
        """
        import os
        os.unlink("data/train.csv")
        open("data/train.csv", "w").write("mine")
        """,
    )

    run = completed(experiment, project, "data/train.csv")

    assert (data / "train.csv").read_text() == "1,2\n"
    assert run.get_file_names() == ["data/train.csv", "user_logs/std_log.txt"]
    run.download_file("data/train.csv", project.path / "kept")
    assert (project.path / "kept").read_text() == "mine"


def test_what_the_script_writes_into_a_linked_folder_it_writes_into_the_source_directory(
    experiment: Experiment, project: Project, data: Path
) -> None:
    project.write("train.py", "open('data/cache.bin', 'w').write('made')")

    run = completed(experiment, project, "data")

    assert (data / "cache.bin").read_text() == "made"
    assert run.get_file_names() == ["user_logs/std_log.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_whoever_takes_over_from_a_dead_supervisor_leaves_the_inputs_alone(
    experiment: Experiment, project: Project, data: Path
) -> None:
    project.write("train.py", "import time; print(open('data/train.csv').read(), flush=True); time.sleep(600)")
    run = experiment.submit(config(project, "data"))
    wait_until(lambda: "1,2" in log(run), "the script has read its input")

    owner = run._known().owner
    assert owner is not None
    os.kill(Owner.parse(owner).pid, signal.SIGKILL)
    details = run.wait_for_completion(raise_on_error=False)

    assert details["status"] == "Failed"
    assert [warning for warning in details.get("warnings", []) if warning["source"] == "capture"] == []
    assert run.get_file_names() == ["user_logs/std_log.txt"]
    assert (data / "train.csv").read_text() == "1,2\n"


def test_a_link_to_another_folder_of_the_source_directory_brings_that_with_it(
    experiment: Experiment, project: Project, data: Path
) -> None:
    project.write(".gitignore", "stored/\n")
    data.rename(project.path / "stored")
    data.symlink_to("stored")

    run = completed(experiment, project, "data")

    assert log(run).startswith("1,2\n")
    assert set(recorded(run)) == {"data", "stored"}
    assert run.get_file_names() == ["user_logs/std_log.txt"]


def test_an_input_may_be_a_link_to_elsewhere(
    experiment: Experiment, project: Project, data: Path, tmp_path: Path
) -> None:
    shutil.move(data, tmp_path / "disk")
    project.write(".gitignore", "data\n")
    data.symlink_to(tmp_path / "disk")

    run = completed(experiment, project, "data")

    assert log(run).startswith("1,2\n")
    assert recorded(run)["data"]["bytes"] == 4


def test_an_absolute_path_may_lead_through_another_name_of_the_source_directory(
    workspace: Workspace, project: Project, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").symlink_to(project.path)
    store = workspace._store

    assert execution_inputs.checked(store, str(project.path), [str(tmp_path / "other" / "data")]) == ["data"]
    assert execution_inputs.checked(store, str(tmp_path / "other"), [str(data)]) == ["data"]


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


REFUSED: dict[str, tuple[object, str]] = {
    "a text": ("data", "give a list of paths"),
    "a number": ([3], "the input 3 is no path"),
    "a NUL character": (["da\0ta"], "is no path"),
    "missing": (["none"], "there is no input 'none'"),
    "outside": (["../else"], "pass the script its absolute path"),
    "outside, absolute": (["/usr"], "pass the script its absolute path"),
    "the source directory": (["."], "is the source directory itself"),
    "empty": ([""], "is the source directory itself"),
    "in the store": (["store/localexp.db"], "lies in the store"),
    "around the store": (["around"], "holds the store"),
    "no file": (["socket"], "neither a file nor a folder"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_an_input_is_refused_and_no_run_is_made(
    workspace: Workspace,
    experiment: Experiment,
    project: Project,
    data: Path,
    case: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (project.path / "store").symlink_to(workspace._store.layout.root)
    (project.path / "around").symlink_to(Path(workspace._store.layout.root).parent)
    monkeypatch.chdir(project.path)
    _socket(Path("socket"))
    given, message = REFUSED[case]

    with pytest.raises(UserErrorException, match=message):
        experiment.submit(ScriptRunConfig(".", "train.py", inputs=given))  # type: ignore[arg-type]

    assert list(experiment.get_runs()) == []


def test_a_run_whose_input_goes_before_the_script_starts_is_failed_and_says_so(
    experiment: Experiment, project: Project, data: Path
) -> None:
    experiment.workspace.set_setting("max_concurrent_runs", 1)
    project.write("endless.py", "import time; time.sleep(600)")
    first = experiment.submit(project.config("endless.py"))
    second = experiment.submit(config(project, "data"))

    data.rename(project.path / "moved")
    first.cancel()
    details = second.wait_for_completion(raise_on_error=False)

    error = details["error"]
    assert isinstance(error, dict)
    assert details["status"] == "Failed"
    assert error["error"]["message"].startswith(f"the input data is gone: {data} was there when the run was submitted")


def input_warnings(details: dict[str, object]) -> list[str]:
    said = details.get("warnings", [])
    assert isinstance(said, list)
    return [warning["message"] for warning in said if warning["source"] == "inputs"]


def test_an_input_that_changes_before_the_script_starts_is_warned_of(
    experiment: Experiment, project: Project, data: Path
) -> None:
    experiment.workspace.set_setting("max_concurrent_runs", 1)
    project.write("about.txt", "")
    project.write(".gitignore", "data/\nabout.txt\n")
    project.write("endless.py", "import time; time.sleep(600)")
    first = experiment.submit(project.config("endless.py"))
    second = experiment.submit(config(project, "about.txt", "data"))
    recorded_hash = recorded(second)["data"]["hash"]

    (data / "train.csv").write_text("2,1\n")
    first.cancel()
    details = second.wait_for_completion()

    assert details["status"] == "Completed"
    (message,) = input_warnings(details)
    assert message == (
        "the input data changed between submit and the start of the script; its recorded hash is of what it was "
        "at submit, and the run has no identity"
    )
    assert "identity" not in details
    assert recorded(second)["data"]["hash"] == recorded_hash


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_an_input_that_cannot_be_looked_at_again_keeps_no_script_from_starting(
    experiment: Experiment, project: Project, data: Path
) -> None:
    experiment.workspace.set_setting("max_concurrent_runs", 1)
    project.write("endless.py", "import time; time.sleep(600)")
    project.write("train.py", "print('done')")
    first = experiment.submit(project.config("endless.py"))
    second = experiment.submit(config(project, "data/train.csv"))

    # Permissions would not keep root from reading a file.
    (data / "train.csv").unlink()
    os.mkfifo(data / "train.csv")
    first.cancel()
    details = second.wait_for_completion()

    assert details["status"] == "Completed"
    (message,) = input_warnings(details)
    assert message.startswith("whether the input data/train.csv is as it was when the run was submitted cannot be told")


# Hashes


def hash_of(workspace: Workspace, path: Path) -> str:
    return fingerprint.of_path(workspace._store, os.fsencode(path)).hash


def test_the_hash_of_a_folder_covers_names_bytes_and_links(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").write_text("1")
    (folder / "link").symlink_to("deep")
    hashes = [hash_of(workspace, folder)]
    assert hash_of(workspace, folder) == hashes[0]

    (folder / "deep" / "a").rename(folder / "deep" / "b")
    hashes.append(hash_of(workspace, folder))
    (folder / "deep" / "b").write_text("2")
    hashes.append(hash_of(workspace, folder))
    (folder / "link").unlink()
    (folder / "link").symlink_to("elsewhere")
    hashes.append(hash_of(workspace, folder))
    (folder / "deep").rename(folder / "other")
    hashes.append(hash_of(workspace, folder))

    assert len(set(hashes)) == 5


def test_the_hash_of_a_file_is_that_of_its_bytes(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "b").write_bytes(b"x" * 3_000_000)

    assert hash_of(workspace, tmp_path / "a") == hash_of(workspace, tmp_path / "b")
    (tmp_path / "b").write_bytes(b"x" * 2_999_999 + b"y")
    assert hash_of(workspace, tmp_path / "a") != hash_of(workspace, tmp_path / "b")


@pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="the system does not tell how much was read")
@pytest.mark.parametrize("is_folder", [True, False])
def test_what_has_not_changed_is_not_read_again(
    workspace: Workspace, tmp_path: Path, is_folder: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "data" / "big"
    file.parent.mkdir()
    file.write_bytes(b"x" * 5_000_000)
    later = file.stat().st_ctime_ns + 10_000_000_000
    monkeypatch.setattr("localexp.snapshot.fingerprint.time.time_ns", lambda: later)
    first = hash_of(workspace, file.parent if is_folder else file)

    before = _bytes_read()
    assert hash_of(workspace, file.parent if is_folder else file) == first
    assert _bytes_read() - before < 1_000_000


def _bytes_read() -> int:
    first, *_ = Path("/proc/self/io").read_text().splitlines()
    return int(first.removeprefix("rchar: "))


def test_a_file_that_has_just_been_written_is_read_again(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("1")
    times = file.stat()
    first = hash_of(workspace, file)

    file.write_text("2")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert hash_of(workspace, file) != first


# Identity


def test_runs_of_the_same_have_the_same_identity(experiment: Experiment, project: Project, data: Path) -> None:
    first, second = completed(experiment, project, "data"), completed(experiment, project, "data")
    (data / "train.csv").write_text("2,1\n")
    third = completed(experiment, project, "data")

    identities = [run.get_details()["identity"] for run in (first, second, third)]
    assert identities[0] == identities[1] != identities[2]


def test_whatever_is_submitted_differently_has_another_identity(project: Project) -> None:
    def identity_of(*, snapshot: str = "a", value: str = "1", script: str = "train.py", lr: float = 0.1) -> str:
        run_config = RunConfiguration()
        run_config.environment_variables = {"B": "2", "A": value}
        config = ScriptRunConfig(project.path, script, ["--lr", lr], run_config)
        return identity(submission_of(config), snapshot, [])

    variants = [
        identity_of(),
        identity_of(snapshot="b"),
        identity_of(value="2"),
        identity_of(script="test.py"),
        identity_of(lr=0.2),
    ]
    assert identity_of() == variants[0]
    assert len(set(variants)) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_another_spelling_of_the_same_interpreter_changes_no_identity(project: Project, tmp_path: Path) -> None:
    for environment in ("one", "other"):
        (tmp_path / environment).mkdir()
        for name in ("python", "python3"):
            (tmp_path / environment / name).symlink_to(os.path.realpath(sys.executable))
    (tmp_path / "link").symlink_to("one")

    def identity_with(interpreter: str) -> str:
        run_config = RunConfiguration()
        run_config.environment.python.interpreter_path = str(tmp_path / interpreter)
        return identity(submission_of(ScriptRunConfig(project.path, "train.py", run_config=run_config)), "a", [])

    assert identity_with("one/python") == identity_with("one/python3") == identity_with("link/python")
    assert identity_with("one/python") != identity_with("other/python")
