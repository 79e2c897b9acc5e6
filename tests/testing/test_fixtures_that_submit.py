"""A test runs a script and looks at its run."""

from __future__ import annotations

import pytest

from tests.testing.nested import in_process, runs_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite

TRAIN = """
import os, sys
from localexp import Run
run = Run.get_context()
print("trained by", sys.argv[1:], "in", os.getcwd())
run.log("loss", 0.5)
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
"""


def write(pytester: pytest.Pytester, name: str, text: str) -> None:
    """A script in the folder ``examples``; the one above is a home directory, which is never captured."""
    folder = pytester.path / "examples"
    folder.mkdir(exist_ok=True)
    folder.joinpath(name).write_text(text)


@pytest.mark.parametrize("inline", [False, True])
def test_a_script_is_run_to_its_end_however_that_is(pytester: pytest.Pytester, suite: Suite, inline: bool) -> None:
    write(pytester, "train.py", TRAIN)
    pytester.makepyfile(
        f"""
        def captured(run):
            return [file.path for file in run.experiment.workspace.get_snapshot(run.get_snapshot_id()).files()]

        def test_it(localexp_submit, localexp_experiment):
            run = localexp_submit("examples/train.py", arguments=[0], tags={{"stage": "test"}}, inline={inline})
            assert run.get_status() == "Completed"
            assert run.get_metrics() == {{"loss": 0.5}}
            assert run.tags == {{"stage": "test"}}
            assert run.experiment.name == localexp_experiment.name == "test_it"
            assert captured(run) == ["train.py"]
            failed = localexp_submit("examples/train.py", arguments=["3"], inline={inline})
            assert failed.get_status() == "Failed"
            assert failed.get_details()["exitCode"] == 3
        """
    )
    suite("-W", "error").assert_outcomes(passed=1)


def test_what_is_captured_is_the_folder_of_the_script_or_the_one_that_is_named(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    write(pytester, "train.py", TRAIN)
    write(pytester, "data.txt", "")
    pytester.makepyfile(
        """
        from pathlib import Path
        from localexp import ScriptRunConfig

        def captured(run):
            assert run.get_status() == "Completed"
            return {file.path for file in run.experiment.workspace.get_snapshot(run.get_snapshot_id()).files()}

        def test_it(localexp_submit, monkeypatch):
            small, here = {"train.py", "data.txt"}, Path.cwd()
            script = here / "examples" / "train.py"
            assert captured(localexp_submit(script, inline=True)) == small
            assert captured(localexp_submit("train.py", "examples", inline=True)) == small
            assert captured(localexp_submit(script, Path("examples"), inline=True)) == small
            assert captured(localexp_submit("train.py", source_directory=here / "examples", inline=True)) == small
            monkeypatch.setenv("HOME", "/")
            assert "examples/train.py" in captured(localexp_submit("examples/train.py", ".", inline=True))
            assert captured(localexp_submit(ScriptRunConfig("examples", "train.py"), inline=True)) == small
            monkeypatch.chdir("examples")
            assert captured(localexp_submit("train.py", inline=True)) == small

        def test_script_beside_the_workspace(localexp_submit, tmp_path):
            (tmp_path / "a.py").write_text("")
            assert captured(localexp_submit(tmp_path / "a.py", inline=True)) == {"a.py"}

        def test_directory_that_is_gone(localexp_submit, tmp_path, monkeypatch):
            (tmp_path / "a.py").write_text("")
            (tmp_path / "gone").mkdir()
            monkeypatch.chdir(tmp_path / "gone")
            (tmp_path / "gone").rmdir()
            assert captured(localexp_submit(tmp_path / "a.py")) == {"a.py"}
        """
    )
    suite("-W", "error").assert_outcomes(passed=3)


def test_a_configuration_says_all_that_a_path_does_not(pytester: pytest.Pytester, suite: Suite) -> None:
    write(pytester, "empty.py", "")
    pytester.makepyfile(
        """
        from localexp import ScriptRunConfig

        def test_it(localexp_submit):
            config = ScriptRunConfig("examples", "empty.py", ["--lr", 1], compute_target="inline")
            run = localexp_submit(config)
            assert (run.get_details()["target"], run.get_params()) == ("inline", {"lr": 1})
            run = localexp_submit(config, inline=False, timeout=60)
            assert run.get_details()["target"] == "local"
            assert config.run_config.target == "inline"

        def test_command(localexp_submit):
            run = localexp_submit(ScriptRunConfig("examples", command="exit 4"))
            assert run.get_details()["exitCode"] == 4
        """
    )
    suite("-W", "error").assert_outcomes(passed=2)


def test_what_cannot_be_submitted_is_refused_before_there_is_a_run(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import math, pytest
        from localexp import ScriptRunConfig
        from localexp.errors import ScriptNotFound, UserErrorException

        CONFIG = ScriptRunConfig(".", "train.py")

        def train():
            pass

        @pytest.mark.parametrize(("arguments", "said"), [
            (dict(script=train), "takes the path of a script or a ScriptRunConfig, not <function train"),
            (dict(script=None), "not None"),
            (dict(script=""), "not ''"),
            (dict(script="train.py", source_directory=3), "source_directory is the path of a folder, not 3"),
            (dict(script="train.py", arguments="--lr 1"), "--lr 1"),
            (dict(script="train.py", tags=["a"]), "a"),
            (dict(script=CONFIG, arguments=["1"]), "part of the ScriptRunConfig"),
            (dict(script=CONFIG, source_directory="."), "part of the ScriptRunConfig"),
            (dict(script="train.py", inline="yes"), "inline is True, False or None, not 'yes'"),
            (dict(script="train.py", timeout=0), "timeout is a number of seconds above 0, not 0"),
            (dict(script="train.py", timeout=math.nan), "not nan"),
            (dict(script="train.py", timeout=True), "not True"),
            (dict(script="train.py", timeout="10"), "not '10'"),
            (dict(script="train.py", timeout=10, inline=True), "nothing can stop a script that runs inline"),
        ])
        def test_value(localexp_submit, localexp_experiment, arguments, said):
            open("train.py", "w").close()
            with pytest.raises(UserErrorException) as raised:
                localexp_submit(**arguments)
            assert said in str(raised.value)
            assert list(localexp_experiment.get_runs()) == []

        def test_script_that_is_not_there(localexp_submit, localexp_experiment):
            with pytest.raises(ScriptNotFound):
                localexp_submit("nowhere.py")
            assert list(localexp_experiment.get_runs()) == []
        """
    )
    suite().assert_outcomes(passed=15)


def test_what_an_inline_script_prints_is_captured_as_what_the_test_prints(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    write(pytester, "train.py", TRAIN)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("capture", ["capsys", "capfd"])
        def test_it(localexp_submit, request, capture):
            captured = request.getfixturevalue(capture)
            print("before")
            localexp_submit("examples/train.py", arguments=[0], inline=True)
            print("after")
            before, trained, after = captured.readouterr().out.splitlines()
            assert (before, after) == ("before", "after")
            assert trained.startswith("trained by ['0']")
        """
    )
    suite("-W", "error").assert_outcomes(passed=2)


def test_a_script_that_takes_too_long_is_canceled_and_fails_the_test(pytester: pytest.Pytester, suite: Suite) -> None:
    write(pytester, "slow.py", "import time; print('still waiting'); time.sleep(100)")
    pytester.makepyfile("def test_slow(localexp_submit): localexp_submit('examples/slow.py', timeout=0.7)")
    result = suite()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Failed: the script had not ended after 0.7 s, and was canceled; *timeout=SECONDS*",
            "*run test_slow_* is Canceled",
        ]
    )
    result.stdout.no_fnmatch_line("*submitting.py:*")
    assert runs_left()["test_slow"].get_status() == "Canceled"


def test_an_interrupt_while_a_script_is_waited_for_cancels_its_run(pytester: pytest.Pytester) -> None:
    write(
        pytester, "slow.py", "import os, signal, sys, time; os.kill(int(sys.argv[1]), signal.SIGINT); time.sleep(100)"
    )
    pytester.makepyfile(
        test_it="""
        import os

        def test_slow(localexp_submit):
            localexp_submit("examples/slow.py", arguments=[os.getpid()])
        """
    )
    result = in_process(pytester, no_reraise_ctrlc=True)
    result.stdout.fnmatch_lines(["*test_it.py:4: KeyboardInterrupt"])
    run = runs_left()["test_slow"]
    run.wait_for_completion()
    assert run.get_status() == "Canceled"


def test_a_test_that_fails_tells_why_its_script_did(pytester: pytest.Pytester, suite: Suite) -> None:
    write(pytester, "broken.py", "print('epoch 1'); 1 / 0")
    pytester.makepyfile(
        """
        from localexp.testing import assert_completed

        def test_it(localexp_submit):
            assert localexp_submit("examples/broken.py").status == "Completed"

        def test_told_by_the_assertion(localexp_submit):
            assert_completed(localexp_submit("examples/broken.py"))
        """
    )
    result = suite()
    result.stdout.fnmatch_lines(
        [
            "*Captured localexp call*",
            "run test_it_* is Failed: *ZeroDivisionError*",
            "the end of its log, *std_log.txt:",
            "  epoch 1",
            "  ZeroDivisionError: division by zero",
            "E *| epoch 1",
        ]
    )
    assert [line.split()[-2:] for line in result.stdout.lines].count(["epoch", "1"]) == 2


def test_fixtures_of_the_session_can_submit(pytester: pytest.Pytester, suite: Suite) -> None:
    write(pytester, "train.py", TRAIN)
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="module")
        def trained(localexp_session_submit):
            return localexp_session_submit("examples/train.py")

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(trained, localexp_session_experiment, number):
            assert [run.id for run in localexp_session_experiment.get_runs()] == [trained.id]
            assert trained.get_metrics() == {"loss": 0.5}
        """
    )
    suite("-W", "error").assert_outcomes(passed=2)


def test_the_temporary_folder_of_the_tests_is_never_captured(pytester: pytest.Pytester, suite: Suite) -> None:
    write(pytester, "train.py", "")
    pytester.makepyfile(
        """
        import pytest
        from localexp.errors import UserErrorException

        def test_it(localexp_submit, localexp_experiment):
            with pytest.raises(UserErrorException, match="the temporary folder of the tests in it, temporary: "):
                localexp_submit("train.py", "examples", inline=True)
            assert list(localexp_experiment.get_runs()) == []
            with open("examples/.gitignore", "w") as file:
                file.write("temporary/")
            assert localexp_submit("train.py", "examples", inline=True).status == "Completed"
        """
    )
    suite("-W", "error", "--basetemp=examples/temporary").assert_outcomes(passed=1)


def test_a_wrong_call_is_shown_where_it_is_made(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_calls="""
        def test_function(localexp_submit):
            localexp_submit(print)

        def test_script(localexp_submit):
            localexp_submit("nowhere.py")

        def test_tags(localexp_submit):
            localexp_submit("test_calls.py", tags=["a"])

        def test_directory_that_is_gone(localexp_submit, tmp_path, monkeypatch):
            (tmp_path / "gone").mkdir()
            monkeypatch.chdir(tmp_path / "gone")
            (tmp_path / "gone").rmdir()
            localexp_submit("train.py")
        """
    )
    result = suite()
    result.stdout.fnmatch_lines(
        [
            "localexp_submit = <localexp_submit of experiment test_function>",
            "*UserErrorException: localexp_submit takes the path of a script *",
            "test_calls.py:2: *",
            "*ScriptNotFound: there is no script nowhere.py *",
            "test_calls.py:5: *",
            "*UserErrorException: tags are a dict *",
            "test_calls.py:8: *",
            "*UserErrorException: the path 'train.py' refers to the current directory, which has been removed; *",
            "*test_calls.py:14: *",
        ]
    )
    result.stdout.no_re_match_line(r".*localexp/\w+/\w+\.py:\d+: .*")
    result.stdout.no_fnmatch_line("*--full-trace*")
