"""A writer of a journal under a script that does unusual things."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

from localexp import Experiment, Run, Workspace
from localexp.errors import UserErrorException
from tests.processes import output, python


def test_a_signal_handler_may_log_in_the_middle_of_a_record(workspace: Workspace) -> None:
    printed = output(
        python(
            """
            import itertools, signal, sys
            from localexp import Experiment, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            said = itertools.count()
            def handler(number, frame):
                run.log("signal", next(said))
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            value = 0
            while value < 40_000:
                run.log("loop", value)
                value += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            run.complete()
            metrics = run.get_metrics()
            # One handler may interrupt another between taking a number and logging it.
            signals = sorted(metrics["signal"])
            print(signals == list(range(len(signals))), len(signals) > 10, metrics["loop"] == list(range(value)))
            """,
            workspace.path,
        )
    )

    assert printed == "True True True\n"


def test_what_a_thread_logs_while_the_run_is_completed_is_kept_or_refused(experiment: Experiment) -> None:
    for _ in range(10):
        run = experiment.start_logging(snapshot_directory=None)
        accepted: list[int] = []
        begun = threading.Event()

        def log(run: Run = run, accepted: list[int] = accepted, begun: threading.Event = begun) -> None:
            try:
                for value in range(1_000_000):
                    run.log("value", value)
                    accepted.append(value)
                    begun.set()
            except UserErrorException:
                return

        thread = threading.Thread(target=log)
        thread.start()
        begun.wait()
        run.complete()
        thread.join()
        kept = run.get_metrics()["value"]
        assert (kept if isinstance(kept, list) else [kept]) == accepted
        assert not os.path.exists(run._layout.folder)


def test_what_a_forked_child_logs_after_the_end_is_read(workspace: Workspace) -> None:
    run_id = output(
        python(
            """
            import os, sys
            from localexp import Experiment, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            run.log("loss", 0)
            go, going = os.pipe()
            child = os.fork()
            if child == 0:
                os.read(go, 1)
                run.log("loss", 1)
                os._exit(0)
            run.complete()
            os.write(going, b".")
            os.waitpid(child, 0)
            sys.stdout.write(run.id)
            """,
            workspace.path,
        )
    )

    assert Run.get(workspace, run_id).get_metrics() == {"loss": [0, 1]}


def test_a_journal_that_was_closed_under_its_writer_is_noticed(experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 0)
    writer = run._writer
    assert writer is not None
    os.close(writer._descriptor)
    with open(tmp_path / "theirs", "wb") as theirs:
        assert theirs.fileno() == writer._descriptor
        writer._checked_at = 0
        run.log("loss", 1)

    assert (tmp_path / "theirs").read_bytes() == b""
    run.complete()
    assert run.get_metrics() == {"loss": [0, 1]}


def test_runs_that_are_let_go_let_go_of_their_files(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for value in range(20):
        Run.get(experiment.workspace, run.id).log("loss", value)
    gc.collect()

    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 3
    run.complete()
    assert run.get_metrics() == {"loss": list(range(20))}


def test_the_last_value_is_that_of_the_last_time_in_whatever_order_journals_are_folded(
    experiment: Experiment,
) -> None:
    from localexp.execution.details import summary

    code = """
        import sys
        from localexp import Run, Workspace
        run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
        run.log("loss", sys.argv[3])
        run.tag("by", sys.argv[3])
    """
    run = experiment.start_logging(snapshot_directory=None)
    output(python(code, experiment.workspace.path, run.id, "first"))
    journals = Path(run._layout.journals)
    hidden = {
        path: path.rename(path.with_name("." + path.name).parent.parent / path.name) for path in journals.iterdir()
    }
    output(python(code, experiment.workspace.path, run.id, "second"))
    run.flush()
    for path, aside in hidden.items():
        aside.rename(path)

    assert summary(experiment.workspace._store, run._current())["metrics"] == {"loss": "second"}
    assert run.get_tags() == {"by": "second"}
    assert run.get_metrics() == {"loss": ["first", "second"]}
    run.complete()
