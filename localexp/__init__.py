"""Experiment tracking in one local folder, with the Azure Machine Learning SDK v1 tracking API.

The names in ``__all__`` are the public surface, together with the command ``localexp``. They are imported when
first used, so that ``import localexp`` costs a training script nothing that it does not need.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.config import RunConfiguration, ScriptRunConfig
    from localexp.experiment import Experiment
    from localexp.run import Run
    from localexp.snapshot.view import Snapshot
    from localexp.workspace import Workspace

__version__ = "0.1.0"

__all__ = ["Experiment", "Run", "RunConfiguration", "ScriptRunConfig", "Snapshot", "Workspace", "errors"]

_HOME = {
    "Experiment": "localexp.experiment",
    "Run": "localexp.run",
    "RunConfiguration": "localexp.config",
    "ScriptRunConfig": "localexp.config",
    "Snapshot": "localexp.snapshot.view",
    "Workspace": "localexp.workspace",
}


def __getattr__(name: str) -> object:
    import importlib

    if name == "errors":
        return importlib.import_module("localexp.errors")
    if name not in _HOME:
        raise AttributeError(f"module 'localexp' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
