"""The names of ``azureml.core.runconfig`` that localexp has."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.config import (
    Environment,
    HistoryConfiguration,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
)

__all__ = ["Environment", "HistoryConfiguration", "MpiConfiguration", "PyTorchConfiguration", "RunConfiguration"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
