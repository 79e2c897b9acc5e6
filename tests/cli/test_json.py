"""JSON that is printed is JSON for every reader."""

from __future__ import annotations

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import localexp, printed, strict_json
from tests.processes import Project


@pytest.mark.parametrize("arguments", [["runs"], ["show", "odd"]], ids=lambda given: given[0])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_values_that_json_lacks_become_texts(
    workspace: Workspace, project: Project, arguments: list[str], encoding: str
) -> None:
    run = Experiment(workspace, "digits").start_logging(run_id="odd", snapshot_directory=None, tags={"ü": "ß\udcff"})
    for name, value in {"nan": float("nan"), "inf": float("inf"), "big": 2**70, "yes": True, "none": None}.items():
        run.log(name, value)
    run.complete()

    shown = printed(localexp(*arguments, "--json", at=project.path, PYTHONIOENCODING=encoding))

    found = strict_json(shown)
    [found] = found if isinstance(found, list) else [found]
    assert found["metrics"] == {"nan": "nan", "inf": "inf", "big": 2**70, "yes": True, "none": None}
    assert list(found["tags"]) == ["ü"]
