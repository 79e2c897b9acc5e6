"""The names of ``azureml.exceptions`` that localexp has."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.errors import (
    ActivityFailedException,
    ExperimentExecutionException,
    RunConfigurationException,
    RunEnvironmentException,
    ServiceException,
    SnapshotException,
    UserErrorException,
    WorkspaceException,
)
from localexp.errors import LocalexpError as AzureMLException

__all__ = [
    "ActivityFailedException",
    "AzureMLException",
    "ExperimentExecutionException",
    "RunConfigurationException",
    "RunEnvironmentException",
    "ServiceException",
    "SnapshotException",
    "UserErrorException",
    "WorkspaceException",
]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
