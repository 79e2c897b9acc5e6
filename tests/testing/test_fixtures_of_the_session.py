"""Tests may share a workspace, an experiment and a run, which other tests of the session do not see."""

from __future__ import annotations

import os

import pytest

from tests.testing.nested import error_of, runs_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite


def test_all_tests_of_a_session_share_what_they_ask_for(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="session")
        def trained(localexp_session_run):
            localexp_session_run.log("loss", 0.5)
            return localexp_session_run

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(trained, localexp_session_workspace, localexp_session_experiment, number):
            assert trained.get_metrics() == {"loss": 0.5}
            assert localexp_session_experiment.name == "session"
            assert [run.id for run in localexp_session_experiment.get_runs()] == [trained.id]
            assert trained.experiment.workspace.path == localexp_session_workspace.path
            assert trained.get_status() == "Running"
        """
    )
    suite("-W", "error").assert_outcomes(passed=2)
    assert {name: run.get_status() for name, run in runs_left().items()} == {"session": "Completed"}


def test_only_the_tests_that_use_it_find_it(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import os, pytest, unittest
        from localexp import Run, Workspace

        def test_before():
            assert Run.get_context().id.startswith("OfflineRun")

        def test_first(monkeypatch, localexp_session_run):
            monkeypatch.setenv("LOCALEXP_WORKSPACE", Workspace.from_config().path)
            assert Run.get_context() is localexp_session_run

        def test_between():
            assert Run.get_context().id.startswith("OfflineRun")
            assert "LOCALEXP_WORKSPACE" not in os.environ

        @pytest.fixture
        def indirect(localexp_session_run):
            return localexp_session_run

        def test_by_another_fixture(indirect):
            assert Run.get_context() is indirect
            assert Workspace.from_config().path == indirect.experiment.workspace.path

        @pytest.mark.usefixtures("localexp_session_run")
        class TestClass(unittest.TestCase):
            def test_class(self):
                assert isinstance(Run.get_context(), Run)

        def test_both(localexp_run, localexp_session_run, localexp_workspace):
            assert Run.get_context() is localexp_run
            assert Workspace.from_config().path == localexp_workspace.path

        def test_after_both(localexp_session_run):
            assert Run.get_context() is localexp_session_run
            assert Workspace.from_config().path == localexp_session_run.experiment.workspace.path

        def test_last():
            assert Run.get_context().id.startswith("OfflineRun")
            assert "LOCALEXP_WORKSPACE" not in os.environ
        """
    )
    suite("-W", "error").assert_outcomes(passed=8)
    assert "LOCALEXP_WORKSPACE" not in os.environ


def test_what_is_asked_for_in_the_middle_of_a_test_leaves_nothing_behind(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    pytester.makepyfile(
        """
        import os, pytest
        from localexp import Run, Workspace

        def test_late(localexp_run, request, monkeypatch):
            request.getfixturevalue("localexp_session_run")
            assert Run.get_context() is localexp_run
            assert Workspace.from_config().path == localexp_run.experiment.workspace.path

        def test_next(localexp_session_run):
            assert Run.get_context() is localexp_session_run

        def test_last():
            assert Run.get_context().id.startswith("OfflineRun")
            assert "LOCALEXP_WORKSPACE" not in os.environ
        """
    )
    suite("-W", "error").assert_outcomes(passed=3)
    assert "LOCALEXP_WORKSPACE" not in os.environ


def test_a_run_of_the_session_fails_if_a_test_does_that_uses_it(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_them="""
        def test_fails(localexp_session_run):
            assert 1 == 2

        def test_passes(localexp_session_run):
            pass
        """
    )
    suite().assert_outcomes(passed=1, failed=1)
    [run] = runs_left().values()
    assert error_of(run).startswith("test_them.py::test_fails: the test failed: assert 1 == 2")


def test_the_failure_of_another_test_is_none_of_its(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        def test_uses(localexp_session_run):
            pass

        def test_fails(localexp_run):
            assert 1 == 2
        """
    )
    suite().assert_outcomes(passed=1, failed=1)
    assert {name: run.get_status() for name, run in runs_left().items()} == {
        "session": "Completed",
        "test_fails": "Failed",
    }
