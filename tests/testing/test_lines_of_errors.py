"""An error is shown with the line of the test that it comes of, and not with those of localexp that it led to."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite


def test_an_error_is_shown_with_the_line_of_the_test(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_it="""
        import shutil, sys
        import pytest
        from localexp import Workspace

        def test_outside():
            Workspace("real")

        def test_replaced(localexp_experiment, tmp_path):
            shutil.rmtree(tmp_path / "workspace")
            Workspace(tmp_path / "workspace").close()
            localexp_experiment.start_logging(snapshot_directory=None)

        def test_exit(localexp_run):
            sys.exit(4)

        def test_own(localexp_run):
            raise RuntimeError
        """
    )
    result = suite()

    shown = ["6: OutsideWorkspaceError", "11: ReplacedStoreError", "14: SystemExit", "17: RuntimeError"]
    result.stdout.fnmatch_lines([f"test_it.py:{line}" for line in shown])
    result.stdout.no_fnmatch_line("*/localexp/*.py:*")
    suite("--full-trace", "-k", "outside").stdout.fnmatch_lines(["*/localexp/workspace.py:*"])
