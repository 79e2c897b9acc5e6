"""The names of ``azureml.core.environment`` that localexp has."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.config import Environment, PythonSection

__all__ = ["Environment", "PythonSection"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
