"""One run, many writers: threads, forked and spawned workers, a group of ranks. Nothing is lost, order is kept."""

from __future__ import annotations

import os
import threading

import pytest

from localexp import Experiment, Run, Workspace
from tests.processes import Project, output, python

COUNT = 500
HAS_FORK = hasattr(os, "fork")


def check(run: Run, writers: int, count: int = COUNT) -> None:
    """Each writer has logged the whole numbers below ``count`` under a name of its own, and all of them to ``all``."""
    metrics = run.get_metrics()
    for writer in range(writers):
        assert metrics[f"writer/{writer}"] == list(range(count))
    shared = metrics["all"]
    assert len(shared) == writers * count
    for writer in range(writers):
        assert [value for value in shared if value % writers == writer] == [
            number * writers + writer for number in range(count)
        ]
    assert "warnings" not in run.get_details()


WORKER = f"""
def work(run, writer, writers):
    for number in range({COUNT}):
        run.log(f"writer/{{writer}}", number)
        run.log("all", number * writers + writer)
    run.tag(f"writer {{writer}}", "done")
"""


def run_of(workspace: Workspace, code: str, **variables: str) -> Run:
    """The run that a process starts, and whose workers log to it."""
    script = f"import os, sys\nfrom localexp import Experiment, Run, Workspace\n{WORKER}\n{code}"
    return Run.get(workspace, output(python(script, workspace.path, **variables)).strip())


def test_threads_of_one_process(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    space: dict[str, object] = {}
    exec(WORKER, space)
    threads = [threading.Thread(target=space["work"], args=(run, n, 4)) for n in range(4)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.complete()

    check(run, 4)


def test_threads_with_an_object_of_the_run_each(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    space: dict[str, object] = {}
    exec(WORKER, space)

    def attach_and_work(writer: int) -> None:
        space["work"](Run.get(experiment.workspace, run.id), writer, 4)  # type: ignore[operator]

    threads = [threading.Thread(target=attach_and_work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.complete()

    check(run, 4)


@pytest.mark.skipif(not HAS_FORK, reason="the system has no fork")
def test_forked_workers(workspace: Workspace) -> None:
    run = run_of(
        workspace,
        """
import multiprocessing
multiprocessing.set_start_method("fork")
with Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None) as run:
    run.log("before", 1)
    workers = [multiprocessing.Process(target=work, args=(run, n, 4)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    run.log("after", 1)
print(run.id)
""",
        PYTHONWARNINGS="error",
    )

    check(run, 4)
    assert run.get_metrics("before") == {"before": 1}
    assert run.get_metrics("after") == {"after": 1}
    assert run.get_tags() == {f"writer {n}": "done" for n in range(4)}


@pytest.mark.skipif(not HAS_FORK, reason="the system has no fork")
def test_a_parent_that_goes_on_logging_beside_its_forked_children(workspace: Workspace) -> None:
    run = run_of(
        workspace,
        """
run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
children = []
for writer in range(1, 4):
    child = os.fork()
    if child == 0:
        work(run, writer, 4)
        os._exit(0)
    children.append(child)
work(run, 0, 4)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
run.complete()
print(run.id)
""",
    )

    check(run, 4)


@pytest.mark.skipif(not HAS_FORK, reason="the system has no fork")
def test_a_forked_child_uses_no_handle_of_its_parent(workspace: Workspace) -> None:
    """Its journal is another file than its parent's, and its connections are to files that it has opened itself."""
    run = run_of(
        workspace,
        """
run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
run.log("loss", 0)
run.get_metrics()
database, writer = run._workspace._store.main, run._writer
parents = writer._descriptor, writer._file, [*database._idle]
assert parents[0] >= 0
child = os.fork()
if child == 0:
    assert writer._descriptor == -1
    assert database._idle == []
    run.log("loss", 1)
    run.get_metrics()
    assert writer._file != parents[1]
    assert not set(map(id, database._idle)) & set(map(id, parents[2]))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert (writer._descriptor, writer._file) == parents[:2]
run.complete()
print(run.id)
""",
    )

    assert run.get_metrics() == {"loss": [0, 1]}


@pytest.mark.skipif(not HAS_FORK, reason="the system has no fork")
def test_forks_while_threads_log_and_read(workspace: Workspace) -> None:
    run = run_of(
        workspace,
        """
import threading
run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
done = threading.Event()
def read():
    while not done.is_set():
        run.get_metrics()
threads = [threading.Thread(target=work, args=(run, 0, 4)), threading.Thread(target=read)]
for thread in threads:
    thread.start()
children = []
for writer in range(1, 4):
    child = os.fork()
    if child == 0:
        work(run, writer, 4)
        run.get_metrics()
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
threads[0].join()
done.set()
threads[1].join()
run.complete()
print(run.id)
""",
        PYTHONWARNINGS="ignore",
    )

    check(run, 4)


SPAWNING = """
import multiprocessing, os, sys
from localexp import Experiment, Run, Workspace
{worker}
if __name__ == "__main__":
    with {start} as run:
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=work, args=(run, n, 3)) for n in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0
    print(run.id)
"""


def test_spawned_workers_that_are_sent_an_interactive_run(workspace: Workspace, project: Project) -> None:
    start = 'Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)'
    script = project.write("train.py", SPAWNING.format(worker=WORKER, start=start))
    run_id = output(
        python("import runpy, sys; runpy.run_path(sys.argv.pop(2), run_name='__main__')", workspace.path, script)
    )

    check(Run.get(workspace, run_id.strip()), 3)


def test_spawned_workers_that_are_sent_a_submitted_run(experiment: Experiment, project: Project) -> None:
    project.write("train.py", SPAWNING.format(worker=WORKER, start="Run.get_context()"))
    run = experiment.submit(project.config())
    run.wait_for_completion()

    check(run, 3)


def test_a_group_of_ranks_that_each_ask_for_the_context(experiment: Experiment, project: Project) -> None:
    project.write(
        "rank.py",
        f"import os\nfrom localexp import Run\n{WORKER}\nrank = int(os.environ['RANK'])\n"
        "work(Run.get_context(allow_offline=False), rank, int(os.environ['WORLD_SIZE']))\n",
    )
    project.write(
        "train.py",
        """
        import os, subprocess, sys
        ranks = [
            subprocess.Popen([sys.executable, "rank.py"], env={**os.environ, "RANK": str(n), "WORLD_SIZE": "4"})
            for n in range(4)
        ]
        sys.exit(max(rank.wait() for rank in ranks))
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    check(run, 4)
    assert run.get_tags() == {f"writer {n}": "done" for n in range(4)}


def test_a_rank_that_is_killed_loses_nothing_of_what_it_has_logged_and_hurts_no_other(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "rank.py",
        """
        import os, signal
        from localexp import Run
        run, rank = Run.get_context(), os.environ["RANK"]
        for number in range(100):
            run.log(f"rank {rank}", number)
        if rank == "0":
            os.kill(os.getpid(), signal.SIGKILL)
        run.log(f"rank {rank}", 100)
        """,
    )
    project.write(
        "train.py",
        """
        import os, subprocess, sys
        ranks = [subprocess.Popen([sys.executable, "rank.py"], env={**os.environ, "RANK": str(n)}) for n in range(3)]
        print([rank.wait() for rank in ranks])
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics() == {
        "rank 0": list(range(100)),
        "rank 1": list(range(101)),
        "rank 2": list(range(101)),
    }
    assert "warnings" not in run.get_details()


def test_a_worker_that_was_sent_the_run_cannot_end_it(workspace: Workspace, project: Project) -> None:
    script = project.write(
        "train.py",
        """
        import multiprocessing, sys
        from localexp import Experiment, Workspace
        from localexp.errors import UserErrorException
        def end(run):
            try:
                run.complete()
            except UserErrorException as error:
                run.tag("refused", str(error))
            with run:
                run.log("loss", 1.0)
        if __name__ == "__main__":
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            worker = multiprocessing.get_context("spawn").Process(target=end, args=(run,))
            worker.start()
            worker.join()
            run.log("status", run.get_status())
            run.complete()
            print(run.id)
        """,
    )
    run_id = output(
        python("import runpy, sys; runpy.run_path(sys.argv.pop(2), run_name='__main__')", workspace.path, script)
    )
    run = Run.get(workspace, run_id.strip())

    assert run.get_metrics() == {"loss": 1.0, "status": "Running"}
    assert "not this process's to end" in str(run.get_tags()["refused"])
