"""Experiment tracking in one local folder, with the Azure Machine Learning SDK v1 tracking API.

The names in ``__all__`` are the public surface, together with the command ``localexp``. They are imported when
first used, so that ``import localexp`` costs a training script nothing that it does not need.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.config import Environment, MpiConfiguration, PyTorchConfiguration, RunConfiguration, ScriptRunConfig
    from localexp.config.conda_dependencies import CondaDependencies
    from localexp.experiment import Experiment, ViewType
    from localexp.run import Run, get_run
    from localexp.run.artifact import Artifact
    from localexp.run.comparison import compare_runs
    from localexp.run.status import RunStatus
    from localexp.run.widget import RunDetails
    from localexp.snapshot.view import Snapshot
    from localexp.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "Artifact",
    "CondaDependencies",
    "Environment",
    "Experiment",
    "MpiConfiguration",
    "PyTorchConfiguration",
    "Run",
    "RunConfiguration",
    "RunDetails",
    "RunStatus",
    "ScriptRunConfig",
    "Snapshot",
    "ViewType",
    "Workspace",
    "compare_runs",
    "errors",
    "get_run",
]

_HOME = {
    "Artifact": "localexp.run.artifact",
    "CondaDependencies": "localexp.config.conda_dependencies",
    "Environment": "localexp.config",
    "Experiment": "localexp.experiment",
    "MpiConfiguration": "localexp.config",
    "PyTorchConfiguration": "localexp.config",
    "Run": "localexp.run",
    "RunConfiguration": "localexp.config",
    "RunDetails": "localexp.run.widget",
    "RunStatus": "localexp.run.status",
    "ScriptRunConfig": "localexp.config",
    "Snapshot": "localexp.snapshot.view",
    "ViewType": "localexp.experiment",
    "Workspace": "localexp.workspace",
    "compare_runs": "localexp.run.comparison",
    "get_run": "localexp.run",
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
