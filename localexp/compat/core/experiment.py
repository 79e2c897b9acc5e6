"""The names of ``azureml.core.experiment`` that localexp has."""

from __future__ import annotations

import re

from localexp.advice import advising_import
from localexp.errors import UserErrorException
from localexp.experiment import Experiment as _Experiment
from localexp.experiment import ViewType

__all__ = ["Experiment", "ViewType"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)

_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")


class Experiment(_Experiment):
    """An experiment whose name may be all that Azure ML's SDK really accepted.

    :param name: up to 255 letters of any script, digits, ``_`` and ``-``, the first an ASCII letter or digit.
    :raises UserErrorException: the name does not fit.
    """

    @staticmethod
    def _check_name(name: object) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UserErrorException(
                f"the experiment name {name!r} does not fit: it needs 1 to 255 letters, digits, '_' or '-', "
                "and an ASCII letter or digit in front"
            )
