"""Whatever a script does to itself, its run ends with the truth."""

from __future__ import annotations

import sys
import time

import pytest

from tests.execution.faults.trial import Trial
from tests.processes import Project

SET_BACK = """
import time
real, real_ns, back = time.time, time.time_ns, 400 * 86400
time.time, time.time_ns = lambda: real() - back, lambda: real_ns() - back * 10**9
"""


def test_a_script_that_is_killed(trial: Trial) -> None:
    trial.submit("import signal; os.kill(os.getpid(), signal.SIGKILL)")

    trial.assert_all_is_well("Failed", "the script was killed by SIGKILL")


def test_a_script_that_reads_where_there_is_no_memory(trial: Trial) -> None:
    trial.submit(
        """
        import ctypes, resource
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.string_at(0)
        """
    )

    trial.assert_all_is_well("Failed", "the script was killed by SIGSEGV")


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not hold a process to such a limit")
def test_a_script_that_needs_more_memory_than_it_has_allowed_itself(trial: Trial) -> None:
    trial.submit(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))
        bytearray(2**29)
        """
    )

    trial.assert_all_is_well("Failed", "the script exited with code 1: MemoryError")


def test_a_script_that_closes_its_output(trial: Trial) -> None:
    trial.submit("os.close(1); os.close(2); log(step + 1)")

    trial.assert_all_is_well("Completed")


def test_a_script_that_prints_to_an_output_that_it_has_closed(trial: Trial) -> None:
    trial.submit("os.close(1); print('nobody sees it')")

    trial.assert_all_is_well("Failed", "the script exited with code 1: OSError: [Errno 9] Bad file descriptor")


@pytest.mark.parametrize("is_removed", [False, True])
def test_a_script_that_goes_elsewhere(trial: Trial, is_removed: bool) -> None:
    elsewhere = trial.folder / "elsewhere"
    elsewhere.mkdir()
    trial.submit(
        f"""
        os.chdir({str(elsewhere)!r})
        if {is_removed}:
            os.rmdir({str(elsewhere)!r})
        else:
            open("left.txt", "w").close()
        log(step + 1)
        """
    )

    trial.assert_all_is_well("Completed")
    assert trial.run.get_file_names() == ["user_logs/std_log.txt"]
    assert is_removed or (elsewhere / "left.txt").exists()


def test_a_script_that_exits_with_a_text(trial: Trial) -> None:
    trial.submit("import sys; sys.exit('the data is too old')")

    trial.assert_all_is_well("Failed", "the script exited with code 1; its last line: the data is too old")


def test_a_script_whose_clock_is_set_back(trial: Trial) -> None:
    trial.submit(f"{SET_BACK}for step in range(step + 1, step + 20): log(step)")

    trial.assert_all_is_well("Completed")
    details = trial.run.get_details()
    assert str(details["startTimeUtc"]) < str(details["endTimeUtc"])


def test_a_script_whose_clock_was_back_from_its_start(trial: Trial) -> None:
    clocks = Project(trial.folder / "clocks")
    clocks.write("sitecustomize.py", SET_BACK)
    config = trial.config(f"import time; assert time.time() < {time.time() - 300 * 86400}")
    config.run_config.environment_variables = {"PYTHONPATH": str(clocks.path)}
    trial.run = trial.experiment.submit(config)

    trial.assert_all_is_well("Completed")
