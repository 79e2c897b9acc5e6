"""The names of ``azureml.core.workspace`` that localexp has."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.workspace import Workspace

__all__ = ["Workspace"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
