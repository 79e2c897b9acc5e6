"""Azure ML's names over localexp's own, for scripts that were written for that SDK.

``from localexp.compat.core import Experiment, Run, ScriptRunConfig, Workspace`` stands for the same import from
``azureml.core``; likewise ``localexp.compat.core.run``, ``.experiment``, ``.workspace``, ``.environment``,
``.runconfig``, ``.script_run_config``, and ``localexp.compat.exceptions`` for ``azureml.exceptions``,
``localexp.compat.widgets`` for ``azureml.widgets``. After ``import localexp.compat as azureml`` all are there when they
are used, as in ``azureml.core.VERSION``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.compat import core, exceptions, widgets

__all__ = ["core", "exceptions", "widgets"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        import importlib

        from localexp.advice import advising_import

        if name in __all__:
            return importlib.import_module(f"{__name__}.{name}")
        return advising_import(__name__)(name)
