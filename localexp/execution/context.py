"""What a script learns from its environment about the run that it is."""

from __future__ import annotations

import os

from localexp.store.layout import STORE_FOLDER, Layout, RunLayout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_ID = "LOCALEXP_RUN_ID"
EXPERIMENT = "LOCALEXP_EXPERIMENT"
WORKSPACE = "LOCALEXP_WORKSPACE"
# Azure ML's words for a run on this machine; what names a service in others is the same wherever it is asked for.
_OF_EVERY_RUN = {
    "AZUREML_ARM_SUBSCRIPTION": "local",
    "AZUREML_ARM_RESOURCEGROUP": "local",
    "AZUREML_TARGET_TYPE": "local",
    "AZUREML_FRAMEWORK": "Python",
    "AZUREML_COMMUNICATOR": "None",
    "AZUREML_OUTPUT_DIRECTORY": "./outputs",
}
_OF_ONE_RUN = (
    RUN_ID,
    EXPERIMENT,
    "AZUREML_RUN_ID",
    "AZUREML_EXPERIMENT_ID",
    "AZUREML_ARM_PROJECT_NAME",
    "AZUREML_ARM_WORKSPACE_NAME",
)
# What a process has that was started for a run, and no other.
OF_RUNS = frozenset([*_OF_ONE_RUN, *_OF_EVERY_RUN])


class Context:
    """The run of this process: its id, its experiment's name, and the folder in which the workspace lies."""

    def __init__(self, run_id: str, experiment: str, workspace: str) -> None:
        self.run_id = run_id
        self.experiment = experiment
        self.workspace = workspace


def store_layout(context: Context) -> Layout:
    """The paths of the store in which the run of this process is."""
    return Layout(os.path.join(context.workspace, STORE_FOLDER))


def run_layout(context: Context) -> RunLayout:
    """The folder of the run of this process."""
    return store_layout(context).run(context.experiment, context.run_id)


def current(environment: Mapping[str, str] = os.environ) -> Context | None:
    """The run that this process, or the one that has this environment, was started for, if any."""
    run_id, experiment, workspace = (environment.get(name) for name in (RUN_ID, EXPERIMENT, WORKSPACE))
    if run_id and experiment and workspace:
        return Context(run_id, experiment, workspace)
    return None


def is_part_of(layout: Layout, run_id: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process, or the one that has this environment, was started for a run, by its supervisor or script.

    Runs of two workspaces may have the same id, and a workspace may be reached by several paths.
    """
    here = current(environment)
    if here is None or here.run_id != run_id:
        return False
    return os.path.realpath(store_layout(here).root) == os.path.realpath(layout.root)


def without_run(environment: dict[str, str]) -> dict[str, str]:
    """The variables of a process that is to know of no run."""
    return {name: value for name, value in environment.items() if name not in OF_RUNS}


def variables(layout: Layout, run_id: str, experiment: str, experiment_id: str, workspace_name: str) -> dict[str, str]:
    """The variables that tell a script which run it is, Azure ML's names among them."""
    return {
        RUN_ID: run_id,
        EXPERIMENT: experiment,
        WORKSPACE: os.path.dirname(layout.root),
        "AZUREML_RUN_ID": run_id,
        "AZUREML_EXPERIMENT_ID": experiment_id,
        "AZUREML_ARM_PROJECT_NAME": experiment,
        "AZUREML_ARM_WORKSPACE_NAME": workspace_name,
        **_OF_EVERY_RUN,
        "PYTHONUNBUFFERED": "1",
        # Looking for a repository must not climb out of the checkout into whatever holds the workspace.
        "GIT_CEILING_DIRECTORIES": layout.checkouts,
    }


def search_path(interpreter: str, environment: dict[str, str]) -> str:
    """The ``PATH`` of a command: what it calls "python" is the interpreter that the run was configured with."""
    return os.path.dirname(interpreter) + os.pathsep + environment.get("PATH", os.defpath)
