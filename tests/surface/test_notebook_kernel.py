"""A notebook, executed in a kernel of its own, shows what localexp's objects are, and how a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localexp import Experiment
from tests.processes import Project

SCRIPT = """
import os, time
from localexp import Run
run = Run.get_context()
print("it has begun")
run.log_list("loss", [3.0, 2.0, 1.0])
while not os.path.exists(os.environ["GO_ON"]):
    time.sleep(0.02)
run.log("accuracy", 0.75)
print("it has <ended>")
"""
BEGIN = """
from localexp import Experiment, RunDetails, Workspace, ScriptRunConfig
from localexp.run import widget
widget._SHORTEST_PAUSE = 0.05
workspace = Workspace({workspace!r})
experiment = Experiment(workspace, "digits")
with experiment.start_logging(snapshot_directory=None, display_name="first", outputs=False) as first:
    first.log_list("loss", [0.5, 0.25])
workspace
"""
SHOW = """
run = experiment.submit(ScriptRunConfig({source!r}, script="train.py"))
for _ in range(2):
    RunDetails(run).show()
"""
FOLLOW = """
import threading, time
[follower] = widget._followers.values()
def wait_for(text):
    while text not in follower.shown["text/html"]:
        time.sleep(0.02)
wait_for("it has begun")
open({go_on!r}, "x").close()
wait_for("it has &lt;ended&gt;")
run.wait_for_completion()
follower.join()
follower.daemon, widget._followers, [one.name for one in threading.enumerate() if one.name.startswith("RunDetails")]
"""
CELLS = [
    BEGIN,
    "experiment",
    "first",
    "experiment.get_runs()",
    "experiment.to_frame()",
    "first.get_metrics_frame()",
    SHOW,
    FOLLOW,
]


@pytest.fixture
def executed(experiment: Experiment, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The outputs of each cell."""
    # Not at the top: whoever collects this test need not wait for these.
    import nbformat
    from nbclient import NotebookClient

    for variable in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / "jupyter"))
    monkeypatch.setenv("GO_ON", str(tmp_path / "go-on"))
    project.write("train.py", SCRIPT)
    places = {
        "workspace": experiment.workspace.path,
        "source": str(project.path),
        "go_on": str(tmp_path / "go-on"),
    }
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell.format(**places)) for cell in CELLS]
    NotebookClient(notebook, timeout=60, kernel_name="python3", shutdown_kernel="immediate").execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_notebook_shows_every_object_and_follows_a_run_to_its_end(executed: list[Any]) -> None:
    *shown, views, [last] = executed

    wanted = ["Experiments", "1 run", "2 values, 0.25 to 0.5", "first", "metrics.loss", "<td>loss</td>"]
    for [output], text in zip(shown, wanted, strict=True):
        assert output["output_type"] == "execute_result"
        assert text in output["data"]["text/html"]
    # The cell was done long before the run ended.
    for view in views:
        assert view["output_type"] == "display_data"
        assert view["data"]["text/plain"] == "RunDetails: Completed"
        for text in ("Completed</span>", "it has &lt;ended&gt;", "accuracy", "<polyline"):
            assert text in view["data"]["text/html"]
    assert len(views) == 2
    assert last["data"]["text/plain"] == "(True, {}, [])"
