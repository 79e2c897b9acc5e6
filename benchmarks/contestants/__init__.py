"""Those who keep what is logged: localexp, the floor, and peers, each as a module with the same two functions.

``start(folder, run)`` begins a run and gives a ``Writer``; ``read(folder, run)`` gives the values that another
process sees of it. A module imports what it needs when it is imported, which is never counted.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

METRIC = "loss"
# The module that a peer is, by the contestant's name.
PEERS = {"tensorboardx": "tensorboardX", "trackio": "trackio", "mlflow": "mlflow"}


class Log(Protocol):
    """Keeps one value of a metric."""

    def __call__(self, name: str, value: float, *, step: int) -> None: ...


class Writer(Protocol):
    """A run that goes on."""

    @property
    def log(self) -> Log: ...

    def publish(self) -> None:
        """Do whatever has to be done before another process sees everything that was logged."""

    def close(self) -> None:
        """End the run."""


class Contestant(Protocol):
    """The module of one of them."""

    def start(self, folder: str, run: str) -> Writer: ...

    def read(self, folder: str, run: str) -> Sequence[float]: ...


def contestant(name: str) -> Contestant:
    return cast("Contestant", import_module(f"benchmarks.contestants.{name}"))
