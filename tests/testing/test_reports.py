"""What is stored of a run, to be compared with what later ones come to."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from localexp import Experiment, ScriptRunConfig, Workspace
from localexp.testing import deterministic, report
from tests.cli.command import localexp
from tests.processes import Project

TIME = "2026-01-01T00:00:00.000000Z"


def test_a_report_is_what_show_prints_with_all_values_and_artifacts_but_no_logs(
    workspace: Workspace, tmp_path: Path
) -> None:
    with deterministic():
        run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
        run.log("loss", 0.5, step=1)
        run.log("loss", math.nan)
        run.log_row("table", x=1, y=2)
        run.tag("from", str(tmp_path))
        (tmp_path / "model.txt").write_text("weights")
        for name in ("outputs/model.txt", "logs/model.txt"):
            run.upload_file(name, str(tmp_path / "model.txt"))
        going_on = json.loads(report(run))
        run.complete()
        text = report(run)
        shown = json.loads(localexp("show", run.id, "--json", "--workspace", workspace.path, at=tmp_path).stdout)

    found = json.loads(text)
    values, artifacts = found.pop("values"), found.pop("artifacts")
    assert found == shown
    assert values == {
        "loss": [{"step": 1, "time": TIME, "value": 0.5}, {"step": None, "time": TIME, "value": "nan"}],
        "table": [{"step": None, "time": TIME, "value": {"x": 1, "y": 2}}],
    }
    assert [(one["name"], one["size"]) for one in artifacts] == [("outputs/model.txt", 7)]
    assert (going_on["status"], going_on["values"], going_on["artifacts"]) == ("Running", values, artifacts)
    assert text.endswith("\n}\n")
    assert str(tmp_path) not in text


def test_the_python_of_a_run_is_told_alike_however_it_was_spelled(
    workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "")
    (tmp_path / "link").symlink_to(Path(sys.executable).parent.parent)
    linked = str(tmp_path / "link" / Path(sys.executable).parent.name / "python3")
    upwards = f"{project.path}/../link/{Path(sys.executable).parent.name}/{Path(sys.executable).name}"
    told = []
    with deterministic():
        for spelling in (sys.executable, linked, upwards):
            # As python -m pytest has it by the command line.
            with monkeypatch.context() as patch:
                patch.setattr(sys, "executable", spelling)
                run = Experiment(workspace, "digits").submit(ScriptRunConfig(project.path, "train.py"))
                run.wait_for_completion(raise_on_error=True)
            assert run.get_details()["runDefinition"]["interpreter"] == spelling
            known = json.loads(report(run))
            told.append((known["definition"], known["identity"]))
    assert told[0][0]["interpreter"] == "{python}"
    assert told[0] == told[1] == told[2]


def test_what_is_no_run_has_no_report() -> None:
    with pytest.raises(TypeError, match="report takes a Run first, not the text 'digits_1'"):
        report("digits_1")  # type: ignore[arg-type]
