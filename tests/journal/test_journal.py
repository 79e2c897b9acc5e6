"""One journal: what is said comes back, in the order in which it was said, whatever happens to the file."""

from __future__ import annotations

import logging
import math
import os
import threading
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
    text = "x" * (fold.AT_MOST + 100)
    run.log("before", 1)
    run.log("large", text)
    run.log("after", 2)
    run.complete()

    assert run.get_metrics() == {"before": 1, "large": text, "after": 2}


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
