"""The names of ``azureml.core`` that localexp has."""

from __future__ import annotations

import re

from localexp.config import Environment as Environment
from localexp.config import RunConfiguration as RunConfiguration
from localexp.config import ScriptRunConfig as ScriptRunConfig
from localexp.errors import UserErrorException
from localexp.experiment import Experiment as _Experiment
from localexp.run import Run as Run
from localexp.workspace import Workspace as Workspace

__all__ = ["Environment", "Experiment", "Run", "RunConfiguration", "ScriptRunConfig", "Workspace"]

_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")


class Experiment(_Experiment):
    """An experiment whose name may be all that Azure ML's SDK really accepted.

    :param name: up to 255 letters of any script, digits, ``_`` and ``-``, the first an ASCII letter or digit.
    :raises UserErrorException: the name does not fit.
    """

    def __init__(self, workspace: Workspace, name: str, _skip_name_validation: bool = False) -> None:
        if not _skip_name_validation and not _NAME.fullmatch(name):
            raise UserErrorException(
                f"the experiment name {name!r} does not fit: it needs 1 to 255 letters, digits, '_' or '-', "
                "and an ASCII letter or digit in front"
            )
        super().__init__(workspace, name, _skip_name_validation=True)
