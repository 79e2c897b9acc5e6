"""Uploads by several processes, by submitted scripts, by processes that are killed, and to disks that are full."""

from __future__ import annotations

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import NoReturn

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import LocalexpError, StoreError, UserErrorException
from localexp.execution import capture, ending, placing, uploads
from tests.cli.command import without_privileges
from tests.processes import KILL_AT_CALL, Project, output, python, removed_while_empty, wait_until

DATA = bytes(range(256)) * 8192


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def left_aside(run: Run) -> list[str]:
    return [name for name in os.listdir(run._layout.folder) if name.startswith("aside-")]


UPLOAD = """
import io, sys, localexp
workspace, run_id, name, *data = sys.argv[1:]
run = localexp.Run.get(localexp.Workspace(workspace), run_id)
print("ready", flush=True)
sys.stdin.readline()
won = 0
for number in range(20):
    try:
        run.upload_file(f"{name}-{number}", io.BytesIO(data[0].encode() * 10_000))
        won += 1
    except localexp.errors.UserErrorException as error:
        assert "with other bytes" in str(error), error
print(won)
"""


def uploaded_at_once(workspace: Workspace, run: Run, data: list[str]) -> list[int]:
    """How many of 20 names each of several processes has uploaded, each with its own data."""
    processes = [python(UPLOAD, workspace.path, run.id, "a", each) for each in data]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [int(output(process)) for process in processes]


def test_identical_bytes_from_several_processes_at_once_all_succeed(workspace: Workspace, run: Run) -> None:
    assert uploaded_at_once(workspace, run, ["same"] * 4) == [20] * 4

    assert len(run.get_file_names()) == 20
    assert left_aside(run) == []


def test_of_different_bytes_from_several_processes_at_once_exactly_one_wins(
    workspace: Workspace, run: Run, tmp_path: Path
) -> None:
    assert sum(uploaded_at_once(workspace, run, ["one", "two", "six", "ten"])) == 20

    assert len(run.get_file_names()) == 20
    assert left_aside(run) == []
    for name in run.get_file_names():
        run.download_file(name, tmp_path / "checked", _validate_checksum=True)
        data = (tmp_path / "checked").read_bytes()
        assert data == data[:3] * 10_000


def test_threads_upload_at_once(run: Run) -> None:
    def upload(number: int) -> None:
        for name in range(20):
            run.upload_file(f"{number % 4}/{name}", io.BytesIO(b"1"))

    threads = [Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(run.get_file_names()) == 80
    assert left_aside(run) == []
    run.complete()
    assert "warnings" not in run.get_details()


def test_without_links_exactly_one_of_several_has_the_name(tmp_path: Path) -> None:
    won: list[int] = []

    def put(number: int) -> None:
        for name in range(100):
            path = tmp_path / f"aside-{number}-{name}"
            path.touch()
            try:
                placing.rename_to_free(str(path), str(tmp_path / f"{name}"))
                won.append(name)
            except FileExistsError:
                path.unlink()

    threads = [Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == list(range(100))
    assert len(os.listdir(tmp_path)) == 100


SUBMITTED = """
import io, sys
from localexp import Run
run = Run.get_context()
open("outputs/same", "w").write("same")
open("outputs/changed", "w").write("before")
run.upload_file("outputs/same", "outputs/same")
run.upload_file("outputs/changed", "outputs/changed")
run.upload_file("elsewhere", io.StringIO("text"))
open("outputs/changed", "w").write("after")
print(run.get_file_names())
"""


def test_a_file_that_is_uploaded_and_left_in_outputs_is_kept_once_and_other_bytes_beside(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", SUBMITTED)

    run = experiment.submit(project.config())
    details = run.wait_for_completion()

    run.download_files(output_directory=tmp_path / "all")
    texts = {name: (tmp_path / "all" / name).read_text() for name in run.get_file_names()}
    log = texts.pop("user_logs/std_log.txt")
    assert log == "['elsewhere', 'outputs/changed', 'outputs/same', 'user_logs/std_log.txt']\n"
    assert texts == {
        "captured-1/outputs/changed": "after",
        "elsewhere": "text",
        "outputs/changed": "before",
        "outputs/same": "same",
    }
    [warning] = details["warnings"]
    assert warning["source"] == "capture"
    assert warning["message"].startswith("outputs/changed had been uploaded with other bytes")
    assert left_aside(run) == []


def test_a_script_that_uploads_does_not_open_the_database(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import io, sys
        from localexp import Run
        run = Run.get_context()
        run.upload_file("a", io.BytesIO(b"1"))
        run.tag("imported", str("sqlite3" in sys.modules))
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_tags() == {"imported": "False"}
    assert run.get_file_names() == ["a", "user_logs/std_log.txt"]


def test_an_interpreter_without_xxhash_uploads_too(experiment: Experiment, project: Project, tmp_path: Path) -> None:
    project.write(
        "train.py",
        """
        import io, sys
        sys.modules["xxhash"] = None
        from localexp import Run
        run = Run.get_context()
        for name in ("a", "outputs/b"):
            run.upload_file(name, io.BytesIO(b"1"))
            run.upload_file(name, io.BytesIO(b"1"))
        open("outputs/b", "w").write("1")
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()
    run.upload_file("a", io.BytesIO(b"1"))
    run.download_file("a", tmp_path / "a", _validate_checksum=True)

    assert run.get_file_names() == ["a", "outputs/b", "user_logs/std_log.txt"]
    assert "warnings" not in run.get_details()
    Path(run._layout.artifact("a")).write_bytes(b"2")
    with pytest.raises(StoreError, match="damaged"):
        run.download_file("a", tmp_path / "a", _validate_checksum=True)


def test_a_hash_of_an_interpreter_without_xxhash_is_checked_with_its_own_kind(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    other = output(
        python(
            """
            import sys
            sys.modules["xxhash"] = None
            from localexp.execution.placing import digest_of
            sys.stdout.write(digest_of(sys.argv[1]))
            """,
            tmp_path / "a",
        )
    )

    assert other.startswith("blake2b-")
    assert placing.digest_of(str(tmp_path / "a"), other) == other
    assert placing.digest_of(str(tmp_path / "a")) != other


KILLED = f"""{KILL_AT_CALL}
import io, localexp
run = localexp.Run.get(localexp.Workspace(sys.argv[1]), sys.argv[2])
sys.setprofile(kill_at_call)
for name in ("a", "sub/b"):
    run.upload_file(name, io.BytesIO(bytes(range(256)) * 8192))
sys.setprofile(None)
print(calls)
"""


def check_killed(experiment: Experiment, run_id: str, call: int) -> None:
    """Nothing half written may stand after an upload that was killed, and the next one must succeed."""
    workspace = experiment.workspace
    run = experiment.start_logging(run_id=run_id, snapshot_directory=None)
    killed = python(KILLED, workspace.path, run_id, call)
    _, said = killed.communicate()
    # How often it asks for a lock, and so how many calls there are, differs from time to time.
    assert killed.returncode in (-signal.SIGKILL, 0), said

    for name in run.get_file_names():
        assert Path(run._layout.artifact(name)).read_bytes() == DATA
    for path in Path(run._layout.artifacts).rglob("*"):
        assert path.is_dir() or path.read_bytes() == DATA
    for name in ("a", "sub/b"):
        run.upload_file(name, io.BytesIO(DATA))
    run.complete()
    assert run.get_file_names() == ["a", "sub/b"]
    assert "warnings" not in run.get_details()


def calls_of_an_upload(experiment: Experiment) -> int:
    run = experiment.start_logging(snapshot_directory=None)
    count = int(output(python(KILLED, experiment.workspace.path, run.id, -1)))
    run.complete()
    return count


def test_a_killed_upload_leaves_no_half_artifact(experiment: Experiment) -> None:
    count = calls_of_an_upload(experiment)
    for number in range(1, 7):
        check_killed(experiment, f"killed-{number}", number * count // 7)


@pytest.mark.exhaustive
@pytest.mark.timeout(600)
def test_an_upload_that_is_killed_at_any_call_leaves_no_half_artifact(experiment: Experiment) -> None:
    for call in range(1, calls_of_an_upload(experiment)):
        check_killed(experiment, f"killed-{call}", call)


def test_a_full_disk_is_one_clear_error_and_when_there_is_space_again_all_is_well(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3M", "none", disk], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        workspace = Workspace(disk)
        run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
        run.upload_file("small", io.BytesIO(b"1"))
        for _ in range(2):
            with pytest.raises(StoreError, match="the disk is full; free some space and try again"):
                run.upload_file("large", io.BytesIO(DATA * 2))
        assert run.get_file_names() == ["small"]
        assert os.listdir(run._layout.artifacts) == ["small"]
        assert left_aside(run) == []

        subprocess.run(["mount", "-o", "remount,size=64M", disk], check=True)
        run.upload_file("large", io.BytesIO(DATA * 2))
        run.complete()
        assert run.get_file_names() == ["large", "small"]
        assert "warnings" not in run.get_details()
        workspace.close()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_store_that_may_only_be_read_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with Experiment(workspace, "digits").start_logging(snapshot_directory=None) as run:
        run.upload_file("a", io.BytesIO(b"1"))
    workspace.close()
    paths = [*tmp_path.rglob("*"), tmp_path]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    code = (
        "import io, sys, localexp; run = localexp.Run.get(localexp.Workspace(sys.argv[1]), sys.argv[2])\n"
        "try: run.upload_file('b', io.BytesIO(b'1'))\n"
        "except localexp.errors.StoreError as error: print(error, run.get_file_names())"
    )

    said = subprocess.run(
        [*without_privileges(), sys.executable, "-c", code, tmp_path, run.id], capture_output=True, text=True
    )

    assert "may only be read; copy the folder" in said.stdout, said.stderr
    assert "['a']" in said.stdout
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_folder_that_is_deleted_under_a_script_is_not_made_again(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import io, os, shutil, sys
        from localexp import Run, errors
        run = Run.get_context()
        run.upload_file("a", io.BytesIO(b"1"))
        shutil.rmtree(sys.argv[1])
        try:
            run.upload_file("b", io.BytesIO(b"1"))
        except errors.StoreError as error:
            open(sys.argv[2] + ".aside", "w").write(str(error))
            os.rename(sys.argv[2] + ".aside", sys.argv[2])
        """,
    )
    root, said = experiment.workspace._store.layout.root, project.path.parent / "said"
    run = experiment.submit(project.config(arguments=[root, str(said)]))
    wait_until(said.exists, "the script has said what it was told")

    assert (
        said.read_text() == f"the workspace in {experiment.workspace.path} is gone: run {run.id} cannot be given files"
    )
    assert not os.path.exists(run._layout.folder)


class Deleting(io.BytesIO):
    """A stream during which somebody deletes the folder of the run."""

    def __init__(self, run: Run) -> None:
        super().__init__(b"1")
        self.run = run

    def read(self, size: int | None = -1) -> bytes:
        shutil.rmtree(self.run._layout.folder, ignore_errors=True)
        return super().read(size)


def test_a_folder_that_is_deleted_in_the_middle_of_an_upload_is_not_made_again(run: Run) -> None:
    with pytest.raises(StoreError, match="is gone"):
        run.upload_file("sub/a", Deleting(run))

    assert not os.path.exists(run._layout.folder)


def test_a_number_is_added_where_another_file_has_the_name(run: Run) -> None:
    def stored(name: str, data: str) -> str:
        with run._recorder() as record:
            return uploads.store_numbered(run._layout, record, name, io.StringIO(data))

    assert [stored("plots/loss.png", f"{step // 2}") for step in range(6)] == [
        *("plots/loss.png", "plots/loss.png", "plots/loss_1.png", "plots/loss_1.png"),
        *("plots/loss_2.png", "plots/loss_2.png"),
    ]
    assert stored("plots/loss.png", "0") == "plots/loss.png"
    assert stored("plots", "a file where a folder is") == "plots_1"
    assert stored("plots/loss.png/below", "1") == "plots/loss.png_1/below"
    assert stored("plots/loss.png/other", "1") == "plots/loss.png_1/other"
    assert run.get_file_names() == [
        *("plots/loss.png", "plots/loss.png_1/below", "plots/loss.png_1/other", "plots/loss_1.png", "plots/loss_2.png"),
        "plots_1",
    ]
    with pytest.raises(UserErrorException):
        stored("../a", "1")


def test_a_word_that_is_not_kept_is_an_error_and_the_next_try_records_the_file(run: Run) -> None:
    run.log("loss", 1)
    journals = Path(run._layout.journals)
    [journal] = journals.iterdir()
    aside = journals.parent / "elsewhere"
    assert run._writer is not None
    os.close(run._writer._descriptor)
    run._writer._descriptor = os.open(journal, os.O_RDONLY)

    with pytest.raises(LocalexpError, match="could not be kept"):
        run.upload_file("a", io.BytesIO(b"1"))
    assert run.get_file_names() == []

    os.close(run._writer._descriptor)
    run._writer._descriptor = -1
    run._writer._checked_at = 0
    run.upload_file("a", io.BytesIO(b"1"))
    assert run.get_file_names() == ["a"]
    assert not aside.exists()


def test_without_links_what_is_captured_never_replaces_what_is_uploaded_at_that_moment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("left").write_bytes(b"of the script")
    aside, target = tmp_path / "uploaded", Path(run._layout.artifact("left"))
    aside.write_bytes(b"of the user")
    refused: list[type[OSError]] = []

    def no_link(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def upload() -> None:
        try:
            placing.rename_to_free(str(aside), str(target))
        except FileExistsError as error:
            refused.append(type(error))

    rename, uploader = os.rename, Thread(target=upload)

    def rename_after_another(source: str, destination: str) -> None:
        if destination == str(target) and not uploader.ident:
            uploader.start()
            # It is either through, or waits for us.
            wait_until(lambda: target.exists() or any_waits_for(target.parent), "the upload has got its turn")
        rename(source, destination)

    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(os, "rename", rename_after_another)
    recorder = ending.journal_writer(run.experiment.workspace._store, run._known())
    capture.capture_copy(run._layout, os.fsencode(tmp_path), b"left", b"left", recorder)
    uploader.join()
    recorder.close()

    assert refused == [FileExistsError]
    assert target.read_bytes() == b"of the script"
    run.complete()


def any_waits_for(folder: Path) -> bool:
    """Whether somebody waits for the lock of a folder, where the system shows it."""
    if sys.platform != "linux":
        return True
    inode = f":{folder.stat().st_ino} "
    return any("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


def test_an_upload_that_comes_to_its_end_meanwhile_is_not_in_the_way_of_clean(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.upload_file("first", io.BytesIO(DATA))
    run.complete()
    aside, real = Path(run._layout.folder, "aside-of-another"), os.listdir
    aside.touch()

    def listed(folder: str) -> list[str]:
        names = real(folder)
        aside.unlink(missing_ok=True)
        return names

    monkeypatch.setattr(os, "listdir", listed)

    assert run.clean() == []


def test_bytes_are_put_aside_though_the_folder_of_the_run_is_removed_as_long_as_it_is_empty(run: Run) -> None:
    folder = Path(run._layout.folder)
    run.complete()
    with removed_while_empty(folder):
        for number in range(1000):
            with placing.aside(run._layout, lambda: os.makedirs(folder, exist_ok=True)) as (_, file):
                file.write(str(number).encode())
