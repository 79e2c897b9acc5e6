"""A submitted script runs as a process of its own, and its run says how that went."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import ActivityFailedException, ExperimentExecutionException, UserErrorException
from tests.processes import Project, output, python, wait_until


def test_a_script_logs_to_its_run(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        run = Run.get_context()
        for step in range(3):
            run.log("loss", 1 / (step + 1), step=step)
        run.log("epochs", 3)
        """,
    )

    run = experiment.submit(project.config(), tags={"model": "mlp"})
    details = run.wait_for_completion()

    assert details["status"] == "Completed"
    assert run.get_metrics() == {"loss": [1.0, 0.5, 1 / 3], "epochs": 3}
    assert run.get_tags() == {"model": "mlp"}


def test_arguments_arrive_unchanged(experiment: Experiment, project: Project) -> None:
    arguments = ["--lr", "0.1", "with space", 'quo"te', "", "ünï", "new\nline", "$HOME", "*"]
    project.write("train.py", "import sys; open('outputs/args', 'w').write(repr(sys.argv[1:]))")

    run = experiment.submit(project.config(arguments=arguments))
    run.wait_for_completion()

    run.download_file("outputs/args", str(project.path / "args"))
    assert (project.path / "args").read_text() == repr(arguments)


def test_submit_returns_while_the_script_still_runs(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import time; time.sleep(5)")

    started = time.monotonic()
    run = experiment.submit(project.config())

    assert time.monotonic() - started < 4
    assert run.get_status() in ("NotStarted", "Preparing", "Running")
    run.wait_for_completion()
    assert time.monotonic() - started >= 5
    assert run.get_status() == "Completed"


def test_a_run_completes_after_the_submitting_process_has_exited(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "from localexp import Run; Run.get_context().log('done', True)")

    run_id = output(
        python(
            """
            import os, sys
            from localexp import Experiment, ScriptRunConfig, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").submit(ScriptRunConfig(sys.argv[2], "train.py"))
            sys.stdout.write(run.id)
            sys.stdout.flush()
            os._exit(0)
            """,
            workspace.path,
            project.path,
        )
    )

    run = Run.get(workspace, run_id)
    assert run.wait_for_completion()["status"] == "Completed"
    assert run.get_metrics() == {"done": True}


def test_a_script_that_raises_makes_the_run_failed(experiment: Experiment, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "print('before')\nraise ValueError('bad learning rate')")
    run = experiment.submit(project.config())

    with pytest.raises(ActivityFailedException, match="ValueError: bad learning rate"):
        run.wait_for_completion()

    details = run.get_details()
    error = details["error"]
    assert details["status"] == "Failed"
    assert isinstance(error, dict)
    assert error["error"]["exitCode"] == 1
    assert (
        error["error"]["message"] == "the script exited with code 1: ValueError: bad learning rate (train.py, line 2)"
    )
    run.download_file("user_logs/std_log.txt", tmp_path / "log")
    log = (tmp_path / "log").read_text()
    assert log.startswith("before\nTraceback (most recent call last):")
    assert log.endswith("ValueError: bad learning rate\n")


def test_an_exit_code_is_kept(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import sys; sys.exit(7)")
    run = experiment.submit(project.config())

    details = run.wait_for_completion(raise_on_error=False)

    assert details["status"] == "Failed"
    assert details["exitCode"] == 7


def test_a_script_that_a_signal_ends_is_failed_with_its_name(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    run = experiment.submit(project.config())

    details = run.wait_for_completion(raise_on_error=False)

    assert "was killed by SIGKILL" in str(details["error"])


def test_the_working_directory_is_a_checkout(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os; print(os.getcwd()); print(sorted(os.listdir()))")
    project.write("data/rows.csv", "1,2")
    run = experiment.submit(project.config())
    run.wait_for_completion()

    run.download_file("user_logs/std_log.txt", project.path / "log")
    folder, names = (project.path / "log").read_text().splitlines()

    assert ".localexp/checkouts/" in folder.replace("\\", "/")
    assert names == "['data', 'logs', 'outputs', 'train.py']"


def test_files_that_the_script_made_become_artifacts(experiment: Experiment, project: Project) -> None:
    project.write("config.json", "{}")
    project.write(
        "train.py",
        """
        import os
        os.makedirs("outputs/deep/er")
        open("outputs/deep/er/model.bin", "wb").write(b"weights")
        open("notes.txt", "w").write("outside outputs")
        open("config.json", "w").write("[]")
        os.symlink("deep/er/model.bin", "outputs/latest")
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    names = run.get_file_names()
    run.download_file("outputs/latest", project.path / "latest")

    assert names == [
        "config.json",
        "notes.txt",
        "outputs/deep/er/model.bin",
        "outputs/latest",
        "user_logs/std_log.txt",
    ]
    assert (project.path / "latest").read_bytes() == b"weights"
    assert (project.path / "config.json").read_text() == "{}"


def test_files_of_a_running_script_can_be_had(experiment: Experiment, project: Project, tmp_path: Path) -> None:
    project.write(
        "train.py",
        f"""
        import os, time
        with open("aside", "w") as file:
            file.write("half way")
        os.replace("aside", "outputs/checkpoint-1")
        while not os.path.exists({str(tmp_path / "go")!r}):
            time.sleep(0.01)
        """,
    )
    run = experiment.submit(project.config())
    wait_until(lambda: "outputs/checkpoint-1" in run.get_file_names(), "the checkpoint is listed")

    run.download_file("outputs/checkpoint-1", tmp_path)

    assert (tmp_path / "checkpoint-1").read_text() == "half way"
    (tmp_path / "go").touch()
    run.wait_for_completion()


def test_a_command_runs_in_a_shell_with_the_same_python(experiment: Experiment, project: Project) -> None:
    from localexp import ScriptRunConfig

    project.write("show.py", "import sys; print(sys.executable)")
    run = experiment.submit(ScriptRunConfig(project.path, command="python show.py && echo done"))
    run.wait_for_completion()

    run.download_file("user_logs/std_log.txt", project.path / "log")

    assert (project.path / "log").read_text() == f"{Path(sys.executable).parent / 'python'}\ndone\n"


def test_environment_variables_reach_the_script(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os; print(os.environ['FLAVOUR'], os.environ['AZUREML_ARM_PROJECT_NAME'])")
    config = project.config()
    config.run_config.environment_variables = {"FLAVOUR": "plum"}
    run = experiment.submit(config)
    run.wait_for_completion()

    run.download_file("user_logs/std_log.txt", project.path / "log")

    assert (project.path / "log").read_text() == "plum digits\n"
    assert "plum" not in str(run.get_details())


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("missing.py", "no script missing.py"),
        ("folder", "is a directory"),
        ("ignored.py", "line 1 of .gitignore, 'ignored.py'"),
        ("../outside.py", "outside the source directory"),
        ("__pycache__/cached.py", "no folder named __pycache__ ever enters"),
    ],
)
def test_a_script_that_cannot_run_fails_at_submit_and_leaves_no_run(
    experiment: Experiment, project: Project, script: str, message: str
) -> None:
    project.write("folder/train.py", "")
    project.write("ignored.py", "")
    project.write("__pycache__/cached.py", "")
    project.write(".gitignore", "ignored.py\n")
    project.write("../outside.py", "")

    with pytest.raises(UserErrorException, match=message):
        experiment.submit(project.config(script))

    assert list(experiment.get_runs()) == []


def test_a_source_directory_that_is_not_there_fails_at_submit(experiment: Experiment, project: Project) -> None:
    project.path.rmdir()

    with pytest.raises(UserErrorException, match="does not exist"):
        experiment.submit(project.config())

    assert list(experiment.get_runs()) == []


def test_a_supervisor_that_cannot_start_makes_the_run_failed(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "")
    config = project.config()
    config.run_config.environment.python.interpreter_path = sys.executable
    monkeypatch.setattr(sys, "executable", str(project.path / "no-python"))

    with pytest.raises(ExperimentExecutionException, match="could not be started"):
        experiment.submit(config)

    [run] = experiment.get_runs()
    assert run.get_status() == "Failed"


def test_a_script_can_be_submitted_from_a_script(experiment: Experiment, project: Project) -> None:
    project.write("inner.py", "from localexp import Run; Run.get_context().log('inner', 1)")
    project.write(
        "train.py",
        """
        from localexp import Experiment, Run, ScriptRunConfig, Workspace
        run = Experiment(Workspace.from_config(), "inner").submit(ScriptRunConfig(".", "inner.py"))
        run.wait_for_completion()
        Run.get_context().log("outer", run.get_metrics()["inner"] + 1)
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics() == {"outer": 2}
