"""Stores that are removed with the process that made them: nobody waits for the disk, and making one costs little."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from localexp.errors import WorkspaceException
from localexp.store import schema, templates
from localexp.store.store import Store
from tests.processes import output, python


def synchronous(store: Store) -> dict[str, int]:
    """How each database of a store goes about what is committed: 0 is not to wait for the disk, 2 is to wait."""
    found = {}
    for name in ("main", "blobs", "cache"):
        with getattr(store, name).writing(durable=True) as db:
            found[name] = db.execute("PRAGMA synchronous").fetchone()[0]
    return found


def test_no_database_of_one_waits_for_the_disk(tmp_path: Path) -> None:
    workspace = Workspace._ephemeral_in(tmp_path / "new")

    assert synchronous(workspace._store) == {"main": 0, "blobs": 0, "cache": 0}
    # Whoever else opens it sees that too.
    assert synchronous(Workspace(tmp_path / "new")._store) == {"main": 0, "blobs": 0, "cache": 0}
    assert synchronous(Workspace(tmp_path / "ordinary")._store) == {"main": 2, "blobs": 2, "cache": 2}


def test_without_its_marker_it_is_an_ordinary_one(tmp_path: Path) -> None:
    with Experiment(Workspace._ephemeral_in(tmp_path), "digits").start_logging(snapshot_directory=None) as run:
        run.log("loss", 0.5)
    (tmp_path / ".localexp/ephemeral").unlink()

    workspace = Workspace(tmp_path)

    assert synchronous(workspace._store) == {"main": 2, "blobs": 2, "cache": 2}
    assert workspace.get_run(run.id).get_metrics() == {"loss": 0.5}


def made(folder: Path, is_ephemeral: bool) -> dict[str, bytes]:
    """What is in the databases of a store that is new in a folder."""
    store = Store(str(folder / ".localexp"))
    if is_ephemeral:
        store.make_ephemeral()
    else:
        store.make_folder()
    synchronous(store)
    store.close()
    return {path.name: path.read_bytes() for path in (folder / ".localexp").glob("*.db*")}


def test_its_databases_are_to_the_byte_those_that_others_have(tmp_path: Path) -> None:
    ordinary = made(tmp_path / "ordinary", is_ephemeral=False)

    assert sorted(ordinary) == ["blobs.db", "cache.db", "localexp.db"]
    assert made(tmp_path / "first", is_ephemeral=True) == made(tmp_path / "second", is_ephemeral=True) == ordinary
    assert not {schema.MAIN, schema.BLOBS, schema.CACHE} - templates._made.keys()


def test_a_copy_of_one_is_to_last(tmp_path: Path) -> None:
    Workspace._ephemeral_in(tmp_path / "made").close()
    shutil.copytree(tmp_path / "made", tmp_path / "copied")
    os.symlink(tmp_path / "made", tmp_path / "link")

    assert synchronous(Workspace(tmp_path / "copied")._store) == {"main": 2, "blobs": 2, "cache": 2}
    assert synchronous(Workspace(tmp_path / "link")._store) == {"main": 0, "blobs": 0, "cache": 0}


def test_of_a_database_that_was_deleted_while_in_use_nothing_is_in_the_new_one(tmp_path: Path) -> None:
    user, other = Workspace._ephemeral_in(tmp_path)._store, Store(str(tmp_path / ".localexp"))
    with user.cache.writing() as db:
        db.execute("INSERT INTO scans (source, packed) VALUES (x'00', x'00')")
    os.unlink(user.layout.cache_database)

    assert os.path.exists(user.layout.cache_database + "-wal")
    with other.cache.reading() as db:
        assert db.execute("SELECT count(*) FROM scans").fetchone()[0] == 0


def test_it_has_its_name_and_an_id_of_its_own(tmp_path: Path) -> None:
    first, second = (Workspace._ephemeral_in(tmp_path / name, "of a test") for name in ("a", "b"))
    with first._store.main.reading() as one, second._store.main.reading() as other:
        ids = [db.execute("SELECT value FROM _settings WHERE key = 'workspace.id'").fetchone() for db in (one, other)]

    assert first.name == second.name == "of a test"
    assert ids[0] != ids[1]
    assert Workspace._ephemeral_in(tmp_path / "c").name == "c"


@pytest.mark.parametrize("is_ephemeral", [False, True])
def test_where_a_workspace_is_none_is_made(tmp_path: Path, is_ephemeral: bool) -> None:
    made = Workspace._ephemeral_in(tmp_path, "first") if is_ephemeral else Workspace.create("first", tmp_path)

    with pytest.raises(WorkspaceException, match="there is a workspace in"):
        Workspace._ephemeral_in(tmp_path, "second")

    assert made.name == Workspace(tmp_path).name == "first"
    assert (tmp_path / ".localexp/ephemeral").exists() == is_ephemeral


def test_what_stands_at_the_place_of_a_new_database_stays(tmp_path: Path) -> None:
    (tmp_path / "main.db").write_text("something else")

    templates.place(str(tmp_path / "main.db"), schema.MAIN, schema.VERSION)

    assert (tmp_path / "main.db").read_text() == "something else"
    assert os.listdir(tmp_path) == ["main.db"]


def test_many_threads_may_make_many_at_once(tmp_path: Path) -> None:
    places = [tmp_path / f"{number}" for number in range(12)]
    threads = [threading.Thread(target=Workspace._ephemeral_in, args=(place, place.name)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [Workspace(place).name for place in places] == [place.name for place in places]


@pytest.mark.parametrize("has_template", [False, True])
@pytest.mark.parametrize("dies", [False, True])
def test_who_dies_or_fails_while_one_is_written_leaves_no_half_of_it(
    tmp_path: Path, has_template: bool, dies: bool
) -> None:
    printed = output(
        python(
            f"""
            import os, resource, signal, sys
            from localexp import Workspace
            from localexp.errors import StoreError
            if {has_template}:
                Workspace._ephemeral_in(os.path.join(sys.argv[1], "whole")).close()
            place = os.path.join(sys.argv[1], "half")
            child = os.fork()
            if child == 0:
                # Whoever writes beyond that dies of it, or is told that it cannot be done.
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL if {dies} else signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
                try:
                    Workspace._ephemeral_in(place)
                except StoreError:
                    os._exit(7)
                os._exit(0)
            status = os.waitpid(child, 0)[1]
            print(os.WTERMSIG(status) == signal.SIGXFSZ, os.waitstatus_to_exitcode(status) == 7)
            workspace = Workspace(place)
            print(workspace.experiments, workspace._store.is_ephemeral)
            with workspace._store.main.reading() as db:
                print(db.execute("PRAGMA integrity_check").fetchone()[0])
            workspace.close()
            """,
            tmp_path,
        )
    )

    assert printed == f"{dies} {not dies}\n{{}} True\nok\n"


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(WorkspaceException, match=r"cannot create the folder .*file/\.localexp"):
        Workspace._ephemeral_in(tmp_path / "file")
