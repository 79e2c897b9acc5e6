"""What cannot be captured is one clear error, what need not be is said, and the store is never the worse for it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from localexp import Experiment, ScriptRunConfig, Workspace
from localexp.errors import LocalexpError, SnapshotException, UserErrorException
from localexp.snapshot import take, verify
from tests.processes import NOBODY, Project, output, python, python_of_nobody
from tests.snapshot import leases, trees
from tests.snapshot.leases import LOOK, seen_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def check_store(workspace: Workspace) -> None:
    report = verify.checked(workspace._store)
    assert [(problem.kind, problem.name, problem.detail) for problem in report.problems] == []
    assert report.leftovers == 0


def paths_in(workspace: Workspace, source: str | Path) -> set[str]:
    return {file.path for file in trees.taken(workspace, source).files()}


@pytest.mark.parametrize("name", ["train.py", "nowhere", "dangling", "train.py/below"])
def test_a_source_directory_that_is_none_is_a_mistake_of_the_user(
    experiment: Experiment, project: Project, name: str
) -> None:
    project.write("train.py", "")
    (project.path / "dangling").symlink_to("nowhere")

    with pytest.raises(UserErrorException, match=re.escape(str(project.path / name))):
        experiment.submit(ScriptRunConfig(project.path / name, "train.py"))

    assert list(experiment.get_runs()) == []


def test_a_source_directory_may_be_reached_by_a_link(experiment: Experiment, project: Project, tmp_path: Path) -> None:
    project.write("train.py", LOOK)
    (project.path / "out").symlink_to("../data")
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "far" / "away" / "link").symlink_to(project.path)

    run = experiment.submit(ScriptRunConfig(tmp_path / "far" / "away" / "link", "train.py"))

    assert seen_by(run)[1][b"train.py"] == (LOOK.encode(), False)
    assert run._known().snapshot == trees.taken(experiment.workspace, project.path).id


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder in which somebody works whom permissions bind."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


def test_all_that_cannot_be_read_is_named_in_one_error(folder_of_nobody: Path) -> None:
    message = output(
        python_of_nobody(
            """
            import os, sys
            from localexp import Experiment, ScriptRunConfig, Workspace
            from localexp.errors import SnapshotException
            from localexp.snapshot import verify
            source = os.path.join(sys.argv[1], "source")
            locked = ["locked.txt", "sub/locked.txt", "sub/locked.bin", "locked/", "unlisted/"]
            for name in ("train.py", "sub/fine.txt", *locked, "locked/file", "unlisted/file"):
                os.makedirs(os.path.join(source, os.path.dirname(name)), exist_ok=True)
                if not name.endswith("/"):
                    with open(os.path.join(source, name), "wb") as file:
                        file.write(b"x" * (100_000 if name.endswith(".bin") else 1))
            for name in locked:
                os.chmod(os.path.join(source, name), 0o444 if name == "unlisted/" else 0)
            workspace = Workspace(sys.argv[1])
            experiment, config = Experiment(workspace, "digits"), ScriptRunConfig(source, "train.py")
            messages = []
            # Folders are known before any file is read.
            for _ in range(2):
                try:
                    experiment.submit(config)
                except SnapshotException as error:
                    messages.append(str(error))
                for name in ("locked", "unlisted"):
                    os.chmod(os.path.join(source, name), 0o755)
            assert list(experiment.get_runs()) == []
            assert verify.checked(workspace._store).problems == []
            print(*messages, sep="\\n--\\n")
            with open(os.path.join(source, ".amlignore"), "w") as file:
                file.write("locked.*\\n")
            with open(os.path.join(source, "train.py"), "w") as file:
                file.write("print(1)")
            print(experiment.submit(config).wait_for_completion()["status"])
            """,
            folder_of_nobody,
        )
    )

    folders, files = message.split("\n--\n")
    assert f"2 files or folders in {folder_of_nobody}/source cannot be read" in folders
    assert "\n  locked: Permission denied" in folders
    assert "\n  unlisted/file: Permission denied" in folders
    assert f"3 files or folders in {folder_of_nobody}/source cannot be read" in files
    for name in ("locked.txt", "sub/locked.txt", "sub/locked.bin"):
        assert f"\n  {name}: Permission denied" in files
    assert files.endswith("\nCompleted\n")


@pytest.mark.parametrize("place", ["", "objects", "runs"])
def test_nothing_in_the_store_is_captured(experiment: Experiment, place: str) -> None:
    source = Path(experiment.workspace._store.layout.root, place)
    source.mkdir(exist_ok=True)
    (source / "train.py").write_text("")

    for force in (False, True):
        with pytest.raises(SnapshotException, match="lies in the store of localexp"):
            experiment.submit(ScriptRunConfig(source, "train.py"), force=force)

    assert list(experiment.get_runs()) == []


def test_a_tree_that_contains_the_store_is_captured_without_it(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print(1)")

    run = Experiment(workspace, "digits").submit(ScriptRunConfig(tmp_path, "train.py"))
    run.wait_for_completion()
    again = Experiment(workspace, "digits").submit(ScriptRunConfig(tmp_path, "train.py"))
    again.wait_for_completion()

    assert paths_in(workspace, tmp_path) == {"train.py"}
    assert run._known().snapshot == again._known().snapshot


def test_a_home_directory_is_refused_unless_it_is_really_meant(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "print(1)")
    monkeypatch.setenv("HOME", str(project.path))

    with pytest.raises(SnapshotException, match=r"is the home directory(.|\n)*force=True \(--force\)"):
        experiment.submit(project.config())
    assert list(experiment.get_runs()) == []

    assert experiment.submit(project.config(), force=True).wait_for_completion()["status"] == "Completed"


def test_the_top_of_the_file_system_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "top").symlink_to("/")

    for source in ("/", tmp_path / "top"):
        with pytest.raises(SnapshotException, match=r"is the top of the file system(.|\n)*force=True"):
            trees.taken(workspace, source)
    # With force the limits alone stand in its way, as nobody has this little.
    with (
        pytest.raises(SnapshotException, match=r"holds at least|holds [0-9]+ files|cannot be read"),
        take.taken(workspace._store, "/proc/self/fdinfo/..", take.Options(max_files=1, force=True)),
    ):
        pass


def test_names_that_windows_cannot_hold_are_kept_and_said(experiment: Experiment, project: Project) -> None:
    project.write("train.py", LOOK)
    for name in ("what?.txt", "a:b", "aux.c", "dot."):
        project.write(name, name)
    project.write("sub /fine", "")
    (project.path / "back\\slash").symlink_to("train.py")

    run = experiment.submit(project.config())

    message = "the snapshot holds names that Windows cannot hold: a:b, aux.c, back\\\\slash and 3 more"
    assert seen_by(run)[1] == trees.read(project.path)
    assert [warning["message"] for warning in run.get_details()["warnings"]] == [message]


def test_loops_of_links_are_kept_as_they_are(experiment: Experiment, project: Project) -> None:
    project.write("train.py", LOOK)
    project.write("sub/file", "")
    for name, target in {"self": "self", "ping": "pong", "pong": "ping", "sub/up": "..", "sub/here": "."}.items():
        (project.path / name).symlink_to(target)

    run = experiment.submit(project.config())

    assert seen_by(run)[1] == trees.read(project.path)


@pytest.mark.parametrize("size", [1000, 8_000_000])
def test_a_file_that_grows_all_the_time_is_an_error_that_names_it_or_captured_as_of_one_moment(
    workspace: Workspace, project: Project, size: int
) -> None:
    growing = project.path / "growing.log"
    growing.write_bytes(b"0123456789" * (size // 10))
    writer = python(
        """
        import os, sys
        file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
        print("ready", flush=True)
        try:
            while True:
                os.write(file, b"0123456789")
        except KeyboardInterrupt:
            pass
        """,
        growing,
    )
    assert writer.stdout
    writer.stdout.readline()
    said, captured = "", b""
    try:
        with trees.taken(workspace, project.path).open("growing.log") as file:
            captured = file.read()
    except SnapshotException as error:
        said = str(error)
    finally:
        writer.kill()
        writer.communicate()

    if not captured:
        assert f"{growing} changes while it is read; wait until it is written, or leave it out by" in said
    assert captured == b"0123456789" * (len(captured) // 10)
    check_store(workspace)
    with trees.taken(workspace, project.path).open("growing.log") as file:
        assert file.read() == growing.read_bytes()


def test_pipes_and_sockets_are_left_out_and_said(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", LOOK)
    os.mkfifo(project.path / "pipe")
    # Their paths must be short.
    monkeypatch.chdir(project.path)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")

    with pytest.warns(UserWarning, match="neither file, link nor folder: pipe, socket"):
        run = experiment.submit(project.config())

    assert seen_by(run)[1] == {b"train.py": (LOOK.encode(), False)}


@pytest.mark.parametrize("kind", ["small", "large", "trees"])
def test_a_full_disk_is_one_clear_error_and_when_there_is_space_again_all_is_well(
    project: Project, tmp_path: Path, kind: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3M", "none", disk], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        workspace = Workspace(disk)
        first = Project(tmp_path / "first")
        first.write("file", "text")
        (first.path / "large").write_bytes(os.urandom(70_000))
        before = trees.taken(workspace, first.path)
        for number in range({"small": 200, "large": 30, "trees": 0}[kind]):
            (project.path / f"{number}").write_bytes(os.urandom(50_000 if kind == "small" else 300_000))
        for number in range(1000 if kind == "trees" else 0):
            (project.path / f"{number}").symlink_to("/".join(["nowhere"] * 500))
        experiment = Experiment(workspace, "digits")
        project.write("train.py", "print(1)")

        for _ in range(2):
            with pytest.raises(LocalexpError, match="the disk is full; free some space and try again"):
                experiment.submit(project.config())
        check_store(workspace)
        assert list(experiment.get_runs()) == []
        before.restore(tmp_path / "restored")
        assert trees.read(tmp_path / "restored") == trees.read(first.path)

        subprocess.run(["mount", "-o", "remount,size=64M", disk], check=True)
        assert experiment.submit(project.config()).wait_for_completion()["status"] == "Completed"
        check_store(workspace)
        trees.taken(workspace, project.path).restore(tmp_path / "again")
        assert trees.read(tmp_path / "again") == trees.read(project.path)
        workspace.close()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


SECRETS = [".env", ".env.local", "id_rsa", "sub/credentials.json", "certificate.pem", "server.key", "keys [old].pem"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("has_gitignore", [False, True])
def test_a_likely_secret_is_warned_of_and_the_line_that_is_given_leaves_it_out(
    workspace: Workspace, project: Project, secret: str, has_gitignore: bool
) -> None:
    project.write("train.py", "")
    project.write(secret, "secret")
    for name in (".env.example", "environment.py", "keyboard.py", "sub/id_rsa.pub"):
        project.write(name, "harmless")
    if has_gitignore:
        project.write(".gitignore", "*.log\n")
        project.write("noise.log", "")

    with take.taken(workspace._store, str(project.path)) as snapshot:
        [note] = snapshot.warnings
    found = re.fullmatch(r"the snapshot holds what may be a secret: (.*); to keep it out write into (.*): '(.*)'", note)
    assert found, note
    assert found[1] == secret
    before = paths_in(workspace, project.path)
    with open(project.path / found[2], "a") as file:
        file.write(found[3] + "\n")

    with take.taken(workspace._store, str(project.path)) as snapshot:
        assert snapshot.notes == []
    assert paths_in(workspace, project.path) == before - {secret} | {found[2]}


def test_many_secrets_are_one_warning_of_the_run(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "print(1)")
    for name in SECRETS:
        project.write(name, "secret")

    with pytest.warns(UserWarning, match="may be a secret") as caught:
        run = experiment.submit(project.config())
    run.wait_for_completion()

    assert len(caught) == 1
    [warning] = run.get_details()["warnings"]
    assert "secret: .env, .env.local, certificate.pem and 4 more" in warning["message"]
    assert leases.folders(experiment.workspace) != []
