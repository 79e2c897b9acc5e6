"""The names of ``azureml.core.conda_dependencies`` that localexp has."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.config.conda_dependencies import CondaDependencies

__all__ = ["CondaDependencies"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
