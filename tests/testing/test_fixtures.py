"""A test has a workspace, an experiment and a run of its own."""

from __future__ import annotations

import os
import tempfile

import pytest

from localexp import Workspace
from localexp.testing.fixtures import fitting
from tests.processes import NOBODY, output, python_of_nobody
from tests.testing.nested import error_of, in_process, runs_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite


def test_each_test_has_a_workspace_of_its_own(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest
        from localexp import Experiment

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(localexp_workspace, tmp_path, number):
            assert localexp_workspace.path == str(tmp_path / "workspace")
            assert localexp_workspace.experiments == {}
            Experiment(localexp_workspace, "digits").start_logging(snapshot_directory=None).complete()
        """
    )
    suite().assert_outcomes(passed=2)


def test_who_looks_for_a_workspace_finds_that_of_the_test(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import os, subprocess, sys
        from localexp import Workspace

        FIND = "from localexp import Workspace; print(Workspace.from_config().path)"

        def test_it(localexp_workspace, tmp_path, monkeypatch):
            assert Workspace.from_config().path == localexp_workspace.path
            monkeypatch.chdir(tmp_path)
            child = subprocess.run([sys.executable, "-c", FIND], stdout=subprocess.PIPE, text=True, check=True)
            assert child.stdout.strip() == localexp_workspace.path

        def test_another():
            assert "LOCALEXP_WORKSPACE" not in os.environ
        """
    )
    suite().assert_outcomes(passed=2)


@pytest.mark.parametrize("order", ["monkeypatch, localexp_workspace", "localexp_workspace, monkeypatch"])
@pytest.mark.parametrize("before", [None, "elsewhere"])
def test_the_variable_is_put_back_whatever_a_test_has_set(
    pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch, order: str, before: str | None
) -> None:
    if before is not None:
        monkeypatch.setenv("LOCALEXP_WORKSPACE", before)
    pytester.makepyfile(
        f"""
        def test_it({order}):
            monkeypatch.setenv("LOCALEXP_WORKSPACE", "mine")
        """
    )
    suite().assert_outcomes(passed=1)
    assert os.environ.get("LOCALEXP_WORKSPACE") == before


def test_a_run_that_has_started_the_tests_is_out_of_the_way(
    pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOCALEXP_RUN_ID", "LOCALEXP_EXPERIMENT", "LOCALEXP_WORKSPACE", "AZUREML_RUN_ID"):
        monkeypatch.setenv(name, "outer")
    pytester.makepyfile(
        """
        import os
        from localexp import Run

        def test_workspace(localexp_workspace):
            assert Run.get_context().id.startswith("OfflineRun")
            assert "AZUREML_RUN_ID" not in os.environ

        def test_run(localexp_run):
            assert Run.get_context() is localexp_run

        def test_afterwards():
            assert Run.get_context().id == "outer"
        """
    )
    suite().assert_outcomes(passed=3)
    assert os.environ["LOCALEXP_RUN_ID"] == os.environ["AZUREML_RUN_ID"] == "outer"


def test_a_workspace_may_be_closed_left_and_deleted_by_its_test(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import os, shutil
        from localexp import Experiment, Run, Workspace

        def start(workspace):
            return Experiment(workspace, "digits").start_logging(snapshot_directory=None, outputs=False)

        def test_closed(localexp_workspace):
            localexp_workspace.close()
            start(localexp_workspace).complete()
            localexp_workspace.close()

        def test_left(localexp_workspace, localexp_run, tmp_path):
            gone = tmp_path / "gone"
            gone.mkdir()
            os.chdir(gone)
            gone.rmdir()
            Run.get_context().log("loss", 1)
            assert localexp_run.get_metrics() == {"loss": 1}
            assert len(localexp_workspace.experiments) == 1

        def test_after_that(localexp_run):
            localexp_run.log("loss", 2)

        def test_deleted(localexp_workspace, localexp_run):
            localexp_run.log("loss", 3)
            shutil.rmtree(localexp_workspace.path)

        def test_closed_and_deleted(localexp_workspace, localexp_run):
            localexp_workspace.close()
            shutil.rmtree(localexp_workspace.path)

        def test_replaced(localexp_workspace, localexp_run):
            shutil.rmtree(localexp_workspace.path)
            start(Workspace(localexp_workspace.path)).complete()
        """
    )
    here = os.getcwd()
    try:
        suite("-W", "error").assert_outcomes(passed=6)
    finally:
        os.chdir(here)


def test_a_place_that_cannot_be_written_to_is_said_clearly(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def in_the_way(tmp_path):
            (tmp_path / "workspace").write_text("")

        def test_it(localexp_workspace):
            pass
        """
    )
    result = suite()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*WorkspaceException: cannot create the folder *workspace*: *choose a folder*"])


def test_a_temporary_folder_that_is_read_only_is_said_clearly() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        shown = output(
            python_of_nobody(
                """
                import os, pytest, sys
                os.chdir(sys.argv[1])
                with open("test_it.py", "w") as file:
                    file.write(
                        "import pytest\\n"
                        "@pytest.fixture(autouse=True)\\n"
                        "def locked(tmp_path): tmp_path.chmod(0o500); yield; tmp_path.chmod(0o700)\\n"
                        "def test_it(localexp_workspace): pass\\n"
                    )
                pytest.main(["-q", "-p", "localexp", "-p", "no:cacheprovider", "--basetemp=temporary", "test_it.py"])
                """,
                folder,
            )
        )
    assert "WorkspaceException: cannot create the folder" in shown
    assert "Permission denied; choose a folder that you may write to" in shown
    assert "1 error" in shown


def test_an_experiment_is_named_after_the_test_function(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest, unittest

        @pytest.mark.parametrize("rate", [0.1, "a/b c"])
        def test_learns(localexp_experiment, rate):
            assert localexp_experiment.name == "test_learns"

        def test_größe_of_things(localexp_experiment):
            assert localexp_experiment.name == "test_groe_of_things"

        class TestAll:
            def test_that_is_so_long_that_no_experiment_can_have_its_name(self, localexp_experiment):
                assert localexp_experiment.name == "test_that_is_so_long_that_no_experim"
        """
    )
    suite().assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("test_a", "test_a"),
        ("t", "test_t"),
        ("тест", "test"),
        ("__init__", "init"),
        ("pkg.module.Class", "pkg_module_Class"),
        ("test_" + "x" * 30 + "__more", "test_" + "x" * 30),
    ],
)
def test_every_name_is_made_to_fit(name: str, fits: str, workspace: Workspace) -> None:
    from localexp import Experiment

    assert Experiment(workspace, fitting(name)).name == fits


def test_a_doctest_can_have_a_run(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makefile(
        ".txt",
        test_how_to="""
        >>> run = getfixture("localexp_run")
        >>> run.experiment.name
        'test_how_to_txt'
        """,
    )
    suite().assert_outcomes(passed=1)
    assert {name: run.get_status() for name, run in runs_left().items()} == {"test_how_to_txt": "Completed"}


def test_a_run_ends_as_its_test_does(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def broken(localexp_run):
            raise OSError("no such thing")

        @pytest.fixture
        def skipping(localexp_run):
            pytest.skip("not here")

        def test_passes(localexp_run):
            localexp_run.log("loss", 1)

        def test_fails(localexp_run):
            assert 1 == 2

        def test_says_why(localexp_run):
            pytest.fail("it has not converged")

        def test_in_setup(localexp_run, broken):
            pass

        def test_skips(localexp_run):
            pytest.skip("enough")

        def test_skipped_in_setup(localexp_run, skipping):
            pass

        @pytest.mark.xfail(raises=ZeroDivisionError)
        def test_expected(localexp_run):
            1 / 0

        @pytest.mark.xfail(strict=True)
        def test_unexpected(localexp_run):
            pass

        def test_after_failures(localexp_run):
            pass
        """
    )
    suite("-W", "error")
    runs = runs_left()
    errors = {name: error_of(run) for name, run in runs.items() if run.get_status() == "Failed"}
    assert {name for name, run in runs.items() if run.get_status() == "Completed"} == {
        "test_passes",
        "test_skips",
        "test_skipped_in_setup",
        "test_after_failures",
    }
    assert errors.pop("test_fails").startswith("the test failed: assert 1 == 2")
    assert errors == {
        "test_says_why": "the test failed: Failed: it has not converged",
        "test_in_setup": "the setup of the test failed: OSError: no such thing",
        "test_expected": "the test failed: ZeroDivisionError: division by zero",
        "test_unexpected": "the test failed: [XPASS(strict)]",
    }


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has no subtests before 9")
def test_a_run_ends_as_the_worst_of_the_subtests(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        def test_subtests(localexp_run, subtests):
            for number in range(3):
                with subtests.test(number=number):
                    assert number != 1
        """
    )
    suite("-W", "error")
    [run] = runs_left().values()
    assert run.get_status() == "Failed"
    assert error_of(run) == "the test failed: assert 1 != 1"


def test_a_test_may_end_its_run_itself(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        from localexp import Run

        def test_completed(localexp_run):
            with Run.get_context() as run:
                run.log("loss", 1)
            assert localexp_run.get_status() == "Completed"

        def test_failed(localexp_run):
            localexp_run.fail("enough")

        def test_canceled(localexp_run):
            localexp_run.cancel()

        def test_deleted(localexp_run):
            localexp_run.complete()
            localexp_run.delete()
        """
    )
    suite("-W", "error").assert_outcomes(passed=4)
    assert {name: run.get_status() for name, run in runs_left().items()} == {
        "test_completed": "Completed",
        "test_failed": "Failed",
        "test_canceled": "Canceled",
    }


@pytest.mark.parametrize("interrupt", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
def test_an_interrupted_test_leaves_no_completed_run(pytester: pytest.Pytester, suite: Suite, interrupt: str) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        def test_it(localexp_run):
            {interrupt}
        """
    )
    in_process(pytester, no_reraise_ctrlc=True)
    [run] = runs_left().values()
    assert run.get_status() == "Failed"
    assert error_of(run) == "the test session was interrupted"


def test_what_lies_in_the_repository_is_not_kept_with_the_run(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.mkdir("outputs").joinpath("old.txt").write_text("")
    pytester.makepyfile("def test_it(localexp_run): pass")
    suite().assert_outcomes(passed=1)
    [run] = runs_left().values()
    assert run.get_file_names() == []
    assert "snapshot" not in run.get_details()


def test_the_fixtures_explain_themselves_in_the_list_of_pytest(pytester: pytest.Pytester, suite: Suite) -> None:
    lines = suite("--fixtures").stdout.lines
    own = [at for at, line in enumerate(lines) if line.startswith("localexp_")]
    assert len(own) == 8
    for at in own:
        assert lines[at + 1].startswith("    ")
        assert lines[at + 1].endswith(".")
