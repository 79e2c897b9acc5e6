"""Numbers of processes are whole ones and have an effect, or are refused."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from localexp import Experiment, MpiConfiguration, PyTorchConfiguration, RunConfiguration, ScriptRunConfig
from localexp.errors import RunConfigurationException
from tests.processes import Project


@pytest.mark.parametrize("count", [0, -1, 1.5, "2", True])
def test_a_number_of_processes_is_a_whole_one_above_0(count: Any) -> None:
    with pytest.raises(RunConfigurationException, match=f"process_count is a whole number.*not {count!r}"):
        PyTorchConfiguration(process_count=count)
    with pytest.raises(RunConfigurationException, match=f"process_count_per_node is a whole number.*not {count!r}"):
        MpiConfiguration().process_count_per_node = count


def test_a_machine_has_no_more_than_1024_processes() -> None:
    assert PyTorchConfiguration(process_count=1024).process_count == 1024
    with pytest.raises(RunConfigurationException, match=r"process_count is 1,025, .* give 1,024 at most"):
        PyTorchConfiguration(process_count=1025)
    with pytest.raises(RunConfigurationException, match=r"process_count_per_node is 100,000, .* give 1,024 at most"):
        MpiConfiguration(100_000)


def test_numbers_of_numpy_are_numbers() -> None:
    assert type(PyTorchConfiguration(process_count=numpy.int64(2)).process_count) is int
    assert MpiConfiguration(numpy.int64(2)).process_count_per_node == 2


@pytest.mark.parametrize("kind", [PyTorchConfiguration, MpiConfiguration])
def test_there_is_one_node(kind: Any) -> None:
    with pytest.raises(RunConfigurationException, match="node_count cannot be 2 here"):
        kind(node_count=2)


def test_an_unknown_backend_is_refused() -> None:
    assert PyTorchConfiguration("gloo").communication_backend == "Gloo"
    with pytest.raises(RunConfigurationException, match="communication_backend cannot be 'Mpi' here"):
        PyTorchConfiguration("Mpi")


@pytest.mark.parametrize(
    ("job", "communicator"),
    [(MpiConfiguration(2), "OpenMpi"), (PyTorchConfiguration(process_count=2), "Nccl"), (None, "None")],
)
def test_a_job_says_how_its_processes_meet(job: Any, communicator: str) -> None:
    config = ScriptRunConfig(".", "train.py", distributed_job_config=job)

    assert config.run_config.communicator == communicator
    assert (repr(job) in repr(config)) == (job is not None)


@pytest.mark.parametrize(
    ("communicator", "part", "complaint"),
    [
        ("None", "mpi", "mpi.process_count_per_node is 2, which has no effect"),
        ("None", "pytorch", "pytorch.process_count is 2, which has no effect"),
        ("Nccl", "mpi", "make that 'OpenMpi'"),
        ("OpenMpi", "pytorch", "make that 'Nccl'"),
    ],
)
def test_a_number_that_would_have_no_effect_is_refused(
    experiment: Experiment, project: Project, communicator: str, part: str, complaint: str
) -> None:
    project.write("train.py", "")
    configuration = RunConfiguration("train.py", communicator=communicator)
    configuration.mpi = MpiConfiguration(2 if part == "mpi" else 1)
    configuration.pytorch = PyTorchConfiguration(process_count=2 if part == "pytorch" else None)

    with pytest.raises(RunConfigurationException, match=complaint):
        experiment.submit(ScriptRunConfig(project.path, run_config=configuration))


def test_something_else_in_place_of_a_part_is_refused() -> None:
    configuration = RunConfiguration("train.py")

    with pytest.raises(RunConfigurationException, match="mpi is 2; give an object of MpiConfiguration"):
        configuration.mpi = 2  # type: ignore[assignment]
    with pytest.raises(RunConfigurationException, match="environment is 'mine'; give an object of Environment"):
        ScriptRunConfig(".", "train.py", environment="mine")  # type: ignore[arg-type]
    with pytest.raises(RunConfigurationException, match="python is 'python3'; give an object of PythonSection"):
        configuration.environment.python = "python3"  # type: ignore[assignment]


def test_a_job_beside_a_run_configuration_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="distributed_job_config"):
        ScriptRunConfig(".", "train.py", run_config=RunConfiguration(), distributed_job_config=MpiConfiguration(2))
