"""A test that leaves a run open fails, and the run is ended, so that no other test finds it."""

from __future__ import annotations

import pytest

from tests.testing.nested import in_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite

# Experiments of which every test of a session may begin runs, and see what became of those of others.
CONFTEST = """
    import pytest
    from localexp import Experiment, Workspace

    @pytest.fixture(scope="session")
    def experiment(tmp_path_factory):
        return Experiment(Workspace(tmp_path_factory.mktemp("shared")), "digits")

    @pytest.fixture
    def begin(experiment):
        return lambda: experiment.start_logging(snapshot_directory=None)
"""


@pytest.fixture(autouse=True)
def conftest(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)


def lines(result: pytest.RunResult, start: str) -> list[str]:
    """What follows each such beginning of a line."""
    return [line.partition(start)[2] for line in result.outlines if line.startswith(start)]


def test_a_run_left_open_fails_its_test_and_is_ended(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        app="def begun(experiment):\n    return experiment.start_logging(snapshot_directory=None)",
        test_it="""
        import app

        def test_leaks(experiment):
            app.begun(experiment)

        def test_finds_it_ended(experiment):
            [run] = experiment.get_runs()
            assert run.status == "Failed"
            message = run.get_details()["error"]["error"]["message"]
            where = "started at app.py:2, called at test_it.py:4"
            assert message == f"test_it.py::test_leaks left the run open, which was {where}"
        """,
    )
    result = suite()

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_leaks*",
            "localexp: run left open by test_it.py::test_leaks",
            "  run * of experiment digits, started at app.py:2, called at test_it.py:4, now ended as Failed",
            "  instead: write `with experiment.start_logging() as run:`, or run.complete() before the test ends",
            "  if it is meant: localexp_guard_runs = false in pytest's ini file switches this guard off",
        ]
    )


def test_a_run_that_is_ended_somewhere_is_not_left(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import unittest
        import pytest

        def test_block(begin):
            with begin() as run:
                run.child_run().complete()

        def test_failed(begin):
            begin().fail("as expected")

        def test_error_in_block(begin):
            with pytest.raises(ValueError), begin():
                raise ValueError

        @pytest.fixture
        def of_test(begin):
            run = begin()
            yield run
            run.complete()

        def test_fixture(of_test):
            pass

        @pytest.fixture(scope="module")
        def of_module(experiment):
            with experiment.start_logging(snapshot_directory=None) as run:
                yield run

        @pytest.mark.parametrize("number", [1, 2])
        def test_module_fixture(of_module, number):
            of_module.log("number", number)

        @pytest.fixture(scope="session")
        def of_session(experiment, request):
            run = experiment.start_logging(snapshot_directory=None)
            request.addfinalizer(run.complete)
            return run

        def test_session_fixture(of_session):
            of_session.child_run().complete()

        def test_finalizer(begin, request):
            request.addfinalizer(begin().complete)

        class TestSetup:
            @pytest.fixture(autouse=True)
            def _begin(self, begin):
                self.begin = begin

            def setup_method(self):
                self.runs = []

            def test_it(self):
                self.runs.append(self.begin())

            def teardown_method(self):
                self.runs.pop().complete()

        @pytest.mark.usefixtures("of_session")
        class TestOfUnittest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _begin(self, begin):
                self.begin = begin

            def test_cleanup(self):
                self.addCleanup(self.begin().complete)
        """
    )
    result = suite()
    result.assert_outcomes(passed=10)
    assert result.ret == 0


def test_the_parent_is_named_for_its_children_and_a_line_for_all_that_it_began(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    pytester.makepyfile(
        test_it="""
        def test_family(begin):
            run = begin()
            for child in (run.child_run(), run.child_run()):
                child.child_run()

        def test_orphan(begin):
            run = begin()
            run.child_run()
            run.complete()

        def test_loop(begin):
            for _ in range(20):
                begin()

        def test_all_are_ended(experiment):
            statuses = [run.status for run in experiment.get_runs(include_children=True)]
            assert sorted(statuses) == ["Completed"] + 26 * ["Failed"]
        """
    )
    result = suite()

    result.assert_outcomes(passed=4, errors=3)
    assert lines(result, "localexp: ") == [
        "5 runs left open by test_it.py::test_family",
        "run left open by test_it.py::test_orphan",
        "20 runs left open by test_it.py::test_loop",
    ]
    family, orphan, loop = lines(result, "  run ")
    assert family.endswith(
        ", with 4 child runs, started at conftest.py:10, called at test_it.py:2, now ended as Failed"
    )
    assert orphan.endswith(" of experiment digits, started at test_it.py:8, now ended as Failed")
    assert " and 19 more of experiment digits, started at " in loop


def test_a_fixture_that_does_not_end_its_run_is_named(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_it="""
        import unittest
        import pytest

        @pytest.fixture
        def of_test(begin):
            return begin()

        @pytest.fixture(scope="class", params=["a", "b"])
        def of_class(experiment):
            yield experiment.start_logging(snapshot_directory=None)

        @pytest.fixture(scope="module")
        def of_module(experiment):
            yield experiment.start_logging(snapshot_directory=None)

        def test_first(of_module, of_test):
            pass

        class TestClass:
            def test_begins(self, of_class):
                pass

            def test_ends(self, of_class):
                pass

        def test_last(of_module):
            pass
        """
    )
    result = suite()

    result.assert_outcomes(passed=6, errors=4)
    assert lines(result, "localexp: run left open by ") == [
        "fixture of_test (test_it.py:4)",
        "fixture of_class (test_it.py:8)",
        "fixture of_class (test_it.py:8)",
        "fixture of_module (test_it.py:12)",
    ]
    at = [line.strip(" _").removeprefix("ERROR at teardown of ") for line in result.outlines if "ERROR at" in line]
    assert at == ["test_first", "TestClass.test_begins[b]", "TestClass.test_ends[b]", "test_last"]
    assert all("after the yield of the fixture" in line for line in lines(result, "  instead: "))


def test_a_set_up_function_that_does_not_end_its_run_is_named(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_it="""
        import tempfile, unittest
        import pytest
        from localexp import Experiment, Workspace

        @pytest.fixture(scope="session", autouse=True)
        def shared(experiment):
            global shared_experiment
            shared_experiment = experiment

        class TestPlain:
            def setup_class(self):
                shared_experiment.start_logging(snapshot_directory=None)

            def test_it(self):
                pass

        class TestOfUnittest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                shared_experiment.start_logging(snapshot_directory=None)

            def setUp(self):
                shared_experiment.start_logging(snapshot_directory=None)

            def test_it(self):
                pass
        """
    )
    result = suite()

    result.assert_outcomes(passed=2, errors=2)
    assert lines(result, "localexp: run left open by ") == [
        "setup_class of TestPlain",
        "setUpClass of TestOfUnittest",
        "test_it.py::TestOfUnittest::test_it",
    ]


@pytest.mark.parametrize("options", [[], ["-x"]])
def test_a_run_that_a_session_fixture_leaves_open_fails_the_session(
    pytester: pytest.Pytester, suite: Suite, options: list[str]
) -> None:
    pytester.makeconftest(
        f"""
    {CONFTEST}
    @pytest.fixture(scope="session")
    def training(experiment):
        return experiment.start_logging(snapshot_directory=None)
        """
    )
    pytester.makepyfile("def test_it(training):\n    pass\ndef test_another(training):\n    pass")

    result = suite(*options)

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of fixture training (conftest.py:12)*",
            "localexp: run left open by fixture training (conftest.py:12)",
            "  run * of experiment digits, started at conftest.py:14, now ended as Failed",
            "ERROR conftest.py::training - *",
        ]
    )


def test_a_worker_of_xdist_tells_its_controller(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.fixture(scope="session")
        def training(experiment):
            return experiment.start_logging(snapshot_directory=None)

        def test_it(training):
            pass
        """
    )
    result = pytester.runpytest_subprocess("-p", "localexp", "-p", "xdist", "-n1", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_failure_is_told_first_and_the_run_beside_it(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest

        def test_fails(begin):
            run = begin()
            assert run is None
            run.complete()

        @pytest.mark.xfail
        def test_expected(begin):
            run = begin()
            assert run is None

        @pytest.fixture
        def broken(begin):
            begin()
            raise ValueError("broken fixture")

        def test_setup(broken):
            pass

        @pytest.fixture
        def broken_end(begin):
            yield
            raise ValueError("broken end")

        def test_teardown(broken_end, begin):
            begin()

        def test_all_are_ended(experiment):
            assert [run.status for run in experiment.get_runs()] == 4 * ["Failed"]
        """
    )
    result = suite()

    result.assert_outcomes(passed=2, failed=1, xfailed=1, errors=2)
    result.stdout.fnmatch_lines(
        [
            "E *ValueError: broken fixture",
            "E *ValueError: broken end",
            "E *assert Run(*) is None",
            "*localexp teardown*",
        ]
    )
    assert "run left open by test_it.py::test_fails" in lines(result, "localexp: ")


def test_a_skip_amid_a_run_leaves_it(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile("import pytest\ndef test_it(begin):\n    begin()\n    pytest.skip('too late')")

    suite().assert_outcomes(skipped=1, errors=1)


def test_submitted_runs_are_canceled_and_waited_for(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.mkdir("project").joinpath("train.py").write_text("import time\ntime.sleep(60)")
    pytester.makepyfile(
        test_it="""
        from localexp import ScriptRunConfig

        config = ScriptRunConfig("project", "train.py")

        def test_leaves(experiment):
            experiment.workspace.set_setting("max_concurrent_runs", 1)
            experiment.submit(config)
            experiment.submit(config)

        def test_canceled(experiment):
            experiment.submit(config).cancel()

        def test_waits(experiment):
            run = experiment.submit(config)
            run.cancel()
            run.wait_for_completion(raise_on_error=False)

        def test_all_are_ended(experiment):
            assert [run.status for run in experiment.get_runs()] == 4 * ["Canceled"]
        """
    )
    result = suite()

    result.assert_outcomes(passed=4, errors=1)
    assert lines(result, "localexp: ") == ["2 runs left open by test_it.py::test_leaves"]
    first, second = lines(result, "  run ")
    assert ", submitted at test_it.py:7, " in first
    assert second.endswith(", submitted at test_it.py:8, Queued until it was canceled now")
    assert lines(result, "  instead: ") == ["write run.wait_for_completion(), or run.cancel(), before the test ends"]


def test_a_store_that_was_closed_removed_or_damaged_stops_nobody(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.mkdir("project").joinpath("train.py").write_text("")
    pytester.makepyfile(
        test_it="""
        import shutil
        from pathlib import Path
        import pytest
        from localexp import Experiment, ScriptRunConfig, Workspace

        @pytest.fixture
        def own(tmp_path):
            return Experiment(Workspace(tmp_path), "digits")

        def test_closed(own):
            own.start_logging(snapshot_directory=None)
            own.workspace.close()

        def test_removed(own):
            own.start_logging(snapshot_directory=None).log("loss", 1)
            own.workspace.close()
            shutil.rmtree(own.workspace.path)

        def test_damaged(own):
            own.start_logging(snapshot_directory=None)
            own.workspace.close()
            Path(own.workspace.path, ".localexp", "localexp.db").write_bytes(b"damaged" * 1000)

        def test_removed_after_submission(own):
            own.submit(ScriptRunConfig("project", "train.py")).wait_for_completion()
            own.workspace.close()
            shutil.rmtree(own.workspace.path)

        def test_deleted(own):
            run = own.submit(ScriptRunConfig("project", "train.py"))
            run.wait_for_completion()
            run.delete()
        """
    )
    result = suite()

    result.assert_outcomes(passed=5, errors=3)
    closed, removed, damaged = lines(result, "  run ")
    assert closed.endswith("now ended as Failed")
    assert removed.endswith("and cannot be ended, for its workspace is gone")
    assert ", and could not be ended: " in damaged


def test_runs_of_other_processes_are_not_judged(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import os

        def test_fork(experiment):
            child = os.fork()
            if not child:
                experiment.start_logging(snapshot_directory=None)
                os._exit(0)
            os.waitpid(child, 0)
            assert [run.status for run in experiment.get_runs()] == ["Failed"]
        """
    )
    suite().assert_outcomes(passed=1)


def test_a_thread_of_a_test_is_guarded(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_it="""
        from threading import Thread

        def test_it(begin):
            thread = Thread(target=begin)
            thread.start()
            thread.join()
        """
    )
    result = suite()

    result.assert_outcomes(passed=1, errors=1)
    assert ", started at conftest.py:10, " in lines(result, "  run ")[0]


def test_an_async_test_and_fixture_are_guarded(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncio_mode = auto")
    pytester.makepyfile(
        test_it="""
        import pytest

        async def test_leaks(begin):
            begin()

        @pytest.fixture
        async def leaking(begin):
            yield begin()

        async def test_fixture(leaking):
            pass

        @pytest.fixture
        async def ended(begin):
            run = begin()
            yield run
            run.complete()

        async def test_innocent(ended):
            pass
        """
    )
    result = in_process(pytester, "-p", "asyncio")

    result.assert_outcomes(passed=3, errors=2)
    assert lines(result, "localexp: run left open by ") == [
        "test_it.py::test_leaks",
        "fixture leaking (test_it.py:6)",
    ]


def test_each_time_that_a_test_is_repeated_it_is_judged_anew(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeconftest(
        f"""
    {CONFTEST}
    from _pytest.runner import runtestprotocol

    def pytest_runtest_protocol(item, nextitem):
        for _ in range(3):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            if not any(report.failed for report in reports):
                break
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True
        """
    )
    pytester.makepyfile(
        """
        times = []

        def test_fails_then_leaks_then_passes(begin):
            times.append(begin())
            assert len(times) > 1
            if len(times) == 3:
                times[-1].complete()
        """
    )
    suite().assert_outcomes(passed=1)


def test_an_interrupted_session_ends_its_runs_without_a_word_of_it(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        def test_it(begin):
            run = begin()
            run.flush()
            raise KeyboardInterrupt
        """
    )
    pytester.makeconftest(
        f"""
    {CONFTEST}
    def pytest_unconfigure(config):
        from pathlib import Path
        [store] = config._tmp_path_factory.getbasetemp().glob("shared0/.localexp")
        [run] = Workspace(store).experiments["digits"].get_runs()
        print("the run is", run.status)
        """
    )
    result = pytester.runpytest_subprocess("-p", "localexp", "-p", "no:cacheprovider")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["the run is Failed"])
    assert lines(result, "localexp: ") == []


@pytest.mark.parametrize("status", [0, 1])
def test_a_session_may_exit_with_any_status_before_its_fixtures_are_torn_down(
    pytester: pytest.Pytester, suite: Suite, status: int
) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.fixture(scope="session")
        def training(experiment):
            run = experiment.start_logging(snapshot_directory=None)
            yield
            run.complete()
            print("the run is", run.get_status())

        def test_exits(training, begin):
            begin()
            pytest.exit("enough", {status})
        """
    )
    result = suite("-s")

    assert result.ret == status
    result.stdout.fnmatch_lines(["*the run is Completed"])
    assert lines(result, "localexp: ") == []


def test_runs_may_be_left_open_where_the_guard_is_off(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeini("[pytest]\nlocalexp_guard_runs = false")
    pytester.makepyfile(
        """
        runs = []

        def test_leaves(begin):
            runs.append(begin())

        def test_goes_on():
            runs[0].complete()
        """
    )
    suite().assert_outcomes(passed=2)


def test_a_run_of_a_module_is_to_end_with_the_session(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeini("[pytest]\nlocalexp_guard_workspaces = false")
    pytester.makepyfile(
        test_it="""
        from localexp import Experiment, Workspace
        run = Experiment(Workspace("real"), "digits").start_logging(snapshot_directory=None)

        def test_it():
            run.log("loss", 1)
        """
    )
    result = suite()

    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert lines(result, "localexp: ") == ["run left open by code outside of tests"]
    assert lines(result, "  run ")[0].endswith("started at test_it.py:2, now ended as Failed")
    assert lines(result, "  instead: ")[0].endswith("or run.complete() before the session ends")


def test_an_inline_run_of_a_thread_that_goes_on_is_not_waited_for(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.mkdir("project").joinpath("train.py").write_text(
        "import test_it\ntest_it.has_begun.set()\ntest_it.may_end.wait()"
    )
    pytester.makepyfile(
        test_it="""
        from threading import Event, Thread
        from localexp import ScriptRunConfig

        has_begun, may_end, threads = Event(), Event(), []

        def test_leaves(experiment):
            config = ScriptRunConfig("project", "train.py")
            config.run_config.target = "inline"
            threads.append(Thread(target=experiment.submit, args=[config]))
            threads[0].start()
            assert has_begun.wait(60)

        def test_ends_it(experiment):
            may_end.set()
            threads[0].join()
            [run] = experiment.get_runs()
            assert run.status == "Completed"
        """
    )
    result = suite()

    result.assert_outcomes(passed=2, errors=1)
    assert ", Running, and could not be canceled: it runs inline, in process " in lines(result, "  run ")[0]
