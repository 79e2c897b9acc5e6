"""A session that has nothing to do with localexp has next to nothing of it, until something has."""

from __future__ import annotations

import pytest

from tests.processes import output, python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite


def session(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Tests in a process of their own, in which nothing of localexp but its plugin has been imported."""
    return pytester.runpytest_subprocess("-p", "localexp", "-p", "no:cacheprovider", *arguments)


def test_it_imports_nothing_more_and_takes_no_part_in_tests(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import sys

        def pytest_sessionfinish(session):
            print([name for name in sorted(sys.modules) if name.startswith("localexp.")])
            print(session.config.pluginmanager.has_plugin("localexp-session"))
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def given(tmp_path):
            return tmp_path

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(given, number):
            pass

        def test_error():
            raise ValueError
        """
    )
    result = session(pytester, "-s")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*'localexp.observing', 'localexp.testing', 'localexp.testing.plugin'?", "False"])


@pytest.mark.parametrize(
    "use",
    [
        "from localexp import Workspace\ndef test_it(): pass",
        "import pytest\n@pytest.mark.localexp_outside\ndef test_it(): pass",
        "import pytest\n@pytest.mark.localexp_deterministic\nclass Test:\n    def test_it(self): pass",
        "def test_it(localexp_workspace): pass",
        "import pytest\n@pytest.fixture\ndef mine(localexp_run): pass\ndef test_it(mine): pass",
    ],
    ids=["import", "marker", "marker of a class", "fixture", "fixture of a fixture"],
)
def test_what_is_collected_has_it_take_part_from_the_first_test_on(pytester: pytest.Pytester, use: str) -> None:
    pytester.makeconftest(
        """
        def pytest_runtestloop(session):
            print(session.config.pluginmanager.has_plugin("localexp-session"))
        """
    )
    pytester.makepyfile(use)
    result = session(pytester, "-s")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("True")


BEGUN = """
    import pytest

    def begun(folder):
        from localexp import Experiment, Workspace
        return Experiment(Workspace(folder), "digits").start_logging(snapshot_directory=None)

    @pytest.fixture
    def of_test(tmp_path):
        begun(tmp_path)

    @pytest.fixture(scope="module")
    def of_module(tmp_path_factory):
        begun(tmp_path_factory.mktemp("module"))

    @pytest.fixture
    def late(tmp_path):
        yield
        begun(tmp_path)
    """


IN_THREAD = """
def test_it(tmp_path):
    import concurrent.futures as futures
    with futures.ThreadPoolExecutor() as threads:
        threads.submit(begun, tmp_path).result()
"""


@pytest.mark.parametrize(
    ("test", "owner"),
    [
        ("def test_it(tmp_path): begun(tmp_path)", "test_it.py::test_it"),
        ("def test_it(of_test): pass", "fixture of_test (test_it.py:7)"),
        ("def test_it(of_module): pass", "fixture of_module (test_it.py:11)"),
        ("def test_it(request): request.getfixturevalue('of_test')", "fixture of_test (test_it.py:7)"),
        ("def test_it(late): pass", "code outside of tests"),
        (IN_THREAD, "test_it.py::test_it"),
    ],
    ids=["test", "fixture", "fixture of the module", "fixture that a test asks for", "teardown", "thread"],
)
def test_a_run_that_is_left_open_by_who_imports_it_late_is_theirs(
    pytester: pytest.Pytester, test: str, owner: str
) -> None:
    pytester.makepyfile(test_it=BEGUN.replace("\n    ", "\n") + "\n" + test, test_later="def test_it():\n    pass")
    result = session(pytester)

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(f"localexp: run left open by {owner}")


def test_a_workspace_outside_is_refused_to_who_imports_it_late(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_innocent():
            pass

        def test_outside():
            from localexp import Workspace
            Workspace("real")

        @pytest.mark.xfail(strict=True)
        def test_again():
            from localexp import Workspace
            Workspace("real")
        """
    )
    result = session(pytester)

    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*where: test_*.py:8", "*test: *::test_outside"])
    assert not (pytester.path / "real").exists()


def test_what_it_imports_is_imported_as_everywhere_else(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import importlib.machinery, sys
        import localexp.testing, localexp.workspace

        def test_it():
            assert type(localexp.workspace.__loader__) is importlib.machinery.SourceFileLoader
            assert type(__loader__) is not importlib.machinery.SourceFileLoader
            assert localexp.testing.Finder in sys.meta_path
        """
    )
    result = output(
        python(
            f"""
            import os, pytest, sys
            os.chdir({str(pytester.path)!r})
            assert pytest.main(["-q", "-p", "localexp", "-p", "no:cacheprovider"]) == 0
            print("left" if sys.modules["localexp.testing"].Finder in sys.meta_path else "removed")
            """
        )
    )

    assert result.splitlines()[-1] == "removed"


def test_threads_of_a_test_that_are_the_first_together_begin_it_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from concurrent.futures import ThreadPoolExecutor

        def test_it(tmp_path):
            from localexp import Workspace
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda name: Workspace(tmp_path / name), "abcd"))
        """
    )
    session(pytester).assert_outcomes(passed=1)


def test_a_block_that_is_deterministic_does_not_have_later_tests_be(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def id_of_run(folder):
            from localexp import Experiment, Workspace
            with Experiment(Workspace(folder), "digits").start_logging(snapshot_directory=None) as run:
                return run.id

        def test_block(tmp_path):
            from localexp.testing import deterministic
            with deterministic():
                assert id_of_run(tmp_path) == "digits_1"

        def test_later(tmp_path):
            assert id_of_run(tmp_path) != "digits_1"
        """
    )
    session(pytester).assert_outcomes(passed=2)


def test_what_is_refused_to_a_teardown_that_imports_it_late_is_told_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def late():
            yield
            from localexp import Workspace
            Workspace("real")

        def test_it(late):
            pass
        """
    )
    session(pytester).assert_outcomes(passed=1, errors=1)


def test_a_run_of_a_test_that_asks_for_it_late_and_is_interrupted_is_not_completed(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("def pytest_unconfigure(config):\n    print(config.run.get_status())")
    pytester.makepyfile(
        """
        def test_it(request):
            request.config.run = request.getfixturevalue("localexp_run")
            raise KeyboardInterrupt
        """
    )
    result = session(pytester)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines("Failed")


def test_the_assertions_of_tests_in_a_folder_of_its_name_are_told_as_those_of_others(pytester: pytest.Pytester) -> None:
    pytester.mkdir("localexp").joinpath("test_it.py").write_text("def test_it():\n    one = 1\n    assert one == 2\n")
    result = session(pytester, "--import-mode=importlib", "--rootdir=.")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E *assert 1 == 2")


def test_what_fails_before_it_opens_anything_is_told_of_as_ever(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef localexp_workspace():\n    return None")
    pytester.makepyfile(
        test_it="""
        def test_nowhere():
            from localexp import Workspace
            Workspace.from_config("/no/folder")

        def test_other_fixture(request):
            request.getfixturevalue("localexp_run")
        """
    )
    result = session(pytester)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["test_it.py:3: UserErrorException", "*UserErrorException: *defined at *conftest.py:2: *"]
    )
    result.stdout.no_fnmatch_line("*/localexp/*.py:*")


def test_a_run_is_of_its_test_when_that_is_run_again(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
                runtestprotocol(item, nextitem=nextitem)
                item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            return True
        """
    )
    pytester.makepyfile(test_it=BEGUN.replace("\n    ", "\n") + "\ndef test_it(tmp_path): begun(tmp_path)")
    result = suite()

    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(["localexp: run left open by test_it.py::test_it"] * 2)


def test_where_there_is_no_workspace_the_fixture_is_named_and_not_the_command_that_would_be_refused(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        test_it="""
        import subprocess, sys
        import pytest

        COMMAND = "from localexp import Workspace\\nWorkspace.from_config()"

        def test_here():
            exec(COMMAND)

        def test_child():
            told = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True).stderr
            assert "use the fixture localexp_workspace" in told

        def test_with_it(localexp_workspace):
            subprocess.run([sys.executable, "-c", COMMAND], check=True)
        """
    )
    result = session(pytester)

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        "*UserErrorException: there is no workspace in *; use the fixture localexp_workspace, *"
    )
