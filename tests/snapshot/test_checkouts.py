"""Each run finds exactly its snapshot in its tree, whatever earlier runs did to that, at the price of what differs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import Experiment, Run, Workspace
from localexp.snapshot import checkout, known
from localexp.store import checkouts
from localexp.store.owners import Owner, this_process
from tests.processes import NOBODY, Project, output, python_of_nobody, wait_until
from tests.snapshot import leases, trees
from tests.snapshot.leases import LOOK, seen_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.checkouts import CheckoutRecord
    from tests.snapshot.trees import Content


def folder_of(run: Run) -> str:
    return seen_by(run)[0]


def rows(workspace: Workspace) -> list[CheckoutRecord]:
    with workspace._store.main.reading() as db:
        return checkouts.idle(db)


@pytest.fixture
def other(tmp_path: Path) -> Project:
    """Another source directory."""
    project = Project(tmp_path / "other")
    project.write("train.py", LOOK)
    return project


def test_a_source_directory_keeps_its_tree_and_another_has_another(
    experiment: Experiment, project: Project, other: Project
) -> None:
    project.write("train.py", LOOK)
    first = folder_of(experiment.submit(project.config()))
    second = folder_of(experiment.submit(other.config()))
    project.write("more.txt", "more")

    assert first != second
    assert folder_of(experiment.submit(project.config())) == first
    assert folder_of(experiment.submit(other.config())) == second


def test_runs_at_the_same_time_have_trees_of_their_own(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    project.write("train.py", f"{LOOK}\nimport time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.01)\n")
    runs = [experiment.submit(project.config()) for _ in range(2)]
    for run in runs:
        wait_until(lambda run=run: run.get_status() == "Running", "both run")  # type: ignore[misc]
    go.touch()

    found = [seen_by(run) for run in runs]

    assert found[0][0] != found[1][0]
    assert found[0][1] == found[1][1] == trees.read(project.path)
    assert folder_of(experiment.submit(project.config())) in (found[0][0], found[1][0])


VANDALISM = """
import shutil, socket, stat
status = os.stat("same-size-and-time.txt")
with open("same-size-and-time.txt", "r+") as file:
    file.write("evil")
os.utime("same-size-and-time.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
open("edited.txt", "a").write("evil")
os.remove("deleted.txt")
shutil.rmtree("deleted")
open("sub/added.txt", "w").write("evil")
os.makedirs("added/empty")
os.chmod("chmodded.txt", 0o755)
os.chmod("secret.txt", 0o600)
os.remove("to-link.txt")
os.symlink(OUTSIDE, "to-link.txt")
os.remove("to-folder.txt")
os.mkdir("to-folder.txt")
open("to-folder.txt/file", "w").close()
shutil.rmtree("to-file")
open("to-file", "w").write("evil")
shutil.rmtree("to-linked-folder")
os.symlink(os.path.dirname(OUTSIDE), "to-linked-folder")
os.link("linked.txt", OUTSIDE + ".hard")
os.remove("to-hard-link.txt")
os.link(OUTSIDE, "to-hard-link.txt")
os.remove("to-fifo.txt")
os.mkfifo("to-fifo.txt")
socket.socket(socket.AF_UNIX).bind("sub/socket")
os.rename("renamed", "renamed-to")
os.remove("link")
os.symlink("chmodded.txt", "link")
"""


def test_whatever_a_script_did_to_its_tree_is_put_right_for_the_next_run(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside" / "mine.txt"
    outside.parent.mkdir()
    outside.write_text("mine")
    for name in ("same-size-and-time", "edited", "deleted", "chmodded", "secret", "to-link", "to-folder", "linked"):
        project.write(f"{name}.txt", "good")
    for name in ("to-hard-link.txt", "to-fifo.txt", "renamed/file", "deleted/file", "to-file/file", "sub/file"):
        project.write(name, "good")
    project.write("to-linked-folder/mine.txt", "good")
    (project.path / "link").symlink_to("edited.txt")
    project.write("train.py", f"OUTSIDE = {str(outside)!r}\n{LOOK}{VANDALISM}")
    project.write("look.py", LOOK)

    vandal, next_run = experiment.submit(project.config()), None
    folder, _ = seen_by(vandal)
    for write in (lambda: None, lambda: Path(f"{outside}.hard").write_text("evil")):
        write()
        next_run = experiment.submit(project.config("look.py"))
        assert seen_by(next_run) == (folder, trees.read(project.path))

    # What it changed has been kept, and what lies outside is untouched.
    assert {"edited.txt", "same-size-and-time.txt", "sub/added.txt", "renamed-to/file"} <= {*vandal.get_file_names()}
    assert outside.read_text() == "mine"


def vandalize(root: bytes, outside: bytes, kind: str, number: int) -> None:
    """Do something to an entry of a tree, the one that the number says, as far as that can be done to it."""
    paths = [os.path.join(folder, name) for folder, *names in os.walk(root) for name in names[0] + names[1]]
    if not paths:
        return
    path = sorted(paths)[number % len(paths)]
    is_link, is_folder = os.path.islink(path), os.path.isdir(path) and not os.path.islink(path)
    is_file = not is_link and os.path.isfile(path)
    new = os.path.join(os.path.dirname(path), b"new-%d" % number)
    if kind in ("edit", "edit unseen") and is_file:
        status = os.stat(path)
        with open(path, "r+b") as file:
            content = file.read()
            file.seek(0)
            file.write(bytes(255 - byte for byte in content) if kind == "edit unseen" else b"evil")
        if kind == "edit unseen":
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif kind in ("delete", "to link", "to folder", "to fifo", "to copy"):
        os.rename(path, outside) if kind == "to copy" else remove(path)
        if kind == "to link":
            os.symlink(b"/etc" if number % 2 else b".", path)
        elif kind == "to folder":
            os.makedirs(os.path.join(path, b"below", b"x"))
        elif kind == "to fifo":
            os.mkfifo(path)
        elif kind == "to copy" and is_file:
            shutil.copy2(outside, path)
        elif kind == "to copy" and is_folder:
            # Save for pipes, which cannot be copied.
            with suppress(shutil.Error):
                shutil.copytree(os.fsdecode(outside), os.fsdecode(path), symlinks=True)
    elif kind == "chmod" and not is_link:
        os.chmod(path, 0o700 if number % 2 or is_folder else 0o640)
    elif kind == "link out" and is_file:
        os.link(path, outside)
    elif kind == "add" and not os.path.lexists(new):
        trees.write(new, {b"file": (b"evil", True), b"link": b"/etc/passwd", b"empty": {}})
    elif kind == "bytecode" and is_folder:
        os.makedirs(os.path.join(path, b"__pycache__"), exist_ok=True)
        with open(os.path.join(path, b"__pycache__", b"a.cpython-311.pyc"), "wb") as file:
            file.write(b"evil")
    elif kind == "rename" and not os.path.lexists(new):
        os.rename(path, new)


def remove(path: bytes) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


KINDS = ["edit", "edit unseen", "delete", "to link", "to folder", "to fifo", "to copy", "chmod", "link out", "add"]
KINDS += ["bytecode", "rename"]
acts = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 1000)), max_size=8)


@settings(max_examples=20)
@given(first=trees.directories, other=trees.directories, are_alike=st.booleans(), acts=acts, is_captured=st.booleans())
def test_any_tree_becomes_any_other_after_any_vandalism(
    workspace: Workspace,
    first: dict[bytes, Content],
    other: dict[bytes, Content],
    are_alike: bool,
    acts: list[tuple[str, int]],
    is_captured: bool,
) -> None:
    second = {**first, **other} if are_alike else other
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source")
        trees.write(os.fsencode(source), first)
        lease = leases.leased(workspace, trees.taken(workspace, source).id, source)
        assert trees.read(lease.root) == leases.in_a_tree(first, os.fsencode(source))
        for place, act in enumerate(acts):
            vandalize(lease.root, os.fsencode(folder) + b"/outside-%d" % place, *act)
        (leases.give_back if is_captured else leases.take_back)(workspace, lease)
        shutil.rmtree(source)
        trees.write(os.fsencode(source), second)

        again = leases.leased(workspace, trees.taken(workspace, source).id, source)

        assert again.root == lease.root
        assert leases.without_bytecode(trees.read(again.root)) == leases.in_a_tree(second, os.fsencode(source))
        leases.give_back(workspace, again)


def stamps(root: str | bytes) -> dict[bytes, tuple[int, int, int]]:
    """Inode and times of each file and link below a folder."""
    found = {}
    for folder, _, names in os.walk(os.fsencode(root)):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return found


def test_what_is_as_it_should_be_is_not_written_again(workspace: Workspace, project: Project) -> None:
    for name in ("a.py", "sub/b.py", "sub/deep/c.py"):
        project.write(name, name)
    (project.path / "sub" / "large.bin").write_bytes(os.urandom(100_000))
    (project.path / "sub" / "link").symlink_to("b.py")
    lease = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)
    before = stamps(lease.root)
    leases.give_back(workspace, lease)
    project.write("sub/deep/c.py", "edited")

    again = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)

    after = stamps(again.root)
    assert {path for path in before if before[path] != after[path]} == {os.path.join(lease.root, b"sub/deep/c.py")}
    assert before.keys() == after.keys()


def test_a_removed_module_cannot_be_imported_and_untouched_ones_keep_their_bytecode(
    experiment: Experiment, project: Project
) -> None:
    project.write("pkg/__init__.py", "")
    project.write("pkg/stays.py", "")
    project.write("pkg/goes.py", "")
    project.write(
        "train.py",
        """
        import importlib, os
        from localexp import Run
        run, found = Run.get_context(), []
        for name in ("pkg.stays", "pkg.goes"):
            try:
                found.append(importlib.import_module(name).__name__)
            except ModuleNotFoundError:
                pass
        run.log("found", " ".join(found))
        names = sorted(os.listdir("pkg/__pycache__"))
        run.log("cached", " ".join(name for name in names if not name.startswith("__init__")))
        run.log("inode", next(os.stat("pkg/__pycache__/" + name).st_ino for name in names if "stays" in name))
        """,
    )
    first = experiment.submit(project.config())
    first.wait_for_completion()
    (project.path / "pkg" / "goes.py").unlink()

    second = experiment.submit(project.config())
    second.wait_for_completion()

    before, after = first.get_metrics(), second.get_metrics()
    assert (before["found"], after["found"]) == ("pkg.stays pkg.goes", "pkg.stays")
    assert [name.split(".")[0] for name in str(after["cached"]).split()] == ["stays"]
    assert before["inode"] == after["inode"]


def test_what_was_compiled_of_a_touched_source_goes_and_the_rest_stays(workspace: Workspace, project: Project) -> None:
    for name in ("touched.py", "dotted.name.py", "untouched.py", "touch.py"):
        project.write(name, "x = 1")
    lease = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)
    cache = Path(os.fsdecode(lease.root)) / "__pycache__"
    cache.mkdir()
    stale = ["touched.cpython-311.pyc", "touched.cpython-311.opt-2.pyc", "touched.f-12.py311.nbi", "touched.f-12.1.nbc"]
    stale += ["dotted.name.cpython-311.pyc"]
    for name in (*stale, "untouched.cpython-311.pyc", "touch.cpython-311.pyc", "untouched.touched.f-1.nbi"):
        (cache / name).write_bytes(b"compiled")
    leases.give_back(workspace, lease)
    project.write("touched.py", "x = 2")
    project.write("dotted.name.py", "x = 2")

    leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)

    left = ["touch.cpython-311.pyc", "untouched.cpython-311.pyc", "untouched.touched.f-1.nbi"]
    assert sorted(os.listdir(cache)) == left


@pytest.mark.parametrize("name", ["model.py", "my.model.py"])
def test_quick_edits_of_the_same_size_run_the_new_code_wherever_its_bytecode_lies(
    experiment: Experiment, project: Project, tmp_path: Path, name: str
) -> None:
    project.write(
        "train.py",
        f"""
        import importlib.util
        from localexp import Run
        spec = importlib.util.spec_from_file_location("model", {name!r})
        model = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(model)
        Run.get_context().log("value", model.VALUE)
        """,
    )
    config = project.config()
    if name == "model.py":
        config.run_config.environment_variables = {"PYTHONPYCACHEPREFIX": str(tmp_path / "prefix")}
    values = []
    for value in range(100, 103):
        project.write(name, f"VALUE = {value}")
        run = experiment.submit(config)
        run.wait_for_completion()
        values.append(run.get_metrics()["value"])

    assert values == [*range(100, 103)]


def test_links_inside_stay_and_links_out_are_absolute_and_warned_of(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", LOOK)
    project.write("sub/file", "")
    (tmp_path / "data").mkdir()
    (project.path / "sub" / "up").symlink_to("../train.py")
    (project.path / "sub" / "absolute").symlink_to(project.path / "train.py")
    (project.path / "sub" / "out").symlink_to("../../data")

    runs = [experiment.submit(project.config()) for _ in range(2)]

    for run in runs:
        _, seen = seen_by(run)
        out = os.fsencode(tmp_path / "data")
        file = (b"", False)
        assert seen[b"sub"] == {b"file": file, b"up": b"../train.py", b"absolute": b"../train.py", b"out": out}
        [warning] = run.get_details()["warnings"]
        assert warning["message"].startswith("the link sub/out leads out of the source directory, to ")


def test_the_tree_that_was_idle_for_the_longest_time_goes_first_and_a_leased_one_never(
    workspace: Workspace, tmp_path: Path
) -> None:
    sources = [Project(tmp_path / f"source-{number}") for number in range(3)]
    for number, source in enumerate(sources):
        (source.path / "data").write_bytes(b"%d" % number * 30_000)
    ids = [trees.taken(workspace, source.path).id for source in sources]
    held = [leases.leased(workspace, ids[number], sources[number].path) for number in range(3)]
    workspace.set_setting("checkouts.max_bytes", 60_000)

    leases.give_back(workspace, held[1])
    # 90,000 bytes are too many, and only one of them could go.
    assert leases.folders(workspace) == sorted([held[0].tree.folder, held[2].tree.folder])

    leases.give_back(workspace, held[2])
    leases.give_back(workspace, held[0])
    assert leases.folders(workspace) == sorted([held[0].tree.folder, held[2].tree.folder])

    used = leases.leased(workspace, ids[2], sources[2].path)
    leases.give_back(workspace, used)
    workspace.set_setting("checkouts.max_bytes", 30_000)
    checkout.trim(workspace._store)
    assert leases.folders(workspace) == [used.tree.folder] == [held[2].tree.folder]

    leased = leases.leased(workspace, ids[2], sources[2].path)
    workspace.set_setting("checkouts.max_bytes", 0)
    checkout.trim(workspace._store)
    assert leases.folders(workspace) == [used.tree.folder]
    leases.give_back(workspace, leased)
    assert leases.folders(workspace) == []


def test_a_tree_whose_supervisor_was_killed_is_never_used_again_and_its_files_are_kept(
    experiment: Experiment, project: Project
) -> None:
    endless = f"{LOOK}\nprint(os.getcwd(), flush=True)\nopen('train.py', 'a').write('#')\nimport time; time.sleep(600)"
    project.write("train.py", endless)
    project.write("look.py", LOOK)
    killed = experiment.submit(project.config())
    log = Path(killed._layout.log)
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"), "the script runs")
    folder = log.read_text().strip()
    owner = Owner.parse(str(killed._known().owner))
    os.kill(owner.pid, signal.SIGKILL)
    wait_until(lambda: not owner.is_alive(), "the supervisor is dead")

    # Nobody has looked at the killed run yet.
    before = seen_by(experiment.submit(project.config("look.py")))
    assert killed.get_status() == "Failed"
    after = seen_by(experiment.submit(project.config("look.py")))

    assert before == after
    assert before[0] != folder
    assert before[1] == trees.read(project.path)
    assert not os.path.exists(folder)
    assert {"outputs/seen", "train.py"} <= {*killed.get_file_names()}


def test_a_tree_in_which_a_process_still_lives_is_not_used_again(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    project.write("train.py", f"{LOOK}\nimport time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n")
    project.write("look.py", LOOK)
    run = experiment.submit(project.config())
    trees_folder = Path(experiment.workspace._store.layout.checkouts)
    wait_until(lambda: "outputs/seen" in run.get_file_names(), "the script is at work")
    [tree] = trees_folder.iterdir()
    # As a shell in which somebody looks around: no process of the script, which would end with it.
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], cwd=tree, stdin=subprocess.PIPE):
        go.touch()
        folder, _ = seen_by(run)
        next_folder, seen = seen_by(experiment.submit(project.config("look.py")))

    assert next_folder != folder
    assert seen == trees.read(project.path)
    assert not os.path.exists(folder)


def remove_cache(workspace: Workspace) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(workspace._store.layout.cache_database + ending).unlink(missing_ok=True)


def test_a_cache_that_is_deleted_between_runs_costs_nothing_but_time(experiment: Experiment, project: Project) -> None:
    project.write("train.py", f"{LOOK}\nopen('data.txt', 'w').write('evil')")
    project.write("data.txt", "good")
    project.write("sub/data.txt", "good")

    for _ in range(3):
        run = experiment.submit(project.config())
        assert seen_by(run)[1] == trees.read(project.path)
        assert run.get_file_names() == ["data.txt", "outputs/seen", "user_logs/std_log.txt"]
        remove_cache(experiment.workspace)


def test_a_cache_that_is_deleted_during_a_run_makes_no_artifacts_of_the_source(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    cache = experiment.workspace._store.layout.cache_database
    deletion = f"for end in ('', '-wal', '-shm'):\n    os.path.exists({cache!r} + end) and os.remove({cache!r} + end)\n"
    project.write("train.py", f"{LOOK}{deletion}open('data.txt', 'a').write('evil')")
    project.write("data.txt", "good")
    project.write("sub/data.txt", "good")
    (project.path / "sub" / "large.bin").write_bytes(os.urandom(100_000))
    (project.path / "link").symlink_to("sub")
    (project.path / "out").symlink_to(tmp_path)
    project.write("look.py", LOOK)

    for _ in range(2):
        run = experiment.submit(project.config())
        seen_by(run)
        assert run.get_file_names() == ["data.txt", "outputs/seen", "user_logs/std_log.txt"]
        _, seen = seen_by(experiment.submit(project.config("look.py")))
        assert seen == leases.in_a_tree(trees.read(project.path), os.fsencode(project.path))


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder in which somebody works whom permissions bind."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


@pytest.mark.parametrize("is_edited", [False, True])
def test_folders_that_a_script_has_locked_do_not_hinder_the_next_run(folder_of_nobody: Path, is_edited: bool) -> None:
    found = output(
        python_of_nobody(
            """
            import os, sys
            from localexp import Experiment, ScriptRunConfig, Workspace
            from localexp.store import checkouts
            top, is_edited = sys.argv[1], sys.argv[2] == "True"
            source = os.path.join(top, "source")
            looking = "import os\\nfor mode in (0o555, 0o000, 0o444):\\n sub = oct(mode); deep = sub + '/deep'\\n"
            looking += " print(open(sub + '/one').read(), open(deep + '/two').read())\\n"
            looking += " open(deep + '/made', 'w').close(); os.remove(deep + '/made')\\n"
            locking = " os.chmod(deep, mode); os.chmod(sub, mode)\\n"
            for mode in ("0o555", "0o0", "0o444"):
                os.makedirs(os.path.join(source, mode, "deep"))
                for name in ("one", "deep/two"):
                    with open(os.path.join(source, mode, name), "w") as file:
                        file.write("good")
            for name, code in (("train.py", looking + locking), ("look.py", looking)):
                with open(os.path.join(source, name), "w") as file:
                    file.write(code)
            workspace = Workspace(top)
            experiment = Experiment(workspace, "digits")
            for script in ("train.py", "look.py", "look.py"):
                run = experiment.submit(ScriptRunConfig(source, script))
                run.wait_for_completion()
                with open(run._layout.log) as log:
                    print(run.get_status(), *log.read().split(), *run.get_file_names())
                if is_edited:
                    for mode in ("0o555", "0o0", "0o444"):
                        with open(os.path.join(source, mode, "deep", "two"), "w") as file:
                            file.write("new")
            print(len(os.listdir(os.path.join(top, ".localexp", "checkouts"))))
            """,
            folder_of_nobody,
            is_edited,
        )
    )

    # Of each of the three folders.
    first, second = " good" * 6, (" good new" if is_edited else " good good") * 3
    assert found.splitlines() == [
        f"Completed{first} user_logs/std_log.txt",
        f"Completed{second} user_logs/std_log.txt",
        f"Completed{second} user_logs/std_log.txt",
        "1",
    ]


def test_a_tree_that_cannot_be_put_right_is_left_alone_and_removed_as_soon_as_it_can_be(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", LOOK)
    project.write("file", "good")
    folder, _ = seen_by(experiment.submit(project.config()))
    locked = os.path.join(folder, "file")
    if subprocess.run(["chattr", "+i", locked], capture_output=True).returncode:
        pytest.skip("no file can be made immutable here")
    try:
        project.write("file", "new")
        others = []
        for _ in range(2):
            other, seen = seen_by(experiment.submit(project.config()))
            assert seen == trees.read(project.path)
            others.append(other)
        assert others[0] == others[1] != folder
        assert os.path.exists(locked)
    finally:
        subprocess.run(["chattr", "-i", locked], check=True)

    assert folder_of(experiment.submit(project.config())) == others[0]
    assert not os.path.exists(folder)


def test_a_tree_from_before_a_restart_of_the_machine_is_not_used_again(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", LOOK)
    folder = folder_of(experiment.submit(project.config()))
    here, store = this_process(), experiment.workspace._store
    [idle] = rows(experiment.workspace)
    before = Owner(here.host, "an-earlier-boot", here.namespace, here.pid, here.start)
    with store.main.writing() as db:
        db.execute("UPDATE _checkouts SET owner = ? WHERE key = ?", (str(before), idle.key))
    # As power that is lost may leave it, with the times and sizes of before.
    Path(folder, "train.py").write_bytes(b"\0" * len(LOOK))

    after = folder_of(experiment.submit(project.config()))

    assert after != folder
    assert leases.folders(experiment.workspace) == [os.path.basename(after)]


def test_a_source_may_hold_files_and_links_by_the_names_of_the_output_folders(
    experiment: Experiment, project: Project
) -> None:
    project.write("logs", "a file")
    (project.path / "outputs").symlink_to("nowhere")
    project.write("train.py", "import os; print(open('logs').read(), os.readlink('outputs'))")

    for _ in range(2):
        run = experiment.submit(project.config())
        assert run.wait_for_completion()["status"] == "Completed"
        assert Path(run._layout.log).read_text() == "a file nowhere\n"


@pytest.mark.parametrize("act", ["remove", "link", "file"])
def test_a_script_that_replaces_its_whole_tree_harms_neither_others_nor_the_next_run(
    experiment: Experiment, project: Project, tmp_path: Path, act: str
) -> None:
    mine = tmp_path / "mine"
    (mine / "deep").mkdir(parents=True)
    (mine / "file").write_text("mine")
    (mine / "train.py").write_text("mine")
    (mine / "deep").chmod(0o500)
    project.write(
        "train.py",
        f"""
        import os, shutil
        here = os.getcwd()
        os.chdir("/")
        shutil.rmtree(here)
        if {act!r} == "link":
            os.symlink({str(mine)!r}, here)
        elif {act!r} == "file":
            open(here, "w").close()
        """,
    )
    project.write("look.py", LOOK)
    run = experiment.submit(project.config())
    assert run.wait_for_completion()["status"] == "Completed"

    seen = seen_by(experiment.submit(project.config("look.py")))[1]

    assert seen == trees.read(project.path)
    assert trees.read(mine) == {b"file": (b"mine", False), b"train.py": (b"mine", False), b"deep": {}}
    assert (mine / "deep").stat().st_mode & 0o777 == 0o500
    assert run.get_file_names() == ["user_logs/std_log.txt"]
    assert len(leases.folders(experiment.workspace)) == 1


def test_what_a_script_keeps_beside_bytecode_is_gone_for_the_next_run(experiment: Experiment, project: Project) -> None:
    project.write("pkg/__init__.py", "")
    project.write(
        "train.py",
        """
        import os
        import pkg
        from localexp import Run
        cache = os.path.join("pkg", "__pycache__")
        Run.get_context().log("names", " ".join(sorted(os.listdir(cache))))
        open(os.path.join(cache, "features.json"), "w").close()
        os.mkdir(os.path.join(cache, "more"))
        """,
    )

    names = []
    for _ in range(2):
        run = experiment.submit(project.config())
        run.wait_for_completion()
        names.append(run.get_metrics()["names"])

    assert names[0] == names[1]
    assert "__init__" in names[0]
    assert "features.json" not in names[1]


def test_a_run_leaves_its_tree_as_the_next_one_of_the_same_snapshot_needs_it(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "open('outputs/a', 'w').write('1'); import os; os.makedirs('new/folder')")
    run = experiment.submit(project.config())
    run.wait_for_completion()
    [folder] = Path(experiment.workspace._store.layout.checkouts).iterdir()

    assert sorted(path.name for path in folder.iterdir()) == ["train.py"]


def test_one_thing_that_cannot_be_kept_takes_nothing_else_with_it(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import os
        open("outputs/model", "w").write("weights")
        open("result.csv", "w").write("1")
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_file_names() == ["outputs/model", "result.csv", "user_logs/std_log.txt"]
    [warning] = run.get_details()["warnings"]
    assert "could not be moved" in warning["message"]
    assert len(warning["message"]) < 1000


@pytest.mark.parametrize(
    ("source", "load"),
    [
        ("tool", "import importlib.machinery as m; v = m.SourceFileLoader('tool', 'tool').load_module()"),
        ("conf.v1.py", "import importlib.machinery as m; v = m.SourceFileLoader('conf', 'conf.v1.py').load_module()"),
        ("shared/m.py", "import sys; sys.path.insert(0, 'pkg'); import m as v"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_quick_edit_of_a_source_of_any_name_runs_the_new_code(
    experiment: Experiment, project: Project, source: str, load: str
) -> None:
    (project.path / "pkg").mkdir()
    (project.path / "pkg" / "m.py").symlink_to("../shared/m.py")
    project.write("train.py", f"{load}\nfrom localexp import Run; Run.get_context().log('value', v.X)")

    values = []
    for number in range(1, 4):
        project.write(source, f"X = {number}")
        run = experiment.submit(project.config())
        run.wait_for_completion()
        values.append(run.get_metrics()["value"])

    assert values == [1, 2, 3]


def test_records_of_an_earlier_snapshot_are_not_taken_for_those_of_this_one(
    workspace: Workspace, project: Project
) -> None:
    store = workspace._store
    project.write("train.py", "1")
    first = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)
    before = known.read(store, checkout._key(first.tree))
    leases.give_back(workspace, first)
    project.write("train.py", "2")
    project.write("more.py", "")
    second = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)
    assert second.root == first.root
    # As after a full disk: what was known of the first lease has stayed.
    known.keep(store, checkout._key(second.tree), before.values())

    records = checkout.records(store, second.tree)

    assert records[b""].digest.hex() == second.tree.snapshot
    assert set(records[b""].digests_by_file()) == {b"train.py", b"more.py"}
