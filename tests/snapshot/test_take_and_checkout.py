"""A snapshot holds what counts, stores nothing twice, and comes back as it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from localexp.errors import SnapshotException
from localexp.snapshot import fitting, stored, take, tree
from tests.processes import Project, output, python


def taken(workspace: Workspace, project: Project) -> take.Taken:
    with take.taken(workspace._store, str(project.path)) as snapshot:
        with workspace._store.main.writing() as db:
            snapshot.record(db)
        return snapshot


def paths_in(workspace: Workspace, snapshot: take.Taken) -> set[str]:
    found = stored.entries_in_order(workspace._store, snapshot.id)
    return {os.fsdecode(path) for path, entry in found if entry.kind != tree.DIRECTORY}


def checked_out(workspace: Workspace, snapshot: take.Taken, project: Project, target: Path) -> list[str]:
    """Make a new directory hold the snapshot, and return the warnings."""
    target.mkdir()
    source = os.fsencode(project.path)
    return fitting.fit(workspace._store, snapshot.id, os.fsencode(target), source, {}).warnings


def tree_of(folder: Path) -> dict[str, object]:
    """Contents, links, executable bits and directories below a folder by path."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = None
        else:
            found[name] = (path.read_bytes(), os.access(path, os.X_OK))
    return found


def test_a_snapshot_comes_back_as_it_was(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "print(1)")
    project.write("deep/er/with space.txt", "text")
    project.write("empty.txt", "")
    project.write("run.sh", "#!/bin/sh").chmod(0o755)
    project.write("same.py", "print(1)")
    (project.path / "large.bin").write_bytes(os.urandom(200_000))
    (project.path / "new\nline").write_bytes(b"\xff\x00")
    (project.path / "empty folder").mkdir()
    (project.path / "link").symlink_to("deep/er")
    snapshot = taken(workspace, project)

    warnings = checked_out(workspace, snapshot, project, tmp_path / "restored")

    assert tree_of(tmp_path / "restored") == tree_of(project.path)
    assert warnings == []


def test_a_name_that_is_no_text_comes_back(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux keeps such names")
    name = os.fsencode(project.path) + b"/name\xff"
    with open(name, "wb") as file:
        file.write(b"x")
    snapshot = taken(workspace, project)

    checked_out(workspace, snapshot, project, tmp_path / "restored")

    assert os.listdir(os.fsencode(tmp_path / "restored")) == [b"name\xff"]


def test_a_link_out_of_the_tree_leads_where_it_led(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (project.path / "data").symlink_to("../data")
    snapshot = taken(workspace, project)

    warnings = checked_out(workspace, snapshot, project, tmp_path / "restored")

    assert os.readlink(tmp_path / "restored" / "data") == str(tmp_path / "data")
    assert len(warnings) == 1
    assert "leads out of the source directory" in warnings[0]


def test_ignored_files_virtual_environments_and_bytecode_stay_out(workspace: Workspace, project: Project) -> None:
    project.write(".gitignore", "*.log\n/data/\n")
    project.write("sub/.gitignore", "!keep.log\nsecret.txt\n")
    for name in ("train.py", "a.log", "data/rows", "sub/keep.log", "sub/secret.txt", "sub/data/rows"):
        project.write(name, name)
    project.write(".git/config", "")
    project.write("venv/pyvenv.cfg", "")
    project.write("venv/lib/site.py", "")
    project.write("sub/__pycache__/x.pyc", "")

    paths = paths_in(workspace, taken(workspace, project))

    assert paths == {".gitignore", "sub/.gitignore", "train.py", "sub/keep.log", "sub/data/rows"}


def test_an_amlignore_stands_in_place_of_a_gitignore(workspace: Workspace, project: Project) -> None:
    project.write(".gitignore", "train.py\n")
    project.write(".amlignore", "data\n")
    project.write("sub/.gitignore", "*\n")
    for name in ("train.py", "data", "sub/file"):
        project.write(name, name)

    paths = paths_in(workspace, taken(workspace, project))

    assert paths == {".gitignore", ".amlignore", "train.py", "sub/.gitignore", "sub/file"}


def test_the_same_content_has_the_same_id_and_is_stored_once(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", "print(1)")
    project.write("sub/data.txt", "1")
    first = taken(workspace, project)
    again = taken(workspace, project)
    os.rename(project.path, tmp_path / "moved")
    project.path = tmp_path / "moved"
    os.utime(project.path / "train.py", (1, 1))
    moved = taken(workspace, project)

    assert first.id == again.id == moved.id
    assert (first.new_blobs, again.new_blobs, moved.new_blobs) == (2, 0, 0)


@pytest.mark.parametrize("change", ["content", "name", "folder name", "mode", "empty folder", "link", "swap"])
def test_any_change_gives_another_id(workspace: Workspace, project: Project, change: str) -> None:
    train, data = project.write("train.py", "print(1)"), project.write("sub/data.txt", "1234")
    first = taken(workspace, project)

    if change == "content":
        data.write_text("4321")
    elif change == "name":
        data.rename(data.with_name("other.txt"))
    elif change == "folder name":
        data.parent.rename(project.path / "sup")
    elif change == "mode":
        train.chmod(0o755)
    elif change == "empty folder":
        (project.path / "empty").mkdir()
    elif change == "link":
        (project.path / "link").symlink_to("train.py")
    else:
        text = train.read_text()
        train.write_text(data.read_text())
        data.write_text(text)

    assert taken(workspace, project).id != first.id


def test_editing_one_file_stores_one_blob(experiment: Experiment, project: Project) -> None:
    for number in range(20):
        project.write(f"module_{number}.py", f"x = {number}")
    project.write("train.py", "")
    new = []
    for edit in (None, None, "x = 'edited'"):
        if edit:
            project.write("module_7.py", edit)
        run = experiment.submit(project.config())
        run.wait_for_completion()
        new.append(run._known().new_blobs)

    # Twenty modules, and the script, which is empty.
    assert new == [21, 0, 1]


def test_content_that_was_lost_from_the_store_is_stored_again(workspace: Workspace, project: Project) -> None:
    file = project.write("train.py", "print(1)")
    os.utime(file, (1, 1))
    taken(workspace, project)
    workspace.close()
    for name in ("blobs.db", "blobs.db-wal", "blobs.db-shm"):
        (Path(workspace._store.layout.root) / name).unlink(missing_ok=True)

    assert taken(Workspace(workspace.path), project).new_blobs == 1


def test_a_cache_that_is_garbage_only_costs_time(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "print(1)")
    first = taken(workspace, project)
    workspace.close()
    Path(workspace._store.layout.cache_database).write_bytes(b"garbage" * 1000)

    assert taken(workspace, project).id == first.id


def test_a_damaged_blob_is_never_handed_out(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "print(1)")
    snapshot = taken(workspace, project)
    with workspace._store.blobs.writing() as db:
        db.execute("UPDATE packs SET data = ?", (b"print(2)",))

    with pytest.raises(SnapshotException, match="damaged"):
        checked_out(workspace, snapshot, project, tmp_path / "restored")


def test_a_directory_that_cannot_be_read_is_an_error_that_names_it(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    (project.path / "loop").symlink_to("loop")
    assert paths_in(workspace, taken(workspace, project)) == {"train.py", "loop"}

    with (
        pytest.raises(SnapshotException, match="nowhere"),
        take.taken(workspace._store, str(project.path / "nowhere")),
    ):
        pass


def test_sockets_and_pipes_are_passed_over_and_named(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    os.mkfifo(project.path / "pipe")

    snapshot = taken(workspace, project)

    assert paths_in(workspace, snapshot) == {"train.py"}
    assert snapshot.warnings == ["left out of the snapshot, as neither file, link nor folder: pipe"]


def test_a_same_size_edit_within_a_second_runs_the_new_code(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import model; from localexp import Run; Run.get_context().log('value', model.VALUE)")
    values = []
    for value in (111, 222, 333):
        project.write("model.py", f"VALUE = {value}")
        run = experiment.submit(project.config())
        run.wait_for_completion()
        values.append(run.get_metrics()["value"])

    assert values == [111, 222, 333]


def installed_editable(project: Project, tmp_path: Path) -> Path:
    """The interpreter of a new virtual environment in which the project is installed editable, in src layout."""
    project.write("src/digits/__init__.py", "WHERE = __file__\n")
    project.write(
        "scripts/train.py", "import digits, localexp; localexp.Run.get_context().log('where', digits.WHERE)\n"
    )
    environment = tmp_path / "environment"
    output(python("import sys, venv; venv.create(sys.argv[1], with_pip=False, symlinks=True)", environment))
    interpreter = environment / "bin" / "python"
    [site_packages] = environment.glob("lib/python*/site-packages")
    # This is what an editable install of a project in src layout comes down to.
    (site_packages / "_digits.pth").write_text(f"{project.path / 'src'}\n")
    return interpreter


def test_a_project_installed_editable_runs_the_code_of_its_snapshot(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    config = project.config("scripts/train.py")
    config.run_config.environment.python.interpreter_path = str(installed_editable(project, tmp_path))

    run = experiment.submit(config)
    run.wait_for_completion()

    where = str(run.get_metrics()["where"])
    assert where.startswith(experiment.workspace._store.layout.checkouts)
    assert where.endswith(os.path.join("src", "digits", "__init__.py"))


def test_a_source_directory_on_pythonpath_is_replaced_by_the_checkout(workspace: Workspace, project: Project) -> None:
    project.write("lib/digits.py", "WHERE = __file__")
    project.write("train.py", "import digits; from localexp import Run; Run.get_context().log('where', digits.WHERE)")

    where = output(
        python(
            """
            import sys
            from localexp import Experiment, ScriptRunConfig, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").submit(ScriptRunConfig(sys.argv[2], "train.py"))
            run.wait_for_completion()
            print(run.get_metrics()["where"])
            """,
            workspace.path,
            project.path,
            PYTHONPATH=os.pathsep.join([str(project.path / "lib"), os.environ.get("PYTHONPATH", "")]),
        )
    )

    assert where.startswith(workspace._store.layout.checkouts)


def test_a_source_directory_on_a_pythonpath_of_the_script_alone_is_replaced_by_the_checkout(
    experiment: Experiment, project: Project
) -> None:
    project.write("lib/digits.py", "WHERE = __file__")
    project.write("train.py", "import digits; from localexp import Run; Run.get_context().log('where', digits.WHERE)")
    config = project.config()
    config.run_config.environment_variables = {"PYTHONPATH": str(project.path / "lib")}

    run = experiment.submit(config)
    run.wait_for_completion()

    assert str(run.get_metrics()["where"]).startswith(experiment.workspace._store.layout.checkouts)
