"""The names of ``azureml.core.run`` that localexp has, with those that scripts take from it though they are private."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.offline import OfflineRun as _OfflineRun
from localexp.run import Run, get_run
from localexp.run.status import RunStatus
from localexp.run.submitted import SubmittedRun as _SubmittedRun

__all__ = ["Run", "RunStatus", "_OfflineRun", "_SubmittedRun", "get_run"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
