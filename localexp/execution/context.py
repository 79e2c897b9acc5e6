"""What a script learns from its environment about the run that it is."""

from __future__ import annotations

import os

from localexp.store.layout import STORE_FOLDER, Layout, RunLayout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord

RUN_ID = "LOCALEXP_RUN_ID"
EXPERIMENT = "LOCALEXP_EXPERIMENT"
WORKSPACE = "LOCALEXP_WORKSPACE"
_OURS = (RUN_ID, EXPERIMENT, "AZUREML_RUN_ID", "AZUREML_ARM_PROJECT_NAME", "AZUREML_OUTPUT_DIRECTORY")


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


def current() -> Context | None:
    """The run that this process was started for, if any."""
    run_id, experiment, workspace = (os.environ.get(name) for name in (RUN_ID, EXPERIMENT, WORKSPACE))
    if run_id and experiment and workspace:
        return Context(run_id, experiment, workspace)
    return None


def is_part_of(layout: Layout, run_id: str) -> bool:
    """Whether this process was started for a run, by its supervisor or by its script."""
    here = current()
    return here is not None and here.run_id == run_id and store_layout(here).root == layout.root


def without_run(environment: dict[str, str]) -> dict[str, str]:
    """The variables of a process that is to know of no run."""
    return {name: value for name, value in environment.items() if name not in _OURS}


def variables(layout: Layout, record: RunRecord) -> dict[str, str]:
    """The variables that tell a script which run it is, Azure ML's names among them."""
    return {
        RUN_ID: record.id,
        EXPERIMENT: record.experiment_name,
        WORKSPACE: os.path.dirname(layout.root),
        "AZUREML_RUN_ID": record.id,
        "AZUREML_ARM_PROJECT_NAME": record.experiment_name,
        "AZUREML_OUTPUT_DIRECTORY": "./outputs",
        "PYTHONUNBUFFERED": "1",
        # Looking for a repository must not climb out of the checkout into whatever holds the workspace.
        "GIT_CEILING_DIRECTORIES": layout.checkouts,
    }
