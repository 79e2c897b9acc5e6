"""A fixture of the plugin may be another's too: a conftest overrides it, two plugins are warned of."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite

OTHER = """
import pytest

@pytest.fixture
def localexp_workspace():
    return "not a workspace"
"""
DEPENDENT = "def test_it(localexp_experiment): pass\ndef test_again(localexp_experiment): pass"


def test_a_conftest_may_define_its_own(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeconftest(
        """
        import pytest
        from localexp import Experiment, Workspace

        @pytest.fixture
        def localexp_workspace(localexp_workspace):
            localexp_workspace.set_setting("max_concurrent_runs", 7)
            return localexp_workspace

        @pytest.fixture
        def localexp_experiment(localexp_workspace):
            return Experiment(localexp_workspace, "mine")
        """
    )
    pytester.makepyfile(
        """
        def test_it(localexp_run):
            assert localexp_run.experiment.name == "mine"
            assert localexp_run.experiment.workspace.setting("max_concurrent_runs") == 7
        """
    )
    suite("-W", "error").assert_outcomes(passed=1)


def test_two_plugins_that_define_a_fixture_are_warned_of_once(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(other_plugin=OTHER)
    pytester.makeconftest("pytest_plugins = ['other_plugin']")
    pytester.makepyfile(DEPENDENT)
    pytester.syspathinsert()
    result = suite("-W", "default")
    result.assert_outcomes(errors=2, warnings=1)
    message = "several plugins define the fixture localexp_workspace: the one at *other_plugin.py:3 is used *"
    result.stdout.fnmatch_lines([f"*PytestWarning: {message}, and not that at *testing/plugin.py:*; rename one, *"])


def test_a_warning_that_is_an_error_fails_no_more_than_the_test(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(other_plugin=OTHER)
    pytester.makepyfile("def test_it(localexp_workspace): pass\ndef test_again(localexp_workspace): pass")
    pytester.syspathinsert()
    # Loaded before ours, which therefore is the one that is used.
    suite("-W", "error", "-p", "other_plugin").assert_outcomes(errors=1, passed=1)


def test_a_plugin_may_add_to_a_fixture(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        other_plugin="""
        import pytest

        @pytest.fixture
        def localexp_workspace(localexp_workspace):
            return localexp_workspace
        """
    )
    pytester.makeconftest("pytest_plugins = ['other_plugin']")
    pytester.makepyfile(DEPENDENT)
    pytester.syspathinsert()
    suite("-W", "error").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("overridden", "dependent", "kind"),
    [
        ("localexp_workspace", "localexp_experiment", "a Workspace"),
        ("localexp_experiment", "localexp_run", "an Experiment"),
        ("localexp_experiment", "localexp_submit", "an Experiment"),
        ("localexp_session_workspace", "localexp_session_experiment", "a Workspace"),
    ],
)
def test_who_gets_something_else_says_where_it_comes_from(
    pytester: pytest.Pytester, suite: Suite, overridden: str, dependent: str, kind: str
) -> None:
    pytester.makeconftest(
        f"""
        import pytest

        @pytest.fixture(scope="session")
        def {overridden}():
            return "nothing"
        """
    )
    pytester.makepyfile(f"def test_it({dependent}): pass")
    result = suite()
    result.assert_outcomes(errors=1)
    message = f"the fixture {overridden} gives 'nothing', but {dependent} needs a localexp.{kind.split()[1]} of it"
    result.stdout.fnmatch_lines(
        [f"*UserErrorException: {message}; it is defined at *conftest.py:3: *have it give {kind}"]
    )
