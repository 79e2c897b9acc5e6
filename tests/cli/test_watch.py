"""``localexp watch``: a table that is drawn anew on a terminal, and a line a change in a pipe."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localexp import Experiment, Run, Workspace
from localexp.cli import frame as frames
from localexp.cli import table
from localexp.cli.frame import Screen, frame, plain
from localexp.execution.watching import Seen, Watch
from localexp.store import experiments, runs
from tests.cli.command import complaint, in_terminal, localexp, logged_run, printed, shown_at_once, started, strict_json
from tests.cli.conftest import Gate
from tests.processes import PATIENCE_SECONDS, Project, of_the_dead, wait_until
from tests.store.rows import add_run

_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def going(workspace: Workspace, project: Project, gate: Gate, run_id: str = "first") -> Run:
    """A run whose script has logged and printed something, and waits at the gate."""
    project.write(
        "train.py",
        f"""
        from localexp import Run
        run = Run.get_context()
        run.log("loss", 0.25, step=7)
        run.flush()
        print("\\x1b[32mhalf\\x1b[0m", flush=True)
        {gate.code}
        """,
    )
    run = Experiment(workspace, "digits").submit(project.config(), run_id=run_id)
    wait_until(
        lambda: run.get_metrics() == {"loss": 0.25} and "half" in Path(run._layout.log).read_text(), "it has begun"
    )
    return run


def test_in_a_pipe_each_change_is_a_line_until_all_have_ended(
    workspace: Workspace, project: Project, gate: Gate
) -> None:
    going(workspace, project, gate)

    command = started("watch", at=project.path)
    assert command.stdout is not None
    assert command.stdout.readline() == b"first  Running\n"
    second = Experiment(workspace, "letters").start_logging(run_id="second", snapshot_directory=None)
    assert command.stdout.readline() == b"second  Running\n"
    second.fail("no luck\nat all")
    assert command.stdout.readline() == b"second  Failed  no luck at all\n"
    gate.open()
    rest, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert rest.splitlines()[-1] == b"first  Completed"
    assert (command.returncode, errors) == (0, b"")


def test_on_a_terminal_the_table_and_the_end_of_the_log_are_drawn_in_place(
    workspace: Workspace, project: Project, gate: Gate
) -> None:
    run = going(workspace, project, gate)
    is_open = False

    def open_when_shown(shown: bytes) -> None:
        nonlocal is_open
        if b"half" in shown and not is_open:
            is_open = True
            gate.open()

    shown = in_terminal("watch", at=project.path, columns=80, meanwhile=open_when_shown)
    run.wait_for_completion()

    assert shown.startswith("\x1b[?25l")
    assert shown.endswith("\x1b[?25h")
    last = screen_of(shown)
    assert last[0].split() == ["RUN", "STATUS", "ELAPSED", "STEP", "loss"]
    assert last[1].split()[:2] == ["first", "Completed"]
    assert last[1].split()[-2:] == ["7", "0.25"]
    assert last[2:] == ["", "The end of the log of first:", "half"]


def screen_of(shown: str) -> list[str]:
    """What is left on the screen, of what moves the cursor to lines above, clears them, and writes them again."""
    lines, at = [""], 0
    for piece in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", shown):
        if piece == "\n":
            at += 1
            lines += [""] * (at + 1 - len(lines))
        elif move := re.fullmatch(r"\x1b\[([0-9]+)A", piece):
            at -= int(move[1])
        elif piece == "\x1b[2K":
            lines[at] = ""
        elif piece == "\x1b[J":
            lines[at:] = [""]
        elif not _SEQUENCE.fullmatch(piece) and piece != "\r":
            lines[at] += piece
    return lines[:-1]


def test_once_shows_how_things_stand_and_waits_for_nothing(workspace: Workspace, project: Project, gate: Gate) -> None:
    going(workspace, project, gate)
    logged_run(workspace, "ended")

    piped = printed(localexp("watch", "--once", at=project.path)).splitlines()
    on_terminal = shown_at_once("watch", "--once", at=project.path, columns=80).splitlines()
    [found] = printed(localexp("watch", "--once", "--json", at=project.path)).splitlines()
    gate.open()

    for lines in (piped, on_terminal):
        assert lines[1].split()[:2] == ["first", "Running"]
        assert lines[1].split()[-2:] == ["7", "0.25"]
        assert lines[-1] == "half"
    told = strict_json(found)
    assert told.pop("time").endswith("Z")
    assert told.pop("elapsed") >= 0
    assert told == {
        "id": "first",
        "experiment": "digits",
        "status": "Running",
        "step": 7,
        "metrics": {"loss": 0.25},
        "error": None,
    }


def test_runs_that_are_named_are_watched_also_when_they_have_ended(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first", {"loss": 0.5})
    logged_run(workspace, "second")

    assert printed(localexp("watch", "first", "second", at=project.path)) == "first  Completed\nsecond  Completed\n"
    lines = printed(localexp("watch", "first", "second", "--json", at=project.path)).splitlines()
    assert [json.loads(line)["metrics"] for line in lines] == [{"loss": 0.5}, {}]


def test_a_run_that_has_failed_has_its_reason_below_the_table(workspace: Workspace, project: Project) -> None:
    Experiment(workspace, "digits").start_logging(run_id="first", snapshot_directory=None).fail("no\x1b[31m luck")

    shown = shown_at_once("watch", "first", at=project.path, columns=80)

    assert screen_of(shown)[-1] == "first is Failed: no\\x1b[31m luck"


def test_an_experiment_and_a_filter_narrow_what_is_watched(workspace: Workspace, project: Project) -> None:
    active = {}
    for name, experiment in {"one": "digits", "two": "letters", "three": "letters"}.items():
        active[name] = Experiment(workspace, experiment).start_logging(run_id=name, snapshot_directory=None)
    active["three"].tag("model", "mlp")

    def watched(*arguments: str) -> set[str]:
        lines = printed(localexp("watch", "--once", "--json", *arguments, at=project.path)).splitlines()
        return {json.loads(line)["id"] for line in lines}

    assert watched() == {"one", "two", "three"}
    assert watched("--experiment", "letters") == {"two", "three"}
    assert watched("--filter", "tags.model = 'mlp' or number = 9") == {"three"}
    assert watched("--filter", "tags.model is null", "--experiment", "letters") == {"two"}
    for run in active.values():
        run.complete()


def test_nothing_to_watch_is_said(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first")

    result = localexp("watch", at=project.path)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "No run is active.\n")


def test_what_cannot_be_watched_is_refused(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first")

    assert "leave out" in complaint(localexp("watch", "first", "--experiment", "digits", at=project.path), exit_code=2)
    assert "did you mean digits?" in complaint(localexp("watch", "--experiment", "digit", at=project.path))
    assert "second" in complaint(localexp("watch", "second", at=project.path))
    refused = localexp("watch", "--filter", "loss <", at=project.path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines()[2].strip() == "^"


def test_an_interrupt_ends_the_watching_and_not_the_runs(workspace: Workspace, project: Project, gate: Gate) -> None:
    run = going(workspace, project, gate)
    command = started("watch", at=project.path)
    assert command.stdout is not None
    assert command.stdout.readline() == b"first  Running\n"

    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, errors) == (130, b"\nThe runs go on.\n")
    assert run.get_status() == "Running"
    gate.open()


def test_a_run_that_is_deleted_is_watched_no_more(workspace: Workspace) -> None:
    run = Experiment(workspace, "digits").start_logging(run_id="first", snapshot_directory=None)
    watch = Watch(workspace._store, [run._known()])
    assert [record.id for record in watch.look()] == ["first"]
    run.complete()
    with workspace._store.main.writing() as db:
        db.execute("DELETE FROM _runs")

    assert watch.look() == []


def test_a_run_that_is_deleted_while_it_is_looked_at_is_watched_no_more(workspace: Workspace) -> None:
    record = run_of_the_dead(workspace)
    watch = Watch(workspace._store, [record])
    with workspace._store.main.writing() as db:
        db.execute("DELETE FROM _runs")

    watch._settle(record)

    assert watch.look() == []


def run_of_the_dead(workspace: Workspace) -> runs.RunRecord:
    """A run that goes on, and whose owner does not."""
    with workspace._store.main.writing() as db:
        key = add_run(db, experiments.get_or_create(db, "digits", 1).key, "first", status="Running")
        db.execute("UPDATE _runs SET ended_at = NULL, owner = ? WHERE key = ?", (str(of_the_dead()), key))
        return runs.by_key(db, key)


def test_who_has_died_is_found_out(workspace: Workspace) -> None:
    [found] = Watch(workspace._store, [run_of_the_dead(workspace)]).look()

    assert found.status == "Failed"


@pytest.fixture
def records(workspace: Workspace) -> list[runs.RunRecord]:
    """Runs in several states."""
    with workspace._store.main.writing() as db:
        experiment = experiments.get_or_create(db, "digits", 1).key
        statuses = ("Running", "Queued", "Completed")
        keys = [add_run(db, experiment, f"run-数据-{one}", status=statuses[one % 3]) for one in range(40)]
        return [runs.by_key(db, key) for key in keys]


_names = st.text(max_size=10)


@given(
    st.integers(1, 40),
    st.dictionaries(_names, st.one_of(st.floats(), st.text(), st.none()), max_size=6),
    st.binary(max_size=2000),
    st.integers(1, 150),
    st.integers(1, 40),
)
def test_a_frame_fits_the_terminal(
    records: list[runs.RunRecord],
    tmp_path: Path,
    count: int,
    metrics: dict[str, object],
    log: bytes,
    width: int,
    height: int,
) -> None:
    (tmp_path / "log").write_bytes(log)
    seen = [Seen(record, metrics, 3) for record in records[:count]]

    lines = frame(seen, "run-1", str(tmp_path / "log"), width, height)

    assert len(lines) <= max(height, 2)
    assert all(table.width_of(line) <= width and line.isprintable() for line in lines)


def test_of_more_runs_than_fit_the_rest_is_counted(records: list[runs.RunRecord]) -> None:
    lines = frame([Seen(record, {}, None) for record in records], None, None, 80, 23)

    assert len(lines) == 23
    assert lines[-1] == "and 19 more"


def test_a_line_of_a_log_is_shown_as_it_is_seen() -> None:
    assert plain("10%\r50%\r\x1b[31m90%\x1b[0m\r") == "90%"
    assert plain("\x1b]0;title\x07a\tb\x07") == "a       b\\x07"


def test_a_screen_of_another_size_is_drawn_from_its_top(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    with Screen() as screen:
        screen.show(["a", "b"])
        capsys.readouterr()
        screen.show(["a", "b"])
        assert capsys.readouterr().out == ""
        screen.show(["a", "c"])
        assert capsys.readouterr().out.startswith("\x1b[2A")
        monkeypatch.setenv("COLUMNS", "40")
        screen.show(["a", "c"])
        assert capsys.readouterr().out.startswith("\x1b[2J\x1b[H")
        assert screen.size() == (40, 23)
    assert capsys.readouterr().out == frames._SHOW_CURSOR
    assert os.environ["LINES"] == "24"
