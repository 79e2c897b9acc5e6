"""One journal: what is said comes back, in the order in which it was said, whatever happens to the file."""

from __future__ import annotations

import logging
import math
import os
import signal
import sqlite3
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import Experiment, Run, Workspace
from localexp.journal import fold, frame
from localexp.journal.writer import JournalWriter
from localexp.store.layout import RunLayout
from localexp.store.owners import this_process
from tests.processes import output, python

VALUES = st.one_of(
    st.floats(allow_nan=True),
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(),
)
NAMES = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def begun(experiment: Experiment) -> tuple[Run, RunLayout]:
    run = experiment.start_logging(snapshot_directory=None)
    return run, run._layout


def journals_of(layout: RunLayout) -> list[Path]:
    return sorted(Path(layout.journals).iterdir())


def same(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return type(left) is type(right) and left == right


@given(said=st.lists(st.tuples(NAMES, VALUES), max_size=40), folds=st.sets(st.integers(0, 40)))
@settings(max_examples=60)
def test_metrics_come_back_as_from_a_plain_dict(
    experiment: Experiment, said: list[tuple[str, object]], folds: set[int]
) -> None:
    run, _ = begun(experiment)
    expected: dict[str, list[object]] = {}
    for number, (name, value) in enumerate(said):
        run.log(name, value)
        expected.setdefault(name, []).append(value)
        if number in folds:
            run.flush()
    run.complete()

    metrics = run.get_metrics()

    assert metrics.keys() == expected.keys()
    for name, values in expected.items():
        found = metrics[name]
        listed = found if isinstance(found, list) else [found]
        assert len(listed) == len(values)
        assert all(same(left, right) for left, right in zip(values, listed, strict=True))


@given(said=st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.one_of(st.none(), st.text(max_size=5)))))
@settings(max_examples=30)
def test_the_last_word_on_a_tag_stands(experiment: Experiment, said: list[tuple[str, str | None]]) -> None:
    run, _ = begun(experiment)
    expected: dict[str, str | None] = {}
    for key, value in said:
        run.tag(key, value)
        expected[key] = value

    assert run.get_tags() == expected
    run.complete()


def test_names_and_texts_that_are_no_unicode_come_back_readable(experiment: Experiment) -> None:
    run, _ = begun(experiment)
    run.log("name\udcff", "value\udcff")
    run.tag("tag\udcff", "value\udcff")
    run.complete()

    assert run.get_metrics() == {"name\\udcff": "value\\udcff"}
    assert run.get_tags() == {"tag\\udcff": "value\\udcff"}


def test_a_torn_tail_is_dropped_and_nothing_before_it(experiment: Experiment) -> None:
    run, layout = begun(experiment)
    for step in range(10):
        run.log("loss", float(step))
    [journal] = journals_of(layout)
    whole = journal.read_bytes()
    for cut in range(1, 40, 3):
        journal.write_bytes(whole[:-cut])
        frames = frame.read(journal.read_bytes(), 0)
        kept = [point[3] for point in frames.points[b"loss", 0]]
        assert kept == [float(step) for step in range(len(kept))]
        assert len(kept) == 10 - (cut + 36) // 37
        assert not frames.is_damaged
    journal.write_bytes(whole)
    run.complete()


def test_a_damaged_journal_is_kept_and_said(experiment: Experiment) -> None:
    writer = """
        import os, sys
        from localexp import Run, Workspace
        run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
        for step in range(10):
            run.log("loss", float(step))
        os._exit(0)
    """
    run, layout = begun(experiment)
    output(python(writer, experiment.workspace.path, run.id))
    [journal] = journals_of(layout)
    data = bytearray(journal.read_bytes())
    data[-60] ^= 0xFF
    journal.write_bytes(data)

    run.complete()

    assert run.get_metrics() == {"loss": [float(step) for step in range(8)]}
    assert "cannot be read" in str(run.get_details()["warnings"])
    [kept] = Path(layout.folder).glob("damaged-journal-*")
    assert kept.read_bytes() == data


def test_a_journal_of_a_newer_format_is_left_alone_and_said(experiment: Experiment) -> None:
    run, layout = begun(experiment)
    run.log("loss", 1.0)
    newer = bytearray(frame.header_body(str(this_process()), run.id))
    newer[1] += 1
    Path(layout.journal("from-the-future")).write_bytes(frame.framed(bytes(newer)))

    assert run.get_metrics() == {"loss": 1.0}
    assert "newer localexp" in str(run.get_details()["warnings"])
    assert Path(layout.journal("from-the-future")).exists()
    run.complete()


def test_times_of_one_writer_never_go_back(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([5_000_000_000, 9_000_000_000, 4_000_000_000, 3_000_000_000, *range(10**10, 2 * 10**10, 10**9)])
    monkeypatch.setattr("localexp.journal.writer.time_ns", lambda: next(times))
    run, _ = begun(experiment)
    for value in range(4):
        run.log("loss", value)

    monkeypatch.undo()

    assert run.get_metrics() == {"loss": [0, 1, 2, 3]}
    run.complete()


def test_the_last_word_on_a_tag_stands_though_the_clock_was_set_back(
    workspace: Workspace, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = begun(experiment)
    run.tag("model", "first")
    Run.get(workspace, run.id).tag("model", "second")
    now = time.time_ns()
    monkeypatch.setattr("localexp.journal.writer.time_ns", lambda: now - 5_000_000_000)

    Run.get(workspace, run.id).tag("model", "third")
    assert run.get_tags() == {"model": "third"}
    Run.get(workspace, run.id).remove_tags(["model"])
    assert run.get_tags() == {}

    monkeypatch.undo()
    run.complete()


def test_threads_may_log_at_once(experiment: Experiment) -> None:
    run, _ = begun(experiment)

    def log(name: str) -> None:
        for value in range(500):
            run.log(name, value)

    threads = [threading.Thread(target=log, args=(f"thread-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.complete()

    assert run.get_metrics() == {f"thread-{n}": list(range(500)) for n in range(8)}


def test_a_record_larger_than_a_stretch_is_folded(experiment: Experiment) -> None:
    run, _ = begun(experiment)
    texts = ["x" * (fold.AT_MOST // 2 + 100)] * 2
    run.log("before", 1)
    run.log_list("large", texts)
    run.log("after", 2)
    run.complete()

    assert run.get_metrics() == {"before": 1, "large": texts, "after": 2}


def test_folding_large_records_takes_the_memory_of_one(experiment: Experiment) -> None:
    run, _ = begun(experiment)
    for number in range(20):
        run.log("text", f"{number}" + "é" * 1_000_000)
    tracemalloc.start()
    try:
        run.flush()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000
    assert [text[:2] for text in run.get_metrics()["text"]][:3] == ["0é", "1é", "2é"]


def test_journals_are_gone_when_a_run_has_ended(experiment: Experiment) -> None:
    run, layout = begun(experiment)
    run.log("loss", 1.0)
    assert len(journals_of(layout)) == 1

    run.complete()

    assert not os.path.exists(layout.folder)


def test_a_late_record_of_a_living_writer_is_read_after_the_end(experiment: Experiment) -> None:
    late = """
        import sys
        from localexp import Run, Workspace
        run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
        run.log("loss", 1)
        print("begun", flush=True)
        sys.stdin.readline()
        run.log("loss", 2)
        print("done", flush=True)
        sys.stdin.readline()
    """
    run, layout = begun(experiment)
    process = python(late, experiment.workspace.path, run.id)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    run.complete()
    assert run.get_metrics() == {"loss": 1}

    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"
    assert run.get_metrics() == {"loss": [1, 2]}

    process.communicate("\n")
    assert run.get_metrics() == {"loss": [1, 2]}
    assert not os.path.exists(layout.folder)


def test_a_tag_set_after_the_end_stands_and_leaves_no_file(experiment: Experiment) -> None:
    run, layout = begun(experiment)
    run.complete()

    Run.get(experiment.workspace, run.id).tag("verdict", "good")

    assert Run.get(experiment.workspace, run.id).get_tags() == {"verdict": "good"}
    assert not os.path.exists(layout.folder)


def test_a_full_disk_costs_a_counted_loss_and_one_warning(workspace: Workspace) -> None:
    # A limit on the size of files stands for a disk that is full: writes fall short, and then fail.
    full = """
        import resource, sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None, run_id="full")
        run.log("loss", 0.0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
        for step in range(1, 200):
            run.log("loss", float(step))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        run.complete()
    """
    process = python(full, workspace.path)
    _, err = process.communicate()
    run = Run.get(workspace, "full")
    kept = run.get_metrics()["loss"]

    assert process.returncode == 0
    assert err.count("cannot be kept at present") == 1
    assert isinstance(kept, list)
    assert kept == [float(step) for step in range(len(kept))]
    assert 20 < len(kept) < 200
    assert run.get_status() == "Completed"
    assert f"{200 - len(kept)} record(s)" in str(run.get_details()["warnings"])


def test_a_run_whose_folder_is_gone_goes_on(experiment: Experiment, caplog: pytest.LogCaptureFixture) -> None:
    run, layout = begun(experiment)
    writer = run._writer
    assert isinstance(writer, JournalWriter)
    run.log("loss", 1.0)
    [journal] = journals_of(layout)
    journal.unlink()
    Path(layout.journals).rmdir()
    Path(layout.folder).rmdir()
    Path(layout.folder).write_text("in the way")

    writer._checked_at = 0
    with caplog.at_level(logging.WARNING):
        run.log("loss", 2.0)
        run.log("loss", 3.0)

    assert len(caplog.records) == 1
    assert writer.lost == 3
    Path(layout.folder).unlink()
    run.complete()
    assert "3 record(s)" in str(run.get_details()["warnings"])


def at_read_of(writer: str, action: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have something happen just after the next read of a journal within the transaction that may remove it."""
    real_mark, real_read = fold.mark_done, fold._read
    due = [action]

    def read(path: str, start: int) -> frame.Batch:
        batch = real_read(path, start)
        if os.path.basename(path) == writer and due:
            due.pop()()
        return batch

    def mark(db: sqlite3.Connection, run: int, layout: RunLayout) -> list[str]:
        monkeypatch.setattr(fold, "_read", read)
        return real_mark(db, run, layout)

    monkeypatch.setattr(fold, "mark_done", mark)


def test_a_last_word_said_just_before_a_writer_dies_is_kept_though_its_journal_had_just_been_read(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = """
        import os, signal, sys
        from localexp import Run, Workspace
        run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
        run.log("loss", 1.0)
        print("begun", flush=True)
        sys.stdin.readline()
        run.log("loss", 2.0)
        print("accepted", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run, layout = begun(experiment)
    with python(writer, experiment.workspace.path, run.id) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        [journal] = journals_of(layout)
        assert run.get_metrics() == {"loss": 1.0}
        at_read_of(journal.name, lambda: process.communicate("\n"), monkeypatch)

        run.complete()

    assert process.returncode == -signal.SIGKILL
    assert run.get_metrics() == {"loss": [1.0, 2.0]}
    assert not journal.exists()


def test_a_journal_that_its_writer_takes_back_at_once_keeps_no_run_from_its_end(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, layout = begun(experiment)
    run.log("loss", 1.0)
    # So leaves it a writer that could not write a byte, before it removes it.
    journal = Path(layout.journal("empty"))
    journal.touch()
    at_read_of(journal.name, journal.unlink, monkeypatch)

    run.complete()

    assert run.get_metrics() == {"loss": 1.0}
    assert not os.path.exists(layout.journals)


def test_what_is_whole_in_a_damaged_journal_is_kept_though_whoever_ends_the_run_is_killed(
    experiment: Experiment,
) -> None:
    writer = """
        import os, sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(run_id="mine", snapshot_directory=None)
        run.log("loss", 1.0)
        [journal] = os.scandir(run._layout.journals)
        # As a machine whose power goes may leave it.
        with open(journal, "ab") as file:
            file.write(bytes(64))
        os._exit(0)
    """
    reader = """
        import os, signal, sys
        from localexp import Run, Workspace
        from localexp.journal import fold
        real = fold._report_damage
        def report_and_die(*arguments):
            real(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        fold._report_damage = report_and_die
        Run.get(Workspace(sys.argv[1]), "mine").get_status()
    """
    output(python(writer, experiment.workspace.path))
    killed = python(reader, experiment.workspace.path)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL

    run = Run.get(experiment.workspace, "mine")

    assert run.get_metrics() == {"loss": 1.0}
    assert "cannot be read" in str(run.get_details()["warnings"])
    [kept] = Path(run._layout.folder).iterdir()
    assert kept.read_bytes().endswith(bytes(64))
