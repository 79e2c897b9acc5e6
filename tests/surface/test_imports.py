"""What a training script pays for."""

from __future__ import annotations

import json
import subprocess
import sys

import localexp
from localexp import Experiment
from tests.processes import Project

HEAVY = {"click", "pathspec", "sqlite_utils", "xxhash", "jinja2", "numpy", "psutil", "yaml"}


def modules_after(code: str) -> set[str]:
    listing = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in listing.stdout.split()}


def test_importing_localexp_loads_nothing_but_itself() -> None:
    assert not modules_after("import localexp") & (HEAVY | {"sqlite3", "json", "typing", "pathlib"})


def test_a_script_that_logs_loads_nothing_heavy(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import json, sys
        from localexp import Run
        run = Run.get_context()
        run.log("loss", 0.5, step=1)
        run.tag("model", "mlp")
        run.complete()
        print(json.dumps(sorted(sys.modules)))
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    run.download_file("user_logs/std_log.txt", project.path / "log")
    loaded = {name.partition(".")[0] for name in json.loads((project.path / "log").read_text())}

    assert "localexp" in loaded
    assert not loaded & HEAVY


def test_an_interactive_run_without_a_snapshot_loads_nothing_heavy(experiment: Experiment) -> None:
    code = (
        "import localexp; w = localexp.Workspace({!r}); e = localexp.Experiment(w, 'digits'); "
        "r = e.start_logging(snapshot_directory=None); r.log('loss', 1); r.complete()"
    )

    assert not modules_after(code.format(experiment.workspace.path)) & HEAVY


def test_the_public_names_are_these() -> None:
    assert localexp.__all__ == [
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
    assert {name: getattr(localexp, name) is not None for name in localexp.__all__} == dict.fromkeys(
        localexp.__all__, True
    )
    assert set(localexp.__all__) <= set(dir(localexp))
