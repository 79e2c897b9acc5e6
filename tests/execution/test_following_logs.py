"""A log is shown as it grows, whatever the script does to it, and never held in memory as a whole."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from localexp import Experiment, Run
from localexp.execution.logs import LogFollower
from tests.processes import Project, output, python, wait_until

MIB = 2**20
# More than fits into what a process may use here.
LARGE = 120 * MIB


def add(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def shown_of(log: Path, *pieces: bytes) -> str:
    """What is shown of a log that is looked at after each piece that is added."""
    stream = io.StringIO(newline="")
    follower = LogFollower(str(log), stream)
    follower()
    for piece in pieces:
        add(log, piece)
        follower()
    follower.finish()
    return stream.getvalue()


def test_what_is_added_is_shown_whatever_it_is(tmp_path: Path) -> None:
    pieces = [
        b"part of a li",
        b"ne\n10%\r50%\r",
        b"\x1b[31mred\x1b[0m\n",
        b"caf\xc3",
        b"\xa9 \xff\n",
        b"\0end \xe2\x82",
    ]

    shown = shown_of(tmp_path / "log", *pieces)

    assert shown == "part of a line\n10%\r50%\r\x1b[31mred\x1b[0m\ncafé \ufffd\n\0end \ufffd"


def test_a_log_that_was_written_anew_is_shown_from_its_beginning(tmp_path: Path) -> None:
    log, stream = tmp_path / "log", io.StringIO()
    follower = LogFollower(str(log), stream)
    add(log, b"a long first line \xc3")
    follower()

    os.truncate(log, 0)
    add(log, b"anew\n")
    follower.finish()

    assert stream.getvalue() == "a long first line anew\n"


def test_a_log_that_is_gone_is_followed_no_further(tmp_path: Path) -> None:
    log, stream = tmp_path / "log", io.StringIO()
    follower = LogFollower(str(log), stream)
    add(log, b"here\n")
    follower()

    log.unlink()
    follower.finish()

    assert stream.getvalue() == "here\n"


def test_whoever_shows_a_long_log_is_asked_now_and_then_whether_to_go_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    add(log, b"x" * MIB)
    calls: list[None] = []

    LogFollower(str(log), io.StringIO(), lambda: calls.append(None))()

    assert len(calls) >= 16


@pytest.fixture
def talkative(experiment: Experiment, project: Project) -> Run:
    """A run that has ended, with a log as if its script had printed a lot."""
    project.write("train.py", "print('first')")
    run = experiment.submit(project.config())
    run.wait_for_completion()
    with open(run._layout.log, "r+b") as log:
        log.seek(LARGE)
        log.write(b"\nlast\n")
    return run


def test_of_a_very_long_log_the_details_have_the_end_and_say_what_is_missing(talkative: Run) -> None:
    text = talkative.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]

    head, *_, last = text.splitlines()
    assert head == f"[the first 104 MiB are left out; all of it is in {talkative._layout.log}]"
    assert last == "last"
    assert len(text) - len(head) - 1 == 16 * MIB


def test_the_end_of_a_long_log_begins_with_a_whole_line(talkative: Run) -> None:
    with open(talkative._layout.log, "wb") as log:
        log.write("größer\n".encode() * 3 * MIB)

    text = talkative.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]

    assert set(text.splitlines()[1:]) == {"größer"}


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory that a process had is only told there")
@pytest.mark.parametrize(
    "reading",
    [
        "run.get_details_with_logs()",
        "run.get_all_logs(sys.argv[3])",
        "run.download_file('user_logs/std_log.txt', sys.argv[3])",
        "sys.argv[1:] = ['logs', run.id, '--workspace', sys.argv[1]]; sys.stdout = open(os.devnull, 'w'); main()",
    ],
)
def test_a_long_log_is_read_in_little_memory(talkative: Run, tmp_path: Path, reading: str) -> None:
    reader = python(
        f"""
        import os, sys
        from localexp import Run, Workspace
        from localexp.cli.main import main
        run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
        {reading}
        peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
        print(peak, file=sys.__stdout__)
        """,
        talkative.experiment.workspace.path,
        talkative.id,
        tmp_path / "copies",
    )

    assert int(output(reader)) * 1024 < 100 * MIB


def test_logs_and_checkpoints_of_a_script_can_be_read_again_and_again_while_it_writes(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    going_on = project.write("../going-on", "")
    project.write(
        "train.py",
        """
        import os, sys
        step = 0
        while os.path.exists(sys.argv[1]):
            step += 1
            print("step", step)
            with open("outputs/next", "w") as file:
                file.write(f"weights {step}")
            os.replace("outputs/next", "outputs/checkpoint")
        """,
    )
    run = experiment.submit(project.config(arguments=[str(going_on)]))
    wait_until(lambda: "outputs/checkpoint" in run.get_file_names(), "there is a checkpoint")

    def newest_step() -> int:
        run.download_file("outputs/checkpoint", tmp_path / "copy")
        return int((tmp_path / "copy").read_text().removeprefix("weights "))

    def newer_step(step: int) -> int:
        wait_until(lambda: newest_step() > step, "the script has trained on")
        return newest_step()

    step = 0
    for number in range(3):
        step = newer_step(step)
        [log] = run.get_all_logs(tmp_path / f"logs-{number}")
        text = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
        assert text.startswith(Path(log).read_text())

    assert run.get_status() == "Running"
    going_on.unlink()
    assert run.wait_for_completion()["status"] == "Completed"
