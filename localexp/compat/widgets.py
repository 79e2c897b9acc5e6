"""The names of ``azureml.widgets`` that localexp has."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.run.widget import RunDetails

__all__ = ["RunDetails"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
