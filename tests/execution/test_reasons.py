"""A run that failed says why: the exception and where the project raised it, the signal, or what the shell said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from localexp import Experiment, ScriptRunConfig
from localexp.execution import reasons
from localexp.execution.memory import Memory
from tests.processes import Project

SOURCE = "/home/me/project"


class Checkout:
    """A working tree in which scripts and commands run, with their output in a log, as a supervisor has them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path.parent / "std_log.txt"
        path.mkdir()

    def ended(self, script: str, **variables: str) -> dict[str, object]:
        """The error of a script that does not end well."""
        (self.path / "train.py").write_text(dedent(script), encoding="utf-8")
        return self.called([sys.executable, "train.py"], **variables)

    def called(self, command: str | list[str], **variables: str) -> dict[str, object]:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **variables}
        with open(self.log, "wb") as log:
            code = subprocess.run(
                command, shell=isinstance(command, str), cwd=self.path, stdout=log, stderr=log, env=environment
            ).returncode
        return self.judged(code)

    def said(self, log: str | bytes, exit_code: int = 1) -> str:
        """The message for a log that reads like this."""
        self.log.write_bytes(log if isinstance(log, bytes) else log.encode())
        return str(self.judged(exit_code)["message"])

    def judged(self, exit_code: int) -> dict[str, object]:
        outcome = reasons.outcome(exit_code, str(self.log), str(self.path), SOURCE, Memory())
        assert (outcome.status, outcome.exit_code) == ("Failed", exit_code)
        assert outcome.error is not None
        error = outcome.error["error"]
        assert isinstance(error, dict)
        assert (error["code"], error["exitCode"]) == ("UserError", exit_code)
        return error


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_the_line_of_the_project_is_named_and_not_that_of_a_library(checkout: Checkout) -> None:
    error = checkout.ended(
        """
        import json

        def main():
            json.loads("[")

        main()
        """
    )

    assert error["message"] == (
        "the script exited with code 1: json.decoder.JSONDecodeError: Expecting value: line 1 column 2 (char 1) "
        "(train.py, line 5)"
    )
    assert error["traceback"] == f"{SOURCE}/train.py, line 5, in main"


def test_an_exception_outside_the_project_has_the_last_line_that_is_in_a_file(checkout: Checkout) -> None:
    error = checkout.called([sys.executable, "-c", "import json; json.loads('[')"])

    assert re.search(r"\(char 1\) \(/.*/json/decoder\.py, line \d+\)$", str(error["message"]))
    assert re.fullmatch(r"/.*/json/decoder\.py, line \d+, in raw_decode", str(error["traceback"]))


def test_paths_of_the_checkout_are_those_of_the_source(checkout: Checkout) -> None:
    error = checkout.ended("import os; open(os.path.abspath('data/rows.csv'))")

    assert error["message"] == (
        "the script exited with code 1: FileNotFoundError: [Errno 2] No such file or directory: "
        f"'{SOURCE}/data/rows.csv' (train.py, line 1)"
    )


def test_paths_are_told_where_a_link_leads_to_the_checkout(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(checkout.path)
    checkout.ended("raise OSError(__file__)")

    outcome = reasons.outcome(1, str(checkout.log), str(tmp_path / "link"), SOURCE, Memory())

    assert outcome.error is not None
    assert f"OSError: {SOURCE}/train.py (train.py, line 1)" in str(outcome.error)


def test_a_folder_whose_name_only_begins_like_the_checkouts_stays_as_it_is(checkout: Checkout) -> None:
    assert checkout.said(f"{checkout.path}-2/a and {checkout.path}/a").endswith(f"{checkout.path}-2/a and {SOURCE}/a")


def test_of_chained_exceptions_the_last_counts(checkout: Checkout) -> None:
    error = checkout.ended(
        """
        try:
            {}["lr"]
        except KeyError as error:
            raise ValueError("no learning rate") from error
        """
    )

    assert error["message"] == "the script exited with code 1: ValueError: no learning rate (train.py, line 5)"


def test_a_syntax_error_is_where_the_file_has_it(checkout: Checkout) -> None:
    (checkout.path / "model.py").write_text("\n\nx = = 1\n")

    of_script = checkout.ended("x = = 1")
    of_module = checkout.ended("import model")

    assert of_script["message"] == "the script exited with code 1: SyntaxError: invalid syntax (train.py, line 1)"
    assert of_script["traceback"] == f"{SOURCE}/train.py, line 1"
    assert of_module["message"] == "the script exited with code 1: SyntaxError: invalid syntax (model.py, line 3)"


def test_a_deep_recursion_names_its_line(checkout: Checkout) -> None:
    message = checkout.ended("def f(): f()\nf()")["message"]

    assert re.search(r"RecursionError: maximum recursion depth exceeded.* \(train\.py, line 1\)$", str(message))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no exception groups")
def test_of_a_group_its_first_exception_says_where(checkout: Checkout) -> None:
    error = checkout.ended(
        """
        import asyncio

        async def step(number):
            raise ValueError(number)

        async def main():
            async with asyncio.TaskGroup() as group:
                group.create_task(step(1))
                group.create_task(step(2))

        asyncio.run(main())
        """
    )

    assert error["message"] == (
        "the script exited with code 1: ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions): "
        "ValueError: 1 (train.py, line 5)"
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no exception groups")
def test_a_message_in_a_group_keeps_what_looks_like_the_margin(checkout: Checkout) -> None:
    error = checkout.ended(
        """
        try:
            raise TypeError("no | b, nor +-- c or + d")
        except TypeError as error:
            raise ExceptionGroup("a | b", [error])
        """
    )

    assert ": ExceptionGroup: a | b (1 sub-exception): TypeError: no | b, nor +-- c or + d (" in str(error["message"])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no exception groups")
def test_a_group_of_what_was_never_raised_says_where_it_was_itself(checkout: Checkout) -> None:
    error = checkout.ended("raise ExceptionGroup('all', [ValueError(1), ExceptionGroup('inner', [TypeError()])])")

    assert str(error["message"]).endswith(": ExceptionGroup: all (2 sub-exceptions) (train.py, line 1)")


def test_an_exception_from_a_worker_is_told_as_the_main_process_raised_it(checkout: Checkout) -> None:
    error = checkout.ended(
        """
        from concurrent.futures import ProcessPoolExecutor

        def work(number):
            raise ValueError(f"bad {number}")

        if __name__ == "__main__":
            with ProcessPoolExecutor(1) as pool:
                list(pool.map(work, [1]))
        """
    )

    assert error["message"] == "the script exited with code 1: ValueError: bad 1 (train.py, line 9)"


def test_what_python_says_by_the_way_is_not_the_reason(checkout: Checkout) -> None:
    by_the_way = """
        import atexit, logging, sys, threading

        class Noisy:
            def __del__(self):
                raise KeyError("while deleting")

        noisy = Noisy()
        thread = threading.Thread(target=lambda: 1 / 0)
        logging.error("%d", "no number")
        atexit.register(lambda: 1 / 0)
        thread.start()
        thread.join()
        """

    raised = checkout.ended(dedent(by_the_way) + "raise ValueError('the reason')")
    left = checkout.ended(dedent(by_the_way) + "sys.exit('the reason')")

    assert str(raised["message"]).endswith(": ValueError: the reason (train.py, line 14)")
    assert left["message"] == "the script exited with code 1; its last line: the reason"
    assert "traceback" not in left


def test_a_message_of_several_lines_is_told_by_its_first(checkout: Checkout) -> None:
    first = checkout.ended("raise ValueError('one\\ntwo\\n\\nthree')")
    headed = checkout.ended("raise RuntimeError('shapes do not fit:\\n\\t3 and 4\\n\\t5 and 6')")
    empty = checkout.ended("raise RuntimeError")

    assert str(first["message"]).endswith(": ValueError: one (train.py, line 1)")
    assert str(headed["message"]).endswith(": RuntimeError: shapes do not fit: 3 and 4 (train.py, line 1)")
    assert empty["message"] == "the script exited with code 1: RuntimeError (train.py, line 1)"


def test_a_long_message_is_cut_and_its_place_is_not(checkout: Checkout) -> None:
    message = str(checkout.ended("raise ValueError('x' * 100_000)")["message"])

    assert re.fullmatch(r"the script exited with code 1: ValueError: x{488}… \(train\.py, line 1\)", message)


def test_a_message_that_fills_the_end_of_the_log_hides_neither_type_nor_place(checkout: Checkout) -> None:
    message = str(checkout.ended("print('go')\nraise ValueError('many: ' + 'x' * 300_000)")["message"])

    assert re.fullmatch(r"the script exited with code 1: ValueError: many: x.* \(train\.py, line 2\)", message)


@pytest.mark.parametrize("lines", [100, 100_000])
def test_an_exception_that_was_caught_long_before_the_end_is_not_the_reason(checkout: Checkout, lines: int) -> None:
    error = checkout.ended(
        f"""
        import sys, traceback
        try:
            raise KeyError("caught")
        except KeyError:
            traceback.print_exc()
        for number in range({lines}):
            print("going on", number)
        sys.exit("the data is bad")
        """
    )

    assert error["message"] == "the script exited with code 1; its last line: the data is bad"


def test_a_message_of_some_lines_is_told_with_the_exception(checkout: Checkout) -> None:
    error = checkout.ended("raise ValueError('first' + '\\nmore' * 20)")

    assert error["message"] == "the script exited with code 1: ValueError: first (train.py, line 1)"


def test_an_exception_is_not_looked_for_in_all_of_a_log(checkout: Checkout) -> None:
    raised = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: boom\n'

    assert checkout.said(raised + "on\n" * 2_000_000) == "the script exited with code 1; its last line: on"


def test_a_progress_bar_in_front_of_a_traceback_is_no_hindrance(checkout: Checkout) -> None:
    error = checkout.ended(
        r"""
        import sys
        sys.stderr.write("\r 10%|#    | 1/10\r 20%|##   | 2/10")
        raise ValueError("boom")
        """
    )

    assert error["message"] == "the script exited with code 1: ValueError: boom (train.py, line 4)"


def test_of_what_was_written_over_and_of_colours_only_the_text_stays(checkout: Checkout) -> None:
    assert (
        checkout.said("loading\r\x1b[31mno data\x1b[0m\r\n") == "the script exited with code 1; its last line: no data"
    )
    assert checkout.said("\x1b]0;title\x07\x1b[1;31mfatal\x1b[K: out\n").endswith("; its last line: fatal: out")


def test_bytes_that_are_no_text_are_shown_as_such(checkout: Checkout) -> None:
    assert checkout.said(b"caf\xe9 is closed\n") == "the script exited with code 1; its last line: caf\ufffd is closed"


def test_without_a_log_or_with_an_empty_one_the_code_is_the_reason(checkout: Checkout) -> None:
    assert checkout.said("") == "the script exited with code 1"
    checkout.log.unlink()
    assert checkout.judged(1)["message"] == "the script exited with code 1"


def test_an_unfinished_traceback_is_passed_over(checkout: Checkout) -> None:
    cut = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n'

    assert checkout.said("no data\n" + cut) == "the script exited with code 1; its last line: no data"
    assert checkout.said(cut + cut + "ValueError: boom\n").endswith(": ValueError: boom (a.py, line 1)")


def test_a_traceback_that_is_longer_than_what_is_looked_at_is_told_by_its_end(checkout: Checkout) -> None:
    frames = "".join(f'  File "/x/m{number}.py", line {number}, in f\n    call()\n' for number in range(10_000))

    message = checkout.said(f"Traceback (most recent call last):\n{frames}ValueError: boom\n")

    assert message == "the script exited with code 1: ValueError: boom (/x/m9999.py, line 9999)"


def test_many_lines_are_gone_through_once(checkout: Checkout) -> None:
    assert checkout.said("\n" * 1_000_000 + "out\n").endswith(": out")


def test_compiled_modules_with_paths_of_where_they_were_made_are_not_the_project(checkout: Checkout) -> None:
    frame = f'  File "{checkout.path}/train.py", line 3, in main\n  File "pandas/_libs/index.pyx", line 7, in get\n'

    assert checkout.said(f"Traceback (most recent call last):\n{frame}KeyError: 'x'\n").endswith(
        ": KeyError: 'x' (train.py, line 3)"
    )


def test_a_wrong_command_line_says_what_is_wrong_with_it(checkout: Checkout) -> None:
    error = checkout.ended(
        "import argparse; p = argparse.ArgumentParser(); p.add_argument('--lr'); p.parse_args(['-x'])"
    )

    assert error["message"] == (
        "the script exited with code 2; its last line: train.py: error: unrecognized arguments: -x"
    )


def test_with_another_code_only_a_traceback_at_the_very_end_is_the_reason(checkout: Checkout) -> None:
    printed = "import sys, traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()\n"

    at_the_end = checkout.ended(printed + "sys.exit(3)")
    before = checkout.ended(printed + "print('went on')\nsys.exit(3)")

    assert at_the_end["message"] == (
        "the script exited with code 3: ZeroDivisionError: division by zero (train.py, line 3)"
    )
    assert before["message"] == "the script exited with code 3; its last line: went on"


@pytest.mark.parametrize("exit_code", [1, 2, 3, 255])
def test_without_an_exception_the_last_line_is_told_as_no_more_than_that(checkout: Checkout, exit_code: int) -> None:
    assert checkout.said("epoch 1\naccuracy 0.99, all good\n", exit_code) == (
        f"the script exited with code {exit_code}; its last line: accuracy 0.99, all good"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="another shell")
def test_a_command_that_is_not_there_is_named(checkout: Checkout) -> None:
    (checkout.path / "train.sh").write_text("echo begins\n./nowhere --lr 1\n")

    from_shell = str(checkout.called("nosuch --lr 1")["message"])
    from_script = str(checkout.called("bash train.sh")["message"])

    assert "code 127: the command nosuch was not found; write its path, or the name of a program on PATH" in from_shell
    assert "code 127: the command ./nowhere was not found" in from_script


@pytest.mark.skipif(sys.platform == "win32", reason="another shell")
def test_a_script_that_is_not_executable_is_to_be_given_to_its_interpreter(checkout: Checkout) -> None:
    (checkout.path / "train.sh").write_text("echo\n")

    message = str(checkout.called("./train.sh")["message"])

    assert "code 126" in message
    assert message.endswith("Permission denied; give a script to its interpreter, as in 'bash train.sh'")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_a_signal_is_named(checkout: Checkout) -> None:
    for name in ("SIGSEGV", "SIGTERM", "SIGABRT"):
        error = checkout.ended(f"import os, signal; os.kill(os.getpid(), signal.{name})")
        assert (error["message"], error["signal"]) == (f"the script was killed by {name}", name)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_a_signal_that_a_shell_passes_on_as_a_code_is_named_too(checkout: Checkout) -> None:
    error = checkout.called("sh -c 'kill -SEGV $$'; exit $?")

    assert error["message"] == "the script exited with code 139, as a shell does after SIGSEGV"
    assert "signal" not in error


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_a_kill_for_which_memory_is_not_to_blame_tells_how_much_there_was(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "import os; held = b'x' * (200 << 20); os.kill(os.getpid(), 9)")

    run = experiment.submit(project.config())
    error = run.wait_for_completion(raise_on_error=False)["error"]["error"]

    match = re.fullmatch(r"the script was killed by SIGKILL; its peak memory was (\d+) MiB", error["message"])
    assert match is not None
    assert 200 <= int(match[1]) < 300
    assert error["signal"] == "SIGKILL"


def test_the_reason_of_a_run_has_the_source_directory_in_it(experiment: Experiment, project: Project) -> None:
    project.write("src/steps.py", "def load(path):\n    return open(path)\n")
    project.write("src/train.py", "import os, steps\nsteps.load(os.path.abspath('rows.csv'))")

    run = experiment.submit(ScriptRunConfig(project.path, command="cd src && python train.py"))
    error = run.wait_for_completion(raise_on_error=False)["error"]["error"]

    assert error["message"].endswith(f"No such file or directory: '{project.path}/src/rows.csv' (src/steps.py, line 2)")
    assert error["traceback"] == f"{project.path}/src/steps.py, line 2, in load"
