"""What a run took is freed, and what is odd about its surroundings does not keep it from ending."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace, errors
from localexp.store import checkouts
from localexp.store.clock import now
from localexp.store.owners import Owner, process, this_process
from tests.processes import Project, of_the_dead, wait_until


def test_a_tree_that_its_owner_died_over_is_removed_by_the_next_run(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    first = experiment.submit(project.config())
    first.wait_for_completion()
    store = experiment.workspace._store
    left = Path(store.layout.checkout("left"))
    (left / "read-only").mkdir(parents=True)
    (left / "read-only").chmod(0o555)
    with store.main.writing() as db:
        checkouts.add(db, "left", first._known().key, str(of_the_dead()), "", "", now())

    experiment.submit(project.config()).wait_for_completion()

    assert "left" not in os.listdir(store.layout.checkouts)


def test_a_process_of_another_namespace_or_host_is_never_judged() -> None:
    here = this_process()

    assert not Owner(here.host, here.boot, "another", 1, 1).is_known_dead()
    assert not Owner("another", "another", here.namespace, 1, 1).is_known_dead()
    assert Owner(here.host, "another", here.namespace, 1, 1).is_known_dead()


def test_a_run_whose_files_lie_on_another_file_system_ends(
    experiment: Experiment, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(project.path).st_dev:
        pytest.skip("there is no other file system at hand")
    project.write("train.py", "open('outputs/model', 'w').write('weights')")
    elsewhere = Path("/dev/shm") / f"localexp-test-{os.getpid()}"
    elsewhere.mkdir()
    try:
        (Path(experiment.workspace._store.layout.root) / "runs").symlink_to(elsewhere)
        run = experiment.submit(project.config())
        run.wait_for_completion()
        assert run.get_file_names() == ["outputs/model", "user_logs/std_log.txt"]
    finally:
        subprocess.run(["rm", "-r", str(elsewhere)], check=True)


def test_a_workspace_that_is_moved_during_a_run_keeps_what_was_logged(tmp_path: Path, project: Project) -> None:
    project.write(
        "train.py",
        f"""
        import os, time
        from localexp import Run
        run = Run.get_context()
        run.log("before", 1)
        while not os.path.exists({str(tmp_path / "moved")!r}):
            time.sleep(0.01)
        run.log("after", 2)
        open({str(tmp_path / "logged")!r}, "w").close()
        """,
    )
    workspace = Workspace(tmp_path / "store")
    run = Experiment(workspace, "digits").submit(project.config())
    wait_until(lambda: run.get_metrics(), "the script logs")
    owner = Owner.parse(str(run._current().owner))
    workspace.close()
    os.rename(tmp_path / "store", tmp_path / "moved")
    wait_until(lambda: not owner.is_alive(), "the supervisor has given up")
    wait_until((tmp_path / "logged").exists, "the script has logged once more")

    found = Run.get(Workspace(tmp_path / "moved"), run.id)

    assert found.get_status() == "Failed"
    assert found.get_metrics() == {"before": 1, "after": 2}


def test_a_daemon_of_the_script_ends_with_the_run(experiment: Experiment, project: Project) -> None:
    if sys.platform != "linux":
        pytest.skip("elsewhere nothing shows whose a process is that has left its group")
    project.write(
        "train.py",
        """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        print(child.pid)
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()
    run.download_file("user_logs/std_log.txt", project.path / "log")

    assert not process(int((project.path / "log").read_text())).start


def test_a_run_that_was_ended_within_its_block_stays_as_it_is(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.complete()

    assert run.get_status() == "Completed"


def test_errors_can_be_sent_between_processes() -> None:
    for error in (errors.RunNotFound("x", ["y"]), errors.AmbiguousRun("x", ["y"]), errors.RunEnvironmentException()):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_waiting_for_oneself_is_refused(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)

    with pytest.raises(errors.UserErrorException, match="would never end"):
        run.wait_for_completion()

    run.complete()


def test_interrupts_can_be_sent_to_what_tests_start() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_a_submit_stores_is_moved_out_of_the_log_while_the_script_runs(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "")
    for number in range(40):
        (project.path / f"{number}.bin").write_bytes(os.urandom(50_000))
    blobs = Path(experiment.workspace._store.layout.blob_database)
    # The last who closes the database would move it over in any case; this process keeps it open.
    with experiment.workspace._store.blobs.reading():
        experiment.submit(project.config()).wait_for_completion()

        assert blobs.stat().st_size > 40 * 50_000
