"""A test that opens a workspace outside the temporary folder of its session is kept from it, and fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Workspace
from localexp.errors import OutsideWorkspaceError
from localexp.execution import fence
from localexp.observing import FENCE
from tests.testing.nested import in_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite


def places(result: pytest.RunResult) -> list[str]:
    """The lines that are named, as they are in what is printed."""
    return [line.partition("where: ")[2] for line in result.outlines if " where: " in line]


def test_nothing_is_made_and_the_test_is_told_what_to_write(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_it="""
        from localexp import Workspace

        def test_it():
            Workspace("real")
        """
    )
    result = suite()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"E *OutsideWorkspaceError: workspace outside *: {pytester.path}/real (nothing was opened or made there)",
            "E *where: test_it.py:4",
            "E *test: test_it.py::test_it",
            "E *temporary folder: *",
            "E *instead: use the fixture localexp_workspace *, Workspace(tmp_path), or Workspace.ephemeral()",
            "E *if it is meant: *@pytest.mark.localexp_outside; localexp_guard_workspaces = false *",
        ]
    )
    assert not (pytester.path / "real").exists()


@pytest.mark.parametrize(
    "call", ["Workspace('real')", "Workspace.create('name', 'real')", "Workspace.from_config('real')"]
)
def test_a_workspace_that_is_there_is_not_touched(
    pytester: pytest.Pytester, suite: Suite, new_store: Path, call: str
) -> None:
    store = pytester.mkdir("real") / ".localexp"
    store.mkdir()
    for file in new_store.iterdir():
        if file.is_file():
            (store / file.name).write_bytes(file.read_bytes())
    before = {file.name: file.stat() for file in store.iterdir()}
    pytester.makepyfile(f"from localexp import Workspace\ndef test_it():\n    {call}")

    suite().assert_outcomes(failed=1)

    after = {file.name: file.stat() for file in store.iterdir()}
    assert {name: status.st_mtime_ns for name, status in after.items()} == {
        name: status.st_mtime_ns for name, status in before.items()
    }


def test_an_error_that_was_caught_fails_the_test_all_the_same_once_for_each_line(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    pytester.makepyfile(
        app="""
        from localexp import Workspace

        def opened(name):
            try:
                return Workspace(name)
            except Exception:
                return None
        """,
        test_it="""
        import app, pytest
        from localexp import Workspace

        def test_loop():
            for number in range(20):
                app.opened(f"real-{number}")

        def test_expected():
            with pytest.raises(OSError):
                Workspace("real")
            with pytest.raises(OSError):
                Workspace("another")

        def test_innocent():
            pass
        """,
    )
    result = suite()

    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_loop*", "*ERROR at teardown of test_expected*"])
    result.stdout.no_fnmatch_line("*of test_innocent*")
    assert places(result) == ["app.py:5, called at test_it.py:6", "test_it.py:10", "test_it.py:12"]


def test_an_error_that_fails_the_test_is_told_once(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest, unittest
        from localexp import Workspace

        def test_cause():
            try:
                Workspace("real")
            except OSError as error:
                raise RuntimeError("no workspace") from error

        def test_context():
            try:
                Workspace("real")
            except OSError:
                {}["no workspace"]

        @pytest.fixture
        def real():
            return Workspace("real")

        def test_fixture(real):
            pass

        @pytest.fixture
        def real_afterwards():
            yield
            Workspace("real")

        def test_teardown(real_afterwards):
            pass

        class TestOfUnittest(unittest.TestCase):
            def test_it(self):
                Workspace("real")
        """
    )
    result = suite()

    result.assert_outcomes(passed=1, failed=3, errors=2)
    assert len(places(result)) == 5


def test_a_skip_does_not_hide_it(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest
        from localexp import Workspace

        def test_it():
            try:
                Workspace("real")
            except OSError:
                pytest.skip("no workspace here")
        """
    )
    suite().assert_outcomes(skipped=1, errors=1)


def test_what_a_failing_test_has_caught_is_told_beside_its_failure(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_it="""
        from localexp import Workspace

        def test_it():
            try:
                workspace = Workspace("real")
            except OSError:
                workspace = None
            assert workspace is not None
        """
    )
    result = suite()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *assert None is not None", "*Captured localexp teardown*", "*where: test_it.py:5", "*somebody has caught"]
    )


def test_a_marked_test_class_or_module_may(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        test_function="""
        import pytest
        from localexp import Workspace

        @pytest.mark.localexp_outside
        def test_it():
            Workspace("function").close()

        @pytest.mark.parametrize("name", ["not", pytest.param("parameter", marks=pytest.mark.localexp_outside)])
        def test_parameter(name):
            Workspace(name).close()
        """,
        test_class="""
        import pytest
        from localexp import Workspace

        @pytest.mark.localexp_outside
        class TestIt:
            def setup_class(self):
                Workspace("class").close()

            def test_it(self):
                Workspace.from_config("class").close()
        """,
        test_module="""
        import pytest
        from localexp import Workspace
        pytestmark = pytest.mark.localexp_outside

        def test_it():
            Workspace("module").close()
        """,
    )
    suite("--strict-markers").assert_outcomes(passed=4, failed=1)

    made = sorted(store.parent.name for store in pytester.path.glob("*/.localexp"))
    assert made == ["class", "function", "module", "parameter"]


def test_it_can_be_switched_off_for_all_at_import_too(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeini("[pytest]\nlocalexp_guard_workspaces = false")
    pytester.makeconftest("from localexp import Workspace\nWorkspace('conftest').close()")
    pytester.makepyfile(
        """
        from localexp import Workspace
        Workspace("module").close()

        def test_it():
            Workspace("test").close()
        """
    )
    suite().assert_outcomes(passed=1)


def test_the_temporary_folder_may_be_reached_in_any_way(
    pytester: pytest.Pytester, suite: Suite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    links = tmp_path_factory.mktemp("links")
    (links / "link").symlink_to(pytester.mkdir("temporary"))
    pytester.makepyfile(
        f"""
        import os, threading
        import pytest
        from localexp import Workspace

        def test_as_given(tmp_path):
            Workspace(tmp_path / "below" / "it").close()

        def test_link():
            Workspace({str(links / "link" / "base" / "linked")!r}).close()

        def test_relative(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            Workspace().close()
            Workspace(".localexp").close()

        def test_session(tmp_path_factory):
            Workspace(tmp_path_factory.getbasetemp()).close()

        @pytest.fixture(scope="session", autouse=True)
        def shared(tmp_path_factory):
            Workspace(tmp_path_factory.mktemp("shared")).close()

        def test_thread(tmp_path):
            thread = threading.Thread(target=lambda: Workspace(tmp_path).close())
            thread.start()
            thread.join()

        def test_removed(tmp_path_factory):
            import shutil
            shutil.rmtree(tmp_path_factory.getbasetemp())
            Workspace(tmp_path_factory.getbasetemp() / "anew").close()
        """
    )
    suite(f"--basetemp={pytester.path / 'temporary' / 'base'}").assert_outcomes(passed=6)


def test_a_link_or_a_name_like_that_of_the_temporary_folder_does_not_lead_into_it(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    pytester.mkdir("real")
    pytester.makepyfile(
        f"""
        import os
        from localexp import Workspace

        def test_link(tmp_path):
            (tmp_path / "link").symlink_to({str(pytester.path / "real")!r})
            Workspace(tmp_path / "link")

        def test_upwards(tmp_path_factory):
            Workspace(tmp_path_factory.getbasetemp() / "..")

        def test_longer(tmp_path_factory):
            Workspace(f"{{tmp_path_factory.getbasetemp()}}-of-another")
        """
    )
    result = suite()

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines([f"E *link (which is {pytester.path}/real; nothing was opened or made there)"])
    assert list((pytester.path / "real").iterdir()) == []


def test_an_ephemeral_one_may_lie_anywhere(pytester: pytest.Pytester, suite: Suite) -> None:
    Workspace._ephemeral_in(pytester.path / "elsewhere").close()
    pytester.makepyfile(
        """
        from localexp import Workspace
        Workspace("elsewhere").close()

        def test_it():
            Workspace("elsewhere").close()
        """
    )
    suite().assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--collect-only", "--verbose"])
def test_none_is_opened_while_a_module_is_collected(pytester: pytest.Pytester, suite: Suite, option: str) -> None:
    pytester.makepyfile(
        test_it="""
        from localexp import Workspace

        workspace = Workspace("real")

        def test_it():
            pass
        """
    )
    result = suite(option)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "*ERROR collecting test_it.py*",
            "E *where: test_it.py:3, as this module was imported",
            "E *test: none is running",
            "E *instead: move this from the top of the module into a function or a fixture; in tests use *",
            "E *if it is meant: localexp_guard_workspaces = false *",
        ]
    )
    assert len(places(result)) == 1
    assert not (pytester.path / "real").exists()


def test_none_is_opened_while_a_conftest_is_imported(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeconftest("from localexp import Workspace\nWorkspace('real')")

    result = suite()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["E *where: conftest.py:2, as this module was imported"])
    assert not (pytester.path / "real").exists()


def test_what_was_caught_where_no_test_was_running_fails_the_session(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makeconftest(
        """
        from localexp import Workspace

        def pytest_sessionstart():
            try:
                Workspace("hook")
            except OSError:
                pass
        """
    )
    pytester.makepyfile(
        test_it="""
        from contextlib import suppress
        from localexp import Workspace

        with suppress(Exception):
            Workspace("module")

        def test_it():
            pass
        """
    )
    result = suite()

    result.assert_outcomes(passed=1, errors=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert places(result) == ["conftest.py:5", "test_it.py:5, as this module was imported"]
    result.stdout.fnmatch_lines(["ERROR conftest.py:5 - *", "ERROR test_it.py:5 - *"])


def test_a_module_that_a_test_imports_late_is_named(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        settings="from localexp import Workspace\nWorkspace('real')",
        test_it="def test_it():\n    import settings",
    )
    result = suite()

    result.assert_outcomes(failed=1)
    assert places(result) == ["settings.py:2, called at test_it.py:2, as this module was imported"]


def test_any_kind_of_test_is_guarded(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncio_mode = auto")
    pytester.makepyfile(
        test_kinds='''
        import threading
        import unittest
        from concurrent.futures import ThreadPoolExecutor
        from localexp import Workspace

        def documented():
            """
            >>> Workspace("real")
            """

        class TestClass(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                Workspace("real")

            def test_it(self):
                pass

        class TestCleanup(unittest.TestCase):
            def test_it(self):
                self.addCleanup(Workspace, "real")

        async def test_async():
            Workspace("real")

        def test_threads():
            with ThreadPoolExecutor() as pool:
                pool.submit(Workspace, "real")
        '''
    )
    result = in_process(pytester, "-p", "asyncio", "--doctest-modules")
    result.assert_outcomes(failed=3, passed=1, errors=2)
    assert places(result)[-3:] == ["<doctest test_kinds.documented[0]>:1", "test_kinds.py:20", "test_kinds.py:24"]
    result.stdout.fnmatch_lines(["*where: test_kinds.py:14", "*where: an unknown line in thread ThreadPoolExecutor*"])


def test_the_command_line_in_the_process_of_a_test_is_guarded(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        from click.testing import CliRunner
        from localexp.cli.main import localexp

        def test_it():
            CliRunner().invoke(localexp, ["init", "real"])
        """
    )
    suite().assert_outcomes(passed=1, errors=1)
    assert not (pytester.path / "real").exists()


def test_each_worker_of_xdist_has_a_temporary_folder_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import os
        from localexp import Workspace

        if "PYTEST_XDIST_WORKER" in os.environ:
            try:
                Workspace("imported")
            except OSError:
                pass
        """
    )
    pytester.makepyfile(
        """
        import pytest
        from localexp import Workspace

        @pytest.mark.parametrize("number", range(4))
        def test_inside(tmp_path, number):
            Workspace(tmp_path).close()

        def test_outside(tmp_path_factory):
            Workspace(tmp_path_factory.getbasetemp().parent)
        """
    )
    result = pytester.runpytest_subprocess("-p", "localexp", "-p", "xdist", "-n2", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=4, failed=1, errors=1)
    result.stdout.fnmatch_lines(["ERROR conftest.py:6 - *"])


CHILDREN = """
    import os, subprocess, sys
    import pytest

    def opening(path):
        code = "import sys; from localexp import Workspace; Workspace(sys.argv[1])"
        return subprocess.run([sys.executable, "-c", code, path], text=True, capture_output=True)

    def test_plain(request):
        child = opening(str(request.config.rootpath / "project"))
        assert child.returncode == 1
        print(child.stderr)

    def test_command():
        line = [sys.executable, "-m", "localexp", "init", "project"]
        child = subprocess.run(line, text=True, capture_output=True)
        assert child.returncode != 0
        assert child.stderr.count("workspace outside") == 1

    def test_script(localexp_submit, tmp_path):
        (tmp_path / "leak.py").write_text(
            f"from localexp import Run, Workspace; Run.get_context().log('loss', 1)\\nWorkspace.from_config()\\n"
            f"Workspace({os.path.abspath('project')!r})"
        )
        run = localexp_submit(tmp_path / "leak.py")
        assert run.get_metrics() == {"loss": 1}
        assert "OutsideWorkspaceError" in run.get_details()["error"]["error"]["message"]

    def test_inside(tmp_path):
        assert opening(str(tmp_path)).returncode == 0

    def test_inherits():
        assert os.environ.get("LOCALEXP_FENCE") == os.environ["PYTEST_DEBUG_TEMPROOT"]

    @pytest.mark.localexp_outside
    def test_outside():
        assert opening("marked").returncode == 0
"""


def test_what_a_test_starts_is_kept_from_workspaces_outside(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(CHILDREN)

    result = suite("-rP")

    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        [
            f"*OutsideWorkspaceError: workspace outside *: {pytester.path}/project (nothing was opened or made there)",
            "  where: in a process that a test session has started, *",
            "  temporary folder: * (as LOCALEXP_FENCE says)",
            "  instead: use the fixture localexp_workspace, which sets LOCALEXP_WORKSPACE for it, or *",
            "  if it is meant: mark the test with @pytest.mark.localexp_outside; unset LOCALEXP_FENCE *",
        ]
    )
    assert not (pytester.path / "project").exists()
    assert FENCE not in os.environ


def test_the_script_of_a_run_may_open_its_workspace_wherever_that_is(tmp_path: Path) -> None:
    environment = {FENCE: str(tmp_path / "tests")}
    fence.let_in(environment, str(tmp_path / "odd" / ".localexp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FENCE, environment[FENCE])
        fence.check(str(tmp_path / "odd" / ".localexp"))
        fence.check(str(tmp_path / "tests" / "one" / ".localexp"))
        with pytest.raises(OutsideWorkspaceError):
            fence.check(str(tmp_path / ".localexp"))


def test_where_the_guard_is_off_children_are_not_kept_either(
    pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FENCE, "that of another")
    pytester.makeini("[pytest]\nlocalexp_guard_workspaces = false")
    pytester.makepyfile("import os\ndef test_it():\n    assert 'LOCALEXP_FENCE' not in os.environ")

    suite().assert_outcomes(passed=1)

    assert os.environ[FENCE] == "that of another"


@pytest.mark.parametrize("name", ["workspaces", "runs", "supervisors"])
def test_a_switch_that_is_neither_true_nor_false_is_told_at_once(
    pytester: pytest.Pytester, suite: Suite, name: str
) -> None:
    pytester.makeini(f"[pytest]\nlocalexp_guard_{name} = maybe")

    result = suite()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = f"ERROR: the option localexp_guard_{name} of the ini file is true or false: *'maybe'*"
    result.stderr.fnmatch_lines([said])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_a_script_that_runs_inline_is_told_of_once_and_not_as_a_module(pytester: pytest.Pytester, suite: Suite) -> None:
    (pytester.mkdir("scripts") / "leak.py").write_text("from localexp import Workspace\nWorkspace('/nowhere/real')")
    pytester.makepyfile(
        test_it="""
        def test_fails(localexp_submit):
            assert localexp_submit("scripts/leak.py", inline=True).id == ""

        def test_does_not_look(localexp_submit):
            localexp_submit("scripts/leak.py", inline=True)
        """,
    )
    result = suite("--show-capture=no", "-k", "not_look")

    result.assert_outcomes(passed=1, errors=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["  where: scripts/leak.py:2, called at test_it.py:5", "  instead: use the fixture localexp_workspace *"]
    )
    result = suite("-k", "fails")

    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*Captured stderr call*", "  where: scripts/leak.py:2, called at test_it.py:2"])
    result.stdout.no_fnmatch_line("*Captured localexp teardown*")
