"""A distributed script is several processes, each with a log of its own; the first that fails ends the others."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from localexp import (
    Experiment,
    MpiConfiguration,
    PyTorchConfiguration,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    Workspace,
)
from tests.cli.command import localexp, printed
from tests.left_behind import of_workspaces_below
from tests.processes import Project, wait_until

Job = PyTorchConfiguration | MpiConfiguration

needs_mpirun = pytest.mark.skipif(shutil.which("mpirun") is None, reason="there is no mpirun")
EACH_WAY = pytest.mark.parametrize(
    "job", [PyTorchConfiguration(process_count=4), pytest.param(MpiConfiguration(4), marks=needs_mpirun)], ids=type
)

# One of four does what its argument says, the others wait for their end.
ONE_IN_FOUR = """
    import os, signal, sys, time
    from localexp import Run
    run, rank = Run.get_context(), os.environ["RANK"]
    def end(*_):
        open(f"outputs/{rank}", "w").close()
        sys.exit()
    if sys.argv[1] != "stubborn":
        signal.signal(signal.SIGTERM, end)
    elif rank == "1":
        signal.signal(signal.SIGTERM, lambda *_: open(f"outputs/{rank}", "w").close())
    for number in range(100):
        run.log(f"rank {rank}", number)
    open(f"logs/{rank}", "w").close()
    while len(os.listdir("logs")) < 4:
        time.sleep(0.001)
    if rank == "2":
        if sys.argv[1] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[1] in ("raise", "stubborn"):
            raise ValueError("the batch is empty")
    print("waiting", rank, flush=True)
    while True:
        time.sleep(600)
    """


def ended(experiment: Experiment, project: Project, job: Job, *arguments: str) -> Run:
    run = submitted(experiment, project, job, *arguments)
    run.wait_for_completion(raise_on_error=False)
    return run


def submitted(experiment: Experiment, project: Project, job: Job, *arguments: str) -> Run:
    return experiment.submit(ScriptRunConfig(project.path, "train.py", list(arguments), distributed_job_config=job))


def log(run: Run, rank: int | None = None) -> str:
    name = "std_log" if rank is None else f"std_log_process_{rank}"
    text: str = run.get_details_with_logs()["logFiles"][f"user_logs/{name}.txt"]
    return text


def message(run: Run) -> str:
    text: str = run.get_details()["error"]["error"]["message"]
    return text


@EACH_WAY
def test_each_rank_is_told_which_it_is_and_has_a_log(experiment: Experiment, project: Project, job: Job) -> None:
    project.write(
        "train.py",
        """
        import os
        from localexp import Run
        names = ["RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "NODE_RANK", "MASTER_ADDR"]
        print(*(os.environ[name] for name in names), flush=True)
        run = Run.get_context()
        run.log(f"port {os.environ['RANK']}", int(os.environ["MASTER_PORT"]))
        for number in range(500):
            run.log(f"rank {os.environ['RANK']}", number)
        """,
    )

    run = ended(experiment, project, job)

    assert run.get_status() == "Completed"
    assert [log(run, rank) for rank in range(4)] == [f"{rank} {rank} 4 4 0 127.0.0.1\n" for rank in range(4)]
    metrics = run.get_metrics()
    assert [metrics[f"rank {rank}"] for rank in range(4)] == [list(range(500))] * 4
    assert len({metrics[f"port {rank}"] for rank in range(4)}) == 1
    logs = [f"user_logs/std_log_process_{rank}.txt" for rank in range(4)]
    assert run.get_file_names() == ["user_logs/std_log.txt", *logs]
    assert "warnings" not in run.get_details()


@EACH_WAY
def test_when_a_rank_is_killed_the_run_fails_within_the_grace_period(
    experiment: Experiment, project: Project, job: Job
) -> None:
    project.write("train.py", ONE_IN_FOUR)
    started = time.monotonic()

    run = ended(experiment, project, job, "kill")

    assert time.monotonic() - started < 10
    assert run.get_status() == "Failed"
    assert run.get_details()["exitCode"] == -signal.SIGKILL
    assert message(run).startswith("rank 2 was killed by SIGKILL")
    assert run.get_metrics() == {f"rank {rank}": list(range(100)) for rank in range(4)}
    assert [f"outputs/{rank}" in run.get_file_names() for rank in range(4)] == [True, True, False, True]
    assert log(run).startswith("rank 2 was killed by SIGKILL; the others")
    assert "warnings" not in run.get_details()


@EACH_WAY
def test_an_exception_of_a_rank_is_the_reason(experiment: Experiment, project: Project, job: Job) -> None:
    script = project.write("train.py", ONE_IN_FOUR)
    line = script.read_text().splitlines().index('        raise ValueError("the batch is empty")') + 1

    run = ended(experiment, project, job, "raise")

    assert run.get_details()["exitCode"] == 1
    assert message(run) == f"rank 2 exited with code 1: ValueError: the batch is empty (train.py, line {line})"
    assert "rank 2 exited with code 1; the others" in log(run)
    assert log(run).endswith("ValueError: the batch is empty\n")


@EACH_WAY
def test_a_rank_that_does_not_end_is_killed_after_the_grace_period(
    workspace: Workspace, experiment: Experiment, project: Project, job: Job
) -> None:
    workspace.set_setting("cancel.grace_seconds", 1)
    project.write("train.py", ONE_IN_FOUR)

    run = ended(experiment, project, job, "stubborn")

    assert message(run).startswith("rank 2 exited with code 1: ValueError")
    assert "rank 1 was killed by SIGKILL" in log(run)
    assert "rank 0 was killed by SIGTERM" in log(run)
    assert "outputs/1" in run.get_file_names()


@EACH_WAY
def test_all_ranks_of_a_canceled_run_end(experiment: Experiment, project: Project, job: Job) -> None:
    project.write("train.py", ONE_IN_FOUR)
    run = submitted(experiment, project, job, "wait")
    for rank in range(4):
        wait_until(lambda rank=rank: has_said(run, rank, "waiting"), f"rank {rank} waits")  # type: ignore[misc]

    run.cancel()
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Canceled"
    assert {f"outputs/{rank}" for rank in range(4)} <= set(run.get_file_names())
    assert of_workspaces_below(experiment.workspace.path) == []


def has_said(run: Run, rank: int, text: str) -> bool:
    return text in run.get_details_with_logs()["logFiles"].get(f"user_logs/std_log_process_{rank}.txt", "")


def test_a_command_is_run_by_each_rank(experiment: Experiment, project: Project) -> None:
    project.write("say.sh", 'echo "$1 $RANK of $WORLD_SIZE"; exit $((RANK * 3))')
    config = ScriptRunConfig(project.path, command=["sh", "say.sh", "number"])
    config.run_config.communicator = "Gloo"
    config.run_config.pytorch.process_count = 2

    run = experiment.submit(config)
    run.wait_for_completion(raise_on_error=False)

    assert log(run, 1) == "number 1 of 2\n"
    assert message(run) == "rank 1 exited with code 3; its last line: number 1 of 2"


def test_a_run_configuration_says_how_many_there_are(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os; print(os.environ['WORLD_SIZE'], os.environ['AZUREML_COMMUNICATOR'])")
    configuration = RunConfiguration(framework="PyTorch", communicator="Gloo")
    configuration.pytorch.process_count = 2

    run = experiment.submit(ScriptRunConfig(project.path, "train.py", run_config=configuration))
    run.wait_for_completion()

    assert log(run, 0) == "2 Gloo\n"
    assert run.get_details()["runDefinition"]["distributed"] == {
        "kind": "pytorch",
        "processCount": 2,
        "communicationBackend": "Gloo",
    }


def test_mpi_differs_and_works_without_mpirun(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os; print(os.environ['RANK'], os.environ['AZUREML_COMMUNICATOR'])")
    config = ScriptRunConfig(project.path, "train.py", distributed_job_config=MpiConfiguration(2))
    config.run_config.environment_variables["PATH"] = str(project.path)

    run = experiment.submit(config)
    run.wait_for_completion()

    assert [log(run, rank) for rank in range(2)] == ["0 OpenMpi\n", "1 OpenMpi\n"]
    assert log(run) == "there is no mpirun on PATH: the processes are started without it\n"


@needs_mpirun
def test_what_mpirun_itself_says_is_the_reason_if_it_cannot_start(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    config = ScriptRunConfig(project.path, "train.py", distributed_job_config=MpiConfiguration(2))
    config.run_config.environment_variables["PATH"] = str(project.path) + os.pathsep + os.environ["PATH"]
    project.write("mpirun", "#!/bin/sh\necho there are no slots\nexit 7\n").chmod(0o755)

    run = experiment.submit(config)
    run.wait_for_completion(raise_on_error=False)

    assert message(run) == "the script exited with code 7; its last line: there are no slots"


def test_of_several_ranks_the_first_is_shown(
    experiment: Experiment, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(
        "train.py",
        """
        import os, sys, time
        rank = os.environ["RANK"]
        print("I am", rank, flush=True)
        open(f"outputs/{rank}", "w").close()
        while len(os.listdir("outputs")) < 2:
            time.sleep(0.001)
        sys.exit(int(rank))
        """,
    )

    run = submitted(experiment, project, PyTorchConfiguration(process_count=2))
    run.wait_for_completion(show_output=True, raise_on_error=False)

    shown = capsys.readouterr().out
    assert "Streaming user_logs/std_log_process_0.txt" in shown
    assert "I am 0\nrank 1 exited with code 1" in shown
    assert printed(localexp("logs", run.id, at=project.path)).startswith("I am 0\nrank 1 exited with code 1")
    assert printed(localexp("logs", run.id, "--rank", "1", at=project.path)) == "I am 1\n"
    assert "the last of rank 1, and so no rank 2" in localexp("logs", run.id, "--rank", "2", at=project.path).stderr
    assert (
        "  distributed: 2 processes, pytorch, Nccl" in printed(localexp("show", run.id, at=project.path)).splitlines()
    )
    assert "I am 1\n" in [Path(path).read_text() for path in run.get_all_logs(project.path / "logs")]


def test_another_number_of_ranks_makes_another_run_of_it(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")

    runs = [ended(experiment, project, PyTorchConfiguration(process_count=count)) for count in (1, 1, 2)]

    first, same, other = [run.get_details()["identity"] for run in runs]
    assert first == same != other
