"""A script that runs inline is alone in this process, and leaves it as it was."""

from __future__ import annotations

import errno
import importlib
import logging
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from localexp import Experiment, Run, ScriptRunConfig, Workspace
from localexp.errors import UserErrorException
from localexp.execution.environments.wanted import Wanted
from localexp.execution.ranks import Ranks
from localexp.execution.targets import inline
from localexp.journal.fold import mark_done
from localexp.offline import OfflineRun
from tests.processes import Project, output, python, wait_until

WITH_TWO_PATHS = """
    import sys
    from localexp import Experiment, Run, ScriptRunConfig, Workspace
    experiment = Experiment(Workspace(sys.argv[1]), "digits")
    config = ScriptRunConfig(sys.argv[2], "train.py", compute_target="inline")
    """


def submitted(experiment: Experiment, project: Project, script: str, *arguments: object) -> Run:
    """The inline run of a script, which has ended."""
    project.write("train.py", script)
    return experiment.submit(inline_config(project, *arguments))


def inline_config(project: Project, *arguments: object) -> ScriptRunConfig:
    return ScriptRunConfig(project.path, "train.py", [str(one) for one in arguments], compute_target="inline")


def log(run: Run) -> str:
    return Path(run._layout.log).read_text(encoding="utf-8")


def test_everything_is_put_back(experiment: Experiment, project: Project) -> None:
    project.write("neighbour.py", "")
    found = {
        "folder": os.getcwd(),
        "arguments": sys.argv,
        "argument texts": list(sys.argv),
        "path": sys.path,
        "entries": list(sys.path),
        "hooks": list(sys.path_hooks),
        "variables": (id(os.environ), dict(os.environ)),
        "main": sys.modules["__main__"],
        "streams": (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__),
        "descriptors": [os.fstat(number).st_ino for number in (1, 2)],
        "handlers": [signal.getsignal(signal.SIGTERM), list(logging.root.handlers), logging.root.level],
        "exits": (sys.excepthook, sys.exit, sys.unraisablehook, threading.excepthook, warnings.showwarning),
    }

    run = submitted(
        experiment,
        project,
        """
        import io, logging, os, signal, sys, threading
        import neighbour
        os.chdir("/")
        sys.argv.append("more")
        sys.path.insert(0, "/nowhere")
        os.environ["ANOTHER"] = "1"
        os.environ.clear()
        os.environ = {"ANOTHER": "2"}
        sys.stdout = io.TextIOWrapper(sys.stdout.detach())
        sys.stdin = sys.stderr = open(os.devnull, "w")
        os.close(1)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.alarm(1)
        logging.basicConfig(level=1)
        sys.excepthook = threading.excepthook = sys.exit = print
        raise OSError("in the end")
        """,
    )

    assert run.get_status() == "Failed"
    assert found == {
        "folder": os.getcwd(),
        "arguments": sys.argv,
        "argument texts": list(sys.argv),
        "path": sys.path,
        "entries": list(sys.path),
        "hooks": list(sys.path_hooks),
        "variables": (id(os.environ), dict(os.environ)),
        "main": sys.modules["__main__"],
        "streams": (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__),
        "descriptors": [os.fstat(number).st_ino for number in (1, 2)],
        "handlers": [signal.getsignal(signal.SIGTERM), list(logging.root.handlers), logging.root.level],
        "exits": (sys.excepthook, sys.exit, sys.unraisablehook, threading.excepthook, warnings.showwarning),
    }
    assert "neighbour" not in sys.modules
    assert not [path for path in sys.path_importer_cache if ".localexp" in path]


def test_a_script_finds_the_same_when_it_is_run_again(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import logging, multiprocessing
        from localexp import Run

        def log_number(number):
            Run.get_context().log("number", number)

        if __name__ == "__main__":
            logging.getLogger("of a library").addHandler(logging.StreamHandler())
            logging.getLogger("of a library").error("said once")
            multiprocessing.set_start_method("forkserver")
            process = multiprocessing.Process(target=log_number, args=(7,))
            process.start()
            process.join()
        """,
    )

    # In a process of its own, with which what multiprocessing keeps running ends.
    output(
        python(
            f"{WITH_TWO_PATHS}experiment.submit(config), experiment.submit(config)",
            experiment.workspace.path,
            project.path,
        )
    )

    runs = list(experiment.get_runs())
    assert [log(run) for run in runs] == ["said once\n"] * 2
    assert [run.get_metrics() for run in runs] == [{"number": 7}] * 2


def test_logging_of_this_process_goes_on_after_a_script_that_configures_it(
    experiment: Experiment, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, handler = logging.getLogger("of the test"), logging.FileHandler(tmp_path / "log", mode="w")
    monkeypatch.setattr(logger, "handlers", [handler])

    submitted(
        experiment,
        project,
        """
        import logging.config
        logging.config.dictConfig({"version": 1})
        logging.disable()
        """,
    )
    logger.error("afterwards")
    handler.close()

    assert (tmp_path / "log").read_text() == "afterwards\n"


def test_figures_of_two_scripts_do_not_mix(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gcf:
        figs: ClassVar = {1: "of this process"}

        @classmethod
        def destroy_all(cls) -> None:
            cls.figs.clear()

    helpers = ModuleType("matplotlib._pylab_helpers")
    monkeypatch.setattr(helpers, "Gcf", Gcf, raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib._pylab_helpers", helpers)

    for _ in range(2):
        run = submitted(
            experiment,
            project,
            """
            import sys
            figures = sys.modules["matplotlib._pylab_helpers"].Gcf.figs
            print(figures)
            figures[1] = "of the script"
            """,
        )
        assert log(run) == "{}\n"
        assert Gcf.figs == {1: "of this process"}


def test_a_child_that_the_script_forks_ends_with_the_script(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import os
        from localexp import Run
        pid = os.fork()
        Run.get_context().log("is parent", pid > 0)
        if not pid:
            raise SystemExit(5)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
    )

    said = output(
        python(
            f"""{WITH_TWO_PATHS}
    run = experiment.submit(config)
    print(run.get_status(), sorted(run.get_metrics()["is parent"]))
    """,
            experiment.workspace.path,
            project.path,
        )
    )

    assert said == "5\nCompleted [False, True]\n"


def test_modules_of_the_source_directory_are_put_aside_meanwhile(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one_package/__init__.py", "one_package/deep.py", "elsewhere.py"):
        project.write(name, "from pathlib import Path; HERE = str(Path(__file__).parent)")
    monkeypatch.syspath_prepend(project.path)
    before = importlib.import_module("one_package.deep")
    shadowed = ModuleType("elsewhere")
    monkeypatch.setitem(sys.modules, "elsewhere", shadowed)

    run = submitted(
        experiment,
        project,
        """
        import os
        import elsewhere
        import one_package.deep
        assert one_package.deep.HERE == os.path.join(os.getcwd(), "one_package"), one_package.deep.HERE
        assert elsewhere.HERE == os.getcwd()
        """,
    )

    assert run.get_status() == "Completed", log(run)
    assert sys.modules["one_package.deep"] is before
    assert sys.modules["one_package"].deep is before
    assert sys.modules["elsewhere"] is shadowed
    for name in ("one_package", "one_package.deep"):
        monkeypatch.delitem(sys.modules, name)


def test_code_is_known_by_the_file_of_the_user_while_that_is_the_same(experiment: Experiment, project: Project) -> None:
    project.write("same.py", "def function(): pass")
    project.write("edited.py", "def function(): pass")

    run = submitted(
        experiment,
        project,
        """
        import pathlib, sys
        source = pathlib.Path(sys.argv[1])
        (source / "edited.py").write_text("edited")
        import edited, same
        here = pathlib.Path(__file__).parent
        assert same.function.__code__.co_filename == str(source / "same.py")
        assert same.__file__ == str(here / "same.py")
        assert edited.function.__code__.co_filename == str(here / "edited.py")
        """,
        project.path,
    )

    assert run.get_status() == "Completed", log(run)


REFUSED: dict[str, dict[str, Any]] = {
    "a command": {"script": None, "command": "true"},
    "a distributed script": {"ranks": Ranks("pytorch", 2)},
    "an environment that is built": {"wanted": Wanted("id", sys.executable, [])},
    "/other/python": {"interpreter": "/other/python"},
    "cannot be stopped after 5 s": {"max_seconds": 5.0},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_needs_another_process_is_refused(what: str, project: Project) -> None:
    from localexp.execution.submission import Submission

    plain: dict[str, Any] = {"script": "train.py", "command": None, "interpreter": sys.executable}
    submission = Submission(source=str(project.path), arguments=[], variables={}, **{**plain, **REFUSED[what]})

    with pytest.raises(UserErrorException, match=rf"{what}.*local"):
        inline.check(submission)


def test_a_limit_is_refused_and_that_of_azure_ml_is_none(experiment: Experiment, project: Project) -> None:
    config = inline_config(project)
    config.run_config.max_run_duration_seconds = 60
    project.write("train.py", "")

    with pytest.raises(UserErrorException, match="cannot be stopped after 60 s"):
        experiment.submit(config)

    assert list(experiment.get_runs()) == []
    run = experiment.submit(inline_config(project))
    assert run.get_details()["runDefinition"]["maxRunDurationSeconds"] is None


def test_inline_in_inline_is_refused_and_local_in_inline_is_not(experiment: Experiment, project: Project) -> None:
    project.write("inner.py", "print('inner')")

    run = submitted(
        experiment,
        project,
        """
        import threading
        from localexp import Experiment, Run, ScriptRunConfig
        run = Run.get_context()

        def submit(target):
            try:
                config = ScriptRunConfig(".", "inner.py", compute_target=target)
                inner = run.experiment.submit(config)
                print(target, inner.wait_for_completion()["status"])
            except Exception as error:
                print(type(error).__name__, error)

        submit("inline")
        thread = threading.Thread(target=submit, args=["inline"])
        thread.start()
        thread.join()
        submit("local")
        """,
    )

    first, second, third = log(run).splitlines()
    assert first == second
    assert first.startswith("UserErrorException a script runs in this process already")
    assert third == "local Completed"
    assert len(list(experiment.get_runs())) == 2


def test_of_two_threads_that_submit_at_once_one_is_refused_and_leaves_no_run(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py", "import pathlib, sys, time\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)"
    )
    go = project.path.parent / "go"
    both_checked = threading.Barrier(2)

    def submit(number: int) -> str:
        both_checked.wait()
        try:
            return experiment.submit(inline_config(project, go)).get_status()
        except UserErrorException as error:
            go.touch()
            return error.message

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(submit, range(2)))

    assert (first, second.partition(";")[0]) == (
        "Completed",
        "a script runs in this process already, and inline there can be only one",
    )
    assert [run.get_status() for run in experiment.get_runs()] == ["Completed"]


def test_the_end_of_a_run_waits_for_room_on_a_full_disk(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fulls = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) for _ in range(2)]

    def mark_done_on_full_disk(*arguments: Any) -> list[str]:
        if fulls:
            raise fulls.pop()
        return mark_done(*arguments)

    monkeypatch.setattr("localexp.journal.fold.mark_done", mark_done_on_full_disk)
    monkeypatch.setattr("localexp.execution.patience._PAUSE_SECONDS", 0.0)

    run = submitted(experiment, project, "open('outputs/kept', 'w').close()")

    assert run.get_status() == "Completed"
    assert run.get_file_names() == ["outputs/kept", "user_logs/std_log.txt"]
    assert capsys.readouterr().err.count("cannot be ended yet, which is tried again: [Errno 28]") == 1


def test_an_interrupt_cancels_the_run_and_is_raised_on(experiment: Experiment, project: Project) -> None:
    with pytest.raises(KeyboardInterrupt):
        submitted(
            experiment,
            project,
            """
            import atexit, signal
            atexit.register(print, "saved")
            print("begun")
            signal.raise_signal(signal.SIGINT)
            """,
        )

    [run] = experiment.get_runs()
    assert (run.get_status(), run.get_details().get("error")) == ("Canceled", None)
    assert log(run).startswith("begun\nTraceback")
    assert log(run).endswith("KeyboardInterrupt\nsaved\n")
    assert "localexp/execution" not in log(run)


def test_cancel_is_refused(experiment: Experiment, project: Project) -> None:
    run = submitted(
        experiment,
        project,
        """
        import os, subprocess, sys
        command = [sys.executable, "-m", "localexp", "cancel", "--workspace", sys.argv[1]]
        print(subprocess.run([*command, os.environ["LOCALEXP_RUN_ID"]]).returncode)
        """,
        experiment.workspace.path,
    )

    assert run.get_status() == "Completed"
    assert f"cannot be canceled: it runs inline, in process {os.getpid()} of " in log(run)
    assert log(run).endswith("\n1\n")


def test_one_whose_submitter_is_canceled_is_canceled_with_it(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import pathlib, sys, time\npathlib.Path(sys.argv[1]).touch()\ntime.sleep(600)")
    project.write(
        "outer.py",
        """
        import sys
        from localexp import Run, ScriptRunConfig
        Run.get_context().experiment.submit(ScriptRunConfig(".", "train.py", sys.argv[1:], compute_target="inline"))
        """,
    )
    begun = project.path.parent / "begun"
    outer = experiment.submit(project.config("outer.py", [str(begun)]))
    wait_until(begun.exists, "the inner script has begun")

    outer.cancel()
    outer.wait_for_completion()

    assert [run.get_status() for run in experiment.get_runs()] == ["Canceled", "Canceled"]


def test_the_run_of_a_process_that_died_has_failed(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os\nopen('outputs/kept', 'w').close()\nprint('begun')\nos._exit(7)")
    process = python(f"{WITH_TWO_PATHS}experiment.submit(config)", experiment.workspace.path, project.path)
    assert process.wait(60) == 7
    process.communicate()

    [run] = experiment.get_runs()

    assert run.get_status() == "Failed"
    message = run.get_details()["error"]["error"]["message"]
    assert message == f"the process in which the script ran (process {process.pid}) died"
    assert run.get_file_names() == ["outputs/kept", "user_logs/std_log.txt"]


def test_output_is_seen_where_that_of_the_process_goes(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os\nprint('of Python')\nos.system('echo of a child')")

    said = output(
        python(
            f"""{WITH_TWO_PATHS}
    print("before", end=" ")
    run = experiment.submit(config)
    print("after", run.get_status())
    """,
            experiment.workspace.path,
            project.path,
        )
    )

    [run] = experiment.get_runs()
    assert said == "before of Python\nafter Completed\n"
    assert log(run) == "of Python\nof a child\n"


def test_a_stream_that_somebody_has_kept_goes_on_afterwards(
    experiment: Experiment, project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ModuleType("kept_by_the_test")
    monkeypatch.setitem(sys.modules, "kept_by_the_test", kept)
    run = submitted(
        experiment, project, "import sys, kept_by_the_test\nkept_by_the_test.stream = sys.stdout\nprint('inside')"
    )

    kept.stream.write("outside\n")

    assert capsys.readouterr().out == "inside\noutside\n"
    assert log(run) == "inside\n"


def test_nothing_can_be_logged_to_it_afterwards(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ModuleType("kept_by_the_test")
    monkeypatch.setitem(sys.modules, "kept_by_the_test", kept)
    run = submitted(
        experiment,
        project,
        "import kept_by_the_test\nfrom localexp import Run\nkept_by_the_test.run = Run.get_context()",
    )

    with pytest.raises(UserErrorException, match="Completed"):
        kept.run.log("late", 1)

    assert run.get_metrics() == {}
    assert isinstance(Run.get_context(), OfflineRun)


def test_runs_of_two_workspaces_may_have_one_id(project: Project, tmp_path: Path) -> None:
    project.write("train.py", "from localexp import Run; Run.get_context().log('one', 1)")

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        experiment = Experiment(Workspace(tmp_path / name), "digits")
        run = experiment.submit(inline_config(project), run_id="same")
        assert run.get_metrics() == {"one": 1}
