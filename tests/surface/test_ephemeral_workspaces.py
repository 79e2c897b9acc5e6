"""Workspaces that go when they are closed, and at the latest with the process that made them."""

from __future__ import annotations

import copy
import os
import pickle
import re
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import ReplacedStoreError, StoreError, UserErrorException, WorkspaceException
from tests.processes import Project, output, python, python_of_nobody

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


pytestmark = pytest.mark.usefixtures("temporary")


def started(workspace: Workspace) -> Run:
    return Experiment(workspace, "digits").start_logging(snapshot_directory=None)


def test_it_is_there_until_it_is_closed(temporary: Path) -> None:
    with Workspace.ephemeral("mine") as workspace:
        run = started(workspace)
        run.log("loss", 0.5)
        assert (workspace.name, run.get_metrics()) == ("mine", {"loss": 0.5})
        assert workspace.path == str(next(temporary.iterdir()))
        assert os.path.basename(workspace.path).startswith("localexp-")

    assert list(temporary.iterdir()) == []


def uses(workspace: Workspace, run: Run, project: Project) -> list[Callable[[], object]]:
    return [
        lambda: workspace.name,
        lambda: workspace.experiments,
        lambda: workspace.sql("SELECT 1"),
        lambda: workspace.get_run(run.id),
        lambda: workspace.gc(),
        lambda: workspace.backup(project.path / "backup.tar"),
        lambda: started(workspace),
        lambda: run.experiment.submit(project.config()),
        lambda: run.log("loss", 1),
        lambda: run.tag("model", "mlp"),
        lambda: run.get_metrics(),
        lambda: run.upload_file("train.py", project.path / "train.py"),
        lambda: run.complete(),
    ]


def test_who_uses_it_afterwards_is_told(project: Project) -> None:
    project.write("train.py", "")
    with Workspace.ephemeral() as workspace:
        run = started(workspace)

    for use in uses(workspace, run, project):
        with pytest.raises(ReplacedStoreError, match="was closed, and is gone") as caught:
            use()
        assert workspace.path in str(caught.value)
    workspace.close()
    assert not os.path.exists(workspace.path)
    assert not (project.path / "backup.tar").exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_is_raised_within_comes_out_of_it(temporary: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with Workspace.ephemeral() as workspace:
            started(workspace)
            raise error("of mine")

    with pytest.raises(error, match="of mine"):
        fail()

    assert list(temporary.iterdir()) == []


def test_any_workspace_is_closed_by_a_block(tmp_path: Path) -> None:
    with Workspace(tmp_path / "ordinary") as workspace:
        run = started(workspace)
        run.complete()

    assert not (tmp_path / "ordinary/.localexp/localexp.db-wal").exists()
    assert workspace.get_run(run.id).get_status() == "Completed"
    workspace.close()


def test_it_goes_when_nothing_refers_to_it_any_more(temporary: Path) -> None:
    workspace: Workspace | None = Workspace.ephemeral()
    experiment: Experiment | None = Experiment(Workspace.ephemeral(), "digits")
    assert experiment is not None
    run: Run | None = experiment.start_logging(snapshot_directory=None)
    assert run is not None
    run.complete()
    assert len(list(temporary.iterdir())) == 2

    del workspace
    assert len(list(temporary.iterdir())) == 1
    del experiment
    assert run.get_status() == "Completed"
    del run
    assert list(temporary.iterdir()) == []


def test_a_forked_child_leaves_it_to_its_parent(temporary: Path) -> None:
    printed = output(
        python(
            """
            import os, sys
            from localexp import Experiment, Workspace
            workspace = Workspace.ephemeral()
            run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
            ends = [lambda: os._exit(0), sys.exit, workspace.close, workspace.__exit__]
            for number, end in enumerate(ends):
                child = os.fork()
                if child == 0:
                    run.log("of", number)
                    if number == 3:
                        end(None, None, None)
                    else:
                        end()
                    if number > 1:
                        # It is as good as before there.
                        assert workspace.get_run(run.id).get_status() == "Running"
                        del workspace
                    sys.exit()
                assert os.waitpid(child, 0)[1] == 0
                assert os.path.exists(workspace.path)
            print(sorted(run.get_metrics()["of"]), workspace.get_run(run.id).get_status())
            """
        )
    )

    assert printed == "[0, 1, 2, 3] Running\n"
    assert list(temporary.iterdir()) == []


def test_copies_do_not_remove_it(temporary: Path) -> None:
    with Workspace.ephemeral("mine") as workspace:
        sent = pickle.dumps(workspace)
        for other in (pickle.loads(sent), copy.copy(workspace), copy.deepcopy(workspace), Workspace(workspace.path)):
            assert other.name == "mine"
            with other:
                started(other).complete()
            del other
        code = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])).name)"
        assert output(python(code, sent.hex())) == "mine\n"
        assert len(list(Experiment(workspace, "digits").get_runs())) == 4

    assert list(temporary.iterdir()) == []
    with pytest.raises(WorkspaceException, match="is gone"):
        pickle.loads(sent)


def test_threads_may_close_it_at_once(temporary: Path) -> None:
    workspace = Workspace.ephemeral()
    started(workspace)
    failed: list[BaseException] = []

    def close() -> None:
        try:
            workspace.close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert list(temporary.iterdir()) == []


def test_a_run_of_another_process_does_not_hold_it(temporary: Path) -> None:
    with Workspace.ephemeral() as workspace:
        other = python(
            """
            import sys
            from localexp import Experiment, Workspace
            from localexp.errors import LocalexpError
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            print("started", flush=True)
            sys.stdin.readline()
            try:
                run.complete()
            except LocalexpError as error:
                print(error)
            """,
            workspace.path,
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "started\n"

    assert list(temporary.iterdir()) == []
    out, _ = other.communicate("\n")
    assert f"{workspace.path}/.localexp/localexp.db is gone" in out
    assert list(temporary.iterdir()) == []


def test_without_a_place_for_it_the_error_names_the_folder(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "missing"))

    with pytest.raises(WorkspaceException, match=r"temporary/missing/.*TMPDIR"):
        Workspace.ephemeral()


@pytest.mark.parametrize("name", ["", 3, 0, b"bytes", Path("path")], ids=repr)
def test_of_a_name_that_does_not_do_nothing_is_left(temporary: Path, name: Any) -> None:
    with pytest.raises(UserErrorException, match=f"name of a workspace is a text .*, not {re.escape(repr(name))}"):
        Workspace.ephemeral(name)
    with pytest.raises(UserErrorException, match="name of a workspace is a text"):
        Workspace.create(name, temporary / "made")

    assert list(temporary.iterdir()) == []


def test_folders_that_a_script_has_locked_go_too(temporary: Path) -> None:
    printed = output(
        python_of_nobody(
            """
            import os
            from localexp import Workspace
            with Workspace.ephemeral() as workspace:
                locked = os.path.join(workspace.path, ".localexp", "runs", "locked")
                os.makedirs(os.path.join(locked, "more"))
                open(os.path.join(locked, "more", "file"), "w").close()
                os.chmod(os.path.join(locked, "more", "file"), 0o000)
                os.chmod(os.path.join(locked, "more"), 0o000)
                os.chmod(locked, 0o500)
            print(os.path.exists(workspace.path))
            """
        )
    )

    assert printed == "False\n"
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("in_its_place", ["nothing", "a link to it", "another folder"])
def test_one_that_was_moved_away_stays_where_it_is(temporary: Path, tmp_path: Path, in_its_place: str) -> None:
    with Workspace.ephemeral("mine") as workspace:
        started(workspace).complete()
        os.rename(workspace.path, tmp_path / "kept")
        if in_its_place == "a link to it":
            os.symlink(tmp_path / "kept", workspace.path)
        elif in_its_place == "another folder":
            os.mkdir(workspace.path)

    assert len(list(temporary.iterdir())) == (0 if in_its_place == "nothing" else 1)
    kept = Workspace(tmp_path / "kept")
    # Where it was it would go on as it was made; elsewhere it is to last.
    assert (kept.name, kept._store.is_ephemeral) == ("mine", in_its_place == "a link to it")
    kept.close()
    assert (tmp_path / "kept").exists()


def test_one_without_its_marker_is_kept(temporary: Path) -> None:
    with Workspace.ephemeral("mine") as workspace:
        started(workspace).complete()
        os.unlink(workspace._store.layout.ephemeral)

    kept = Workspace(workspace.path)
    assert (kept.name, kept._store.is_ephemeral) == ("mine", False)
    assert len(list(Experiment(kept, "digits").get_runs())) == 1
    kept.close()


def test_a_damaged_one_goes_too(temporary: Path) -> None:
    workspace = Workspace.ephemeral()
    workspace._store.close()
    Path(workspace._store.layout.database).write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError):
        workspace.name  # noqa: B018

    workspace.close()

    assert list(temporary.iterdir()) == []


def test_its_backup_is_an_ordinary_workspace(tmp_path: Path) -> None:
    with Workspace.ephemeral("mine") as workspace:
        run = started(workspace)
        run.log("loss", 0.5)
        run.complete()
        backup = workspace.backup(tmp_path / "backup.tar")

    (tmp_path / "unpacked").mkdir()
    subprocess.run(["tar", "-xf", backup.path, "-C", tmp_path / "unpacked"], check=True)
    with Workspace(tmp_path / "unpacked") as unpacked:
        assert (unpacked.name, unpacked._store.is_ephemeral) == ("mine", False)
        assert unpacked.get_run(run.id).get_metrics() == {"loss": 0.5}
    assert not (tmp_path / "unpacked/.localexp/ephemeral").exists()


@pytest.mark.parametrize("is_ephemeral", [False, True])
def test_only_of_one_that_lasts_files_are_waited_for(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch, is_ephemeral: bool
) -> None:
    waits: list[int] = []
    monkeypatch.setattr(os, "fsync", waits.append)
    project.write("large.txt", "x" * 100_000)
    with Workspace.ephemeral() if is_ephemeral else Workspace(tmp_path / "ordinary") as workspace:
        run = Experiment(workspace, "digits").start_logging(snapshot_directory=project.path)
        run.upload_file("large.txt", project.path / "large.txt")
        run.complete()
        run.delete()

    assert (waits == []) == is_ephemeral
