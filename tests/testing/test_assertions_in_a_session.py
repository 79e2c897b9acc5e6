"""What a failing assertion looks like, and when it is imported."""

from __future__ import annotations

import pytest

from tests.processes import output, python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite


def test_the_traceback_ends_in_the_test(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest
        from localexp import Experiment
        from localexp.testing import assert_artifacts, assert_completed, assert_metrics

        def run(workspace):
            return Experiment(workspace, "digits").start_logging(snapshot_directory=None)

        def test_metrics(localexp_workspace):
            assert_metrics(run(localexp_workspace), {"loss": pytest.approx(0.1, abs=0.05)})

        def test_completed(localexp_workspace):
            assert_completed(run(localexp_workspace))

        def test_artifacts(localexp_workspace):
            assert_artifacts(run(localexp_workspace), ["outputs/model.pkl"])

        def test_arguments(localexp_workspace):
            assert_metrics({"loss": 0.1}, run(localexp_workspace))

        def test_values(localexp_workspace):
            assert_metrics(run(localexp_workspace), {"loss": {0.1}})
        """
    )

    result = suite("-o", "localexp_guard_runs=false")

    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            ">       assert_metrics(run(*",
            f"E       AssertionError: metric loss: expected {pytest.approx(0.1, abs=0.05)}, got not logged",
            "E         run * is Running",
            "E         it goes on: only what it has logged by now was compared",
            "E         it has logged no metrics",
        ]
    )
    assert "testing/assertions" not in result.stdout.str()


def test_assertions_are_imported_when_they_are_used() -> None:
    printed = python(
        """
        import sys
        import localexp.testing
        # As pytest does with a plugin.
        for name in dir(localexp.testing):
            getattr(localexp.testing, name)
        print([name for name in sys.modules if name.startswith("localexp.")])
        from localexp.testing import assert_metrics
        print("localexp.testing.assertions.metrics" in sys.modules, assert_metrics is localexp.testing.assert_metrics)
        try:
            localexp.testing.assert_nothing
        except AttributeError as error:
            print(error)
        """
    )

    assert output(printed).splitlines() == [
        "['localexp.observing', 'localexp.testing.plugin', 'localexp.testing']",
        "True True",
        "module 'localexp.testing' has no attribute 'assert_nothing'",
    ]
