"""Tests that are deterministic by a marker, the ini file or the environment, and their fixtures."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite

TESTS = """
    import pytest
    from localexp import Experiment, Workspace

    @pytest.fixture
    def start(tmp_path):
        run = Experiment(Workspace(tmp_path), "digits").start_logging(snapshot_directory=None)
        run.complete()
        return run.get_details()["startTimeUtc"][:19]

    @pytest.mark.localexp_deterministic
    @pytest.mark.parametrize("number", [1, 2])
    def test_marked(start, number):
        assert start == "2026-01-01T00:00:00"

    @pytest.mark.localexp_deterministic("stepping", start="2027-01-01T00:00:00Z", step=60)
    class TestMarked:
        @pytest.mark.parametrize("number", [1, 2])
        def test_it(self, start, number):
            assert start == "2027-01-01T00:02:00"

    def test_unmarked(start):
        assert start{}
    """


def test_a_marker_has_a_test_begin_at_the_start(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(TESTS.replace("{}", ' > "2026-02"'))
    suite("--strict-markers").assert_outcomes(passed=5)


def test_an_option_has_every_test_begin_at_the_start(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(TESTS.replace("{}", ' == "2026-01-01T00:00:02"'))
    pytester.makeini("[pytest]\nlocalexp_deterministic = stepping")
    suite().assert_outcomes(passed=5)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ('"froozen"', "there is no clock 'froozen'; write *"),
        ("clok='frozen'", "got an unexpected keyword argument 'clok'"),
        ('"stepping", "2026-01-01T00:00:00Z"', "too many positional arguments"),
    ],
)
def test_a_marker_that_says_nothing_fails_its_test_alone(
    pytester: pytest.Pytester, suite: Suite, arguments: str, complaint: str
) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.localexp_deterministic({arguments})
        def test_marked():
            pass

        def test_unmarked():
            pass
        """
    )
    result = suite()
    result.assert_outcomes(errors=1, passed=1)
    said = f"the marker localexp_deterministic of *::test_marked: {complaint}; it takes clock (*), start= and step="
    result.stdout.fnmatch_lines(["*ERROR at setup of test_marked*", said, "*short test summary*"], consecutive=True)


def test_fixtures_of_a_session_take_no_step_of_the_test_that_comes_first(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from localexp import Experiment

        pytestmark = pytest.mark.localexp_deterministic("stepping")

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(localexp_session_run, localexp_workspace, number):
            run = Experiment(localexp_workspace, "digits").start_logging(snapshot_directory=None)
            run.complete()
            assert run.get_details()["startTimeUtc"] == "2026-01-01T00:00:02.000000Z"
            assert localexp_session_run.get_details()["startTimeUtc"] == "2026-01-01T00:00:00.000000Z"
        """
    )
    suite().assert_outcomes(passed=2)


def test_a_block_of_a_fixture_may_end_after_the_test_that_has_it_set_up(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    pytester.makepyfile(
        """
        import os

        import pytest
        from localexp.store import clock
        from localexp.testing import deterministic

        def year():
            return clock.iso(clock.now())[:4]

        @pytest.fixture(scope="module")
        def of_module():
            with deterministic(start="2020-01-01T00:00:00Z"):
                yield

        class TestIt:
            @pytest.mark.localexp_deterministic
            def test_first(self, of_module):
                assert year() == "2026"
                assert os.environ["LOCALEXP_DETERMINISTIC"] == "frozen 2026-01-01T00:00:00.000000Z"

            def test_last(self, of_module):
                assert year() == "2020"
                assert os.environ["LOCALEXP_DETERMINISTIC"] == "frozen 2020-01-01T00:00:00.000000Z"
        """,
        test_more="""
        import os
        from localexp.store import determinism

        def test_after_it():
            assert determinism.current is None
            assert "LOCALEXP_DETERMINISTIC" not in os.environ
        """,
    )
    suite().assert_outcomes(passed=3)


def test_a_variable_that_a_test_removes_counts_for_the_next_test(
    pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALEXP_DETERMINISTIC", "frozen")
    pytester.makepyfile(
        """
        import os

        import pytest
        from localexp.store import determinism

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(number):
            del os.environ["LOCALEXP_DETERMINISTIC"]
            assert determinism.current is not None

        @pytest.fixture(scope="session", autouse=True)
        def without_variable():
            del os.environ["LOCALEXP_DETERMINISTIC"]
        """
    )
    suite().assert_outcomes(passed=2)


def test_an_option_that_says_nothing_ends_the_session(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeini("[pytest]\nlocalexp_deterministic = fast")
    result = suite()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: the option localexp_deterministic of the ini file is 'fast': there is no*"])
