"""The fixtures work in classes of unittest, in coroutines, in any order and in several workers."""

from __future__ import annotations

import pytest

from tests.testing.nested import in_process, runs_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite


MANY = """
import os, pytest
from localexp import Run, Workspace

@pytest.mark.parametrize("number", range(5))
class TestMany:
    def test_workspace(self, localexp_workspace, number):
        assert Workspace.from_config().path == localexp_workspace.path
        assert localexp_workspace.experiments == {}

    def test_run(self, localexp_run, number):
        assert Run.get_context() is localexp_run

    def test_session(self, localexp_session_run, number):
        assert Run.get_context() is localexp_session_run
        localexp_session_run.log("number", number)

    def test_both(self, localexp_session_run, localexp_run, number):
        assert Run.get_context() is localexp_run

    def test_none(self, number):
        assert Run.get_context().id.startswith("OfflineRun")
        assert "LOCALEXP_WORKSPACE" not in os.environ
"""


def test_errors_of_other_fixtures_are_shown_without_a_line_of_the_plugin(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def broken():
            raise ValueError("at its beginning")

        @pytest.fixture
        def breaking():
            yield
            raise ValueError("at its end")
        """
    )
    pytester.makepyfile("def test_setup(broken): pass\ndef test_teardown(breaking): pass")
    result = suite()
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["E *at its beginning", "conftest.py:5: *", "E *at its end", "conftest.py:10: *"])
    result.stdout.no_fnmatch_line("*localexp/testing/*")


def test_classes_of_unittest_use_them(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest, unittest
        from localexp import Run, Workspace

        @pytest.mark.usefixtures("localexp_workspace")
        class TestByMark(unittest.TestCase):
            def test_it(self):
                assert Workspace.from_config().experiments == {}

        class TestByFixture(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _run(self, localexp_run, localexp_submit):
                self.run_of_test, self.submit = localexp_run, localexp_submit

            def test_it(self):
                assert Run.get_context() is self.run_of_test
                assert self.run_of_test.experiment.name == "test_it"

            def test_fails(self):
                self.fail("on purpose")

            def test_ends_badly(self):
                pass

            def tearDown(self):
                assert self.run_of_test.experiment.name != "test_ends_badly"
        """
    )
    suite("-W", "error").assert_outcomes(passed=2, failed=2)
    assert {name: run.get_status() for name, run in runs_left().items()} == {
        "test_it": "Completed",
        "test_fails": "Failed",
        "test_ends_badly": "Failed",
    }


def test_coroutines_use_them(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio, pytest
        from localexp import Run

        @pytest.fixture
        async def logged(localexp_run):
            await asyncio.sleep(0)
            Run.get_context().log("loss", 1)
            yield localexp_run

        async def test_it(logged):
            await asyncio.to_thread(lambda: Run.get_context().log("loss", 2))
            assert logged.get_metrics() == {"loss": [1, 2]}

        async def test_fails(localexp_run):
            await asyncio.sleep(0)
            assert 1 == 2
        """
    )
    options = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    result = pytester.runpytest_subprocess("-p", "localexp", "-p", "asyncio", "-W", "error", *options)
    result.assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_tests_does_not_matter(pytester: pytest.Pytester, seed: int) -> None:
    pytester.makepyfile(MANY)
    result = in_process(pytester, "-p", "randomly", f"--randomly-seed={seed}")
    result.assert_outcomes(passed=25)


def test_each_worker_has_a_session_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MANY)
    result = pytester.runpytest_subprocess("-p", "localexp", "-p", "xdist", "-n2", "--dist=load", "-W", "error")
    result.assert_outcomes(passed=25)
