"""How many processes a script is."""

from __future__ import annotations

import operator

from localexp.config.checked import Checked, refuse_without_effect
from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex

    from localexp.config.run_configuration import RunConfiguration
    from localexp.execution.ranks import Ranks

_MOST_PROCESSES = 1024
_OF_MPI, _OF_PYTORCH = ("OpenMpi", "IntelMpi"), ("Nccl", "Gloo")


class PyTorchConfiguration(Checked):
    """A script is several processes, each told by ``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, ``MASTER_ADDR`` and
    ``MASTER_PORT`` which it is and where they meet, as ``torch.distributed`` reads them.

    :param communication_backend: ``"Nccl"`` or ``"Gloo"``; the script is told it as ``AZUREML_COMMUNICATOR``, and
        chooses itself.
    :param process_count: how many processes, 1 to 1,024; None is one a node, and so one.
    :param node_count: 1, this machine.
    :raises RunConfigurationException: a value is not one of those.
    """

    communication_backend: str
    process_count: int | None
    node_count: int

    def __init__(
        self, communication_backend: str = "Nccl", process_count: SupportsIndex | None = None, node_count: int = 1
    ) -> None:
        self.communication_backend = communication_backend
        self.process_count = None if process_count is None else _checked_count("process_count", process_count)
        self.node_count = node_count

    def __setattr__(self, name: str, value: object) -> None:
        if name == "process_count" and value is not None:
            value = _checked_count(name, value)
        if name == "communication_backend":
            value = _checked_backend(value)
        super().__setattr__(name, value)


class MpiConfiguration(Checked):
    """A script is several processes that ``mpirun`` starts; where there is none, the same as with
    ``PyTorchConfiguration``. Each has the environment variables of both.

    :param process_count_per_node: how many processes, 1 to 1,024.
    :param node_count: 1, this machine.
    :raises RunConfigurationException: a value is not one of those.
    """

    process_count_per_node: int
    node_count: int

    def __init__(self, process_count_per_node: SupportsIndex = 1, node_count: int = 1) -> None:
        self.process_count_per_node = _checked_count("process_count_per_node", process_count_per_node)
        self.node_count = node_count

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, _checked_count(name, value) if name == "process_count_per_node" else value)


def _checked_count(name: str, value: object) -> int:
    try:
        count = 0 if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        count = 0
    if count < 1:
        raise RunConfigurationException(f"{name} is a whole number of processes, 1 or more, not {value!r}")
    if count > _MOST_PROCESSES:
        raise RunConfigurationException(
            f"{name} is {count:,}, and all processes are on this machine: give {_MOST_PROCESSES:,} at most"
        )
    return count


def _checked_backend(value: object) -> str:
    for backend in _OF_PYTORCH:
        if isinstance(value, str) and value.lower() == backend.lower():
            return backend
    raise RunConfigurationException(
        f"communication_backend cannot be {value!r} here: it is 'Nccl' or 'Gloo'; for MPI give an MpiConfiguration"
    )


def distribute(run_config: RunConfiguration, job: object) -> None:
    """Have a configuration be that of a ``distributed_job_config``, None for that of a single process.

    :raises RunConfigurationException: it is of another type.
    """
    if isinstance(job, MpiConfiguration):
        run_config.mpi = job
        run_config.communicator = _OF_MPI[0]
    elif isinstance(job, PyTorchConfiguration):
        run_config.pytorch = job
        run_config.communicator = job.communication_backend
        run_config.framework = "PyTorch"
    else:
        refuse_without_effect(distributed_job_config=job)


def unused(communicator: object) -> list[str]:
    """Settings of a run configuration that have no effect with a communicator."""
    if communicator in _OF_MPI:
        return ["pytorch"]
    return ["mpi"] if communicator in _OF_PYTORCH else ["mpi", "pytorch", "communicator"]


def ranks_of(run_config: RunConfiguration) -> Ranks | None:
    """The processes that a script is to be, None for a single one that is no part of anything.

    :raises RunConfigurationException: there are numbers of processes that have no effect, or of another type.
    """
    from localexp.execution.ranks import Ranks

    mpi, pytorch, communicator = run_config.mpi, run_config.pytorch, run_config.communicator
    if communicator in _OF_MPI:
        _refuse_unused("pytorch.process_count", pytorch.process_count or 1, communicator, "Nccl")
        return Ranks("mpi", mpi.process_count_per_node, communicator)
    _refuse_unused("mpi.process_count_per_node", mpi.process_count_per_node, communicator, "OpenMpi")
    if communicator in _OF_PYTORCH:
        return Ranks("pytorch", pytorch.process_count or 1, communicator)
    _refuse_unused("pytorch.process_count", pytorch.process_count or 1, communicator, "Nccl")
    return None


def _refuse_unused(name: str, count: int, communicator: str, wanted: str) -> None:
    if count != 1:
        raise RunConfigurationException(
            f"{name} is {count}, which has no effect as the communicator is {communicator!r}; make that {wanted!r}, or "
            "give ScriptRunConfig a distributed_job_config"
        )
