"""A store that is deleted while it is in use: training goes on, and nobody is led to believe that it is recorded."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import pytest

from localexp import Experiment, Run, ScriptRunConfig, Workspace
from localexp.errors import StoreError
from localexp.execution import interactive
from localexp.store import runs
from localexp.store.owners import Owner
from localexp.store.store import Store
from tests.processes import Project, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def run(experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run whose store the test deletes, with ``outputs`` in the current directory to be kept."""
    monkeypatch.chdir(tmp_path)
    run = experiment.start_logging(snapshot_directory=None, outputs=True)
    yield run
    # It can never be ended, and the end of the tests would say so.
    interactive._open.pop((root_of(run), run.id), None)


def root_of(run: Run) -> str:
    return run.experiment.workspace._store.layout.root


def delete_store_of(run: Run) -> None:
    shutil.rmtree(root_of(run))


def test_logging_goes_on_with_one_warning_and_a_count_of_what_is_lost(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.log("loss", 1.0)
    delete_store_of(run)
    writer = run._writer
    assert writer is not None

    def notices() -> bool:
        run.log("loss", 2.0)
        return writer.lost > 0

    wait_until(notices, "the writer has noticed")
    lost = writer.lost
    for _ in range(3):
        run.log("loss", 3.0)

    assert writer.lost == lost + 3
    (said,) = [one for one in caplog.records if one.name == "localexp"]
    assert said.levelno == logging.WARNING
    assert run.id in said.getMessage()
    assert not os.path.exists(root_of(run))


def test_a_first_record_after_the_deletion_makes_no_new_store(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    delete_store_of(run)

    run.log("loss", 1.0)
    run.tag("key")

    assert run._writer is not None
    assert run._writer.lost == 2
    assert "training goes on" in caplog.text
    assert not os.path.exists(root_of(run))


@pytest.mark.parametrize("method", ["complete", "fail", "cancel", "get_metrics", "get_status", "get_details", "start"])
def test_what_needs_the_store_says_that_it_is_gone(run: Run, method: str) -> None:
    run.log("loss", 1.0)
    run.get_metrics()
    delete_store_of(run)

    with pytest.raises(StoreError, match=r"localexp\.db is gone"):
        getattr(run, method)()

    assert not os.path.exists(root_of(run))


def test_so_do_children_other_runs_and_whoever_reads(experiment: Experiment, run: Run) -> None:
    delete_store_of(run)

    for use in (
        run.child_run,
        lambda: experiment.start_logging(snapshot_directory=None),
        lambda: Run.get(experiment.workspace, run.id),
        lambda: list(experiment.get_runs()),
        run.get_portal_url,
    ):
        with pytest.raises(StoreError, match="is gone"):
            use()

    assert not os.path.exists(root_of(run))


def test_a_block_warns_at_its_end_and_copies_no_outputs(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "outputs" / "model.txt").write_text("weights")

    with run:
        delete_store_of(run)

    [warning] = caplog.messages
    assert warning.startswith(f"run {run.id} could not be ended: ")
    assert "is gone" in warning
    assert not os.path.exists(root_of(run))


def test_an_error_of_the_block_is_seen_though_the_run_cannot_be_ended(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_within_the_block() -> None:
        with run:
            delete_store_of(run)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_within_the_block()

    assert "could not be ended" in caplog.text


def test_it_is_shown_as_what_it_is_known_to_be(run: Run) -> None:
    delete_store_of(run)

    assert repr(run).startswith(f"Run(Id: {run.id},\nStatus: unknown, for ")
    assert run.id in run._repr_html_()


def test_another_store_in_its_place_is_not_taken_for_it(experiment: Experiment, run: Run) -> None:
    run.get_status()
    os.rename(root_of(run), root_of(run) + "-moved")
    other = Workspace(experiment.workspace.path)

    with pytest.raises(StoreError, match="another file has taken its place"):
        run.get_status()
    assert other.experiments == {}
    other.close()

    shutil.rmtree(root_of(run))
    os.rename(root_of(run) + "-moved", root_of(run))
    run.complete()
    assert run.get_status() == "Completed"


def test_a_cache_that_is_deleted_while_it_is_in_use_is_made_anew(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    store = experiment.workspace._store
    first = experiment.start_logging(snapshot_directory=project.path)
    for ending in ("", "-wal", "-shm"):
        Path(store.layout.cache_database + ending).unlink(missing_ok=True)

    second = experiment.start_logging(snapshot_directory=project.path)

    assert first.get_snapshot_id() == second.get_snapshot_id()
    assert os.path.exists(store.layout.cache_database)
    first.complete()
    second.complete()


def test_a_script_goes_on_and_its_supervisor_makes_no_new_store(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write(
        "train.py",
        """
        import os, sys, time
        from localexp import Run
        run = Run.get_context()
        run.log("loss", 1.0)
        open(sys.argv[1] + "/ready", "w").close()
        while not os.path.exists(sys.argv[1] + "/go"):
            time.sleep(0.01)
        while not run._writer.lost:
            run.log("loss", 2.0)
        open(sys.argv[1] + "/went-on", "w").close()
        raise SystemExit(3)
        """,
    )
    run = experiment.submit(project.config(arguments=[str(tmp_path)]))
    wait_until((tmp_path / "ready").exists, "the script is ready")
    wait_until(lambda: run.get_status() == "Running", "the run is Running")
    owner = run._known().owner
    assert owner is not None
    said = os.open(run._layout.supervisor_log, os.O_RDONLY)

    delete_store_of(run)
    (tmp_path / "go").touch()
    wait_until(lambda: not Owner.parse(owner).is_alive(), "the supervisor has ended")

    assert (tmp_path / "went-on").exists()
    assert not os.path.exists(root_of(run))
    with open(said, encoding="utf-8") as log:
        assert f"is gone; run {run.id} cannot be ended as Failed there" in log.read()
    with pytest.raises(StoreError, match="is gone"):
        run.wait_for_completion()


def test_a_script_goes_on_though_the_store_is_gone_before_it_is_said_to_run(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    root = experiment.workspace._store.layout.root
    command = f"mv '{root}' '{tmp_path}/moved' && sleep 0.3 && touch '{tmp_path}/went-on'"

    run = experiment.submit(ScriptRunConfig(project.path, command=command))
    wait_until((tmp_path / "moved").exists, "the store is moved")
    with Store(str(tmp_path / "moved")).main.reading() as db:
        record = runs.find(db, run.id)
    assert record is not None
    assert record.owner is not None
    supervisor = Owner.parse(record.owner)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor has ended")

    assert (tmp_path / "went-on").exists()
