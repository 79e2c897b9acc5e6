"""A script that runs inline leaves the same record as one that has a process of its own."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from localexp import Experiment, Run
from tests.processes import Project

HELPER = """
    from pathlib import Path

    def data():
        return (Path(__file__).parent / "data.txt").read_text()

    def divide(by):
        return 1 / by
    """

SCRIPTS = {
    "logs, tags and takes arguments": """
        import os, sys
        from localexp import Run
        run = Run.get_context()
        for step in range(3):
            run.log("loss", 1 / (step + 1), step=step)
        run.log_list("all", [1, 2, float("nan")])
        run.log_row("row", a=1, b="x")
        run.tag("kind", sys.argv[1])
        run.add_properties({"cores": "many"})
        run.fail("only said")
        print(__name__, __file__, sys.argv, os.getcwd() == os.path.dirname(__file__))
        print(os.environ["AZUREML_RUN_ID"] == run.id, os.environ["MODE"])
        """,
    "imports what lies beside it": """
        import sys
        from package import helper
        import package.helper as same
        assert helper is same
        print(helper.data(), helper.__name__, sys.path[0], sys.modules["__main__"].helper.__file__)
        """,
    "raises": """
        from package.helper import divide
        try:
            divide(0)
        except ZeroDivisionError as error:
            raise ValueError("no such share") from error
        """,
    "exits with a text": "import sys\nprint('out')\nsys.exit('that was all')",
    "exits with a code": "print('out')\nraise SystemExit(-3)",
    "prints in every way": """
        import os, subprocess, sys
        print("first", flush=True)
        sys.stderr.write("second\\n")
        sys.stdout.buffer.write("thïrd\\n".encode())
        os.write(1, b"fourth\\n")
        subprocess.run([sys.executable, "-c", "print('fifth')"])
        os.system("echo sixth 1>&2")
        print(sys.stdout.isatty(), sys.stdout.fileno(), sys.stderr.fileno(), sys.stdout is sys.__stdout__)
        print("end", end="")
        """,
    "writes files": """
        import os
        os.makedirs("outputs/deep")
        open("outputs/deep/model.bin", "wb").write(b"\\0" * 1000)
        open("logs/note.txt", "w").write("noted")
        open("new.txt", "w").write("new")
        open("package/data.txt", "a").write("changed")
        os.symlink("/etc/hosts", "outputs/link")
        """,
    "has children and leaves them open": """
        from localexp import Run
        run = Run.get_context()
        with run.child_run("done") as child:
            child.log("share", 1)
        left = run.child_run("left")
        left.log("share", 2)
        run.experiment.start_logging(snapshot_directory=None).log("other", 1)
        raise KeyError("left")
        """,
    "has threads and pools": """
        import atexit, threading, time
        from concurrent.futures import ThreadPoolExecutor
        from localexp import Run
        run = Run.get_context()
        begun, failed = threading.Event(), threading.Event()
        def later():
            begun.wait()
            run.log("thread", 1)
            failed.set()
            raise RuntimeError("in a thread")
        def last(name):
            failed.wait()
            run.log(name, 1)
        threading.Thread(target=later, name="mine").start()
        pool = ThreadPoolExecutor(1)
        for name in ("first", "second"):
            pool.submit(last, name)
        atexit.register(lambda: print("at the end", run.get_metrics()))
        begun.set()
        """,
    "imports what is no Python": "import sys\nimport package.broken",
    "is no Python": "print('begun')\nif True print(1)",
    "misses what is left out of the snapshot": "open('ignored.csv')",
    "warns and configures logging": """
        import logging, warnings
        warnings.warn("of the user")
        warnings.warn("old", DeprecationWarning)
        warnings.warn("open", ResourceWarning)
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        logging.info("said")
        logging.getLogger("deep").warning("and more")
        """,
    "leaves a process running": """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_inline_and_in_a_process_of_its_own(name: str, experiment: Experiment, project: Project) -> None:
    project.write("train.py", dedent(SCRIPTS[name]))
    project.write("package/__init__.py", "")
    project.write("package/helper.py", HELPER)
    project.write("package/broken.py", "def f(:\n    pass\n")
    project.write("package/data.txt", "the data")
    project.write("ignored.csv", "1")
    project.write(".gitignore", "*.csv")

    inline, local = (_record(_run(experiment, project, target), project) for target in ("inline", "local"))

    assert inline == local


def _run(experiment: Experiment, project: Project, target: str) -> Run:
    config = project.config(arguments=["one", "--two"])
    config.run_config.target = target
    config.run_config.environment_variables = {"MODE": "fast"}
    run = experiment.submit(config, tags={"given": "yes"})
    run.wait_for_completion(raise_on_error=False)
    return run


def _record(run: Run, project: Project) -> dict[str, Any]:
    details, loss = run.get_details(), run.get_metric_history("loss")
    error = details.get("error", {}).get("error")
    return {
        "status": run.get_status(),
        "exit code": details.get("exitCode"),
        "error": error,
        "warnings": details.get("warnings"),
        "log": _without_places(Path(run._layout.log).read_text(), project),
        "metrics": repr(run.get_metrics()),
        "loss": repr((loss.steps, loss.values)),
        "tags": run.get_tags(),
        "properties": run.get_properties(),
        "artifacts": _artifacts(run, project),
        "children": sorted(
            (child.display_name, child.get_status(), str(child.get_metrics()), str(child.get_details().get("warnings")))
            for child in run.get_children()
        ),
        "definition": {
            name: value
            for name, value in details["runDefinition"].items()
            if name not in ("target", "maxRunDurationSeconds")
        },
    }


def _artifacts(run: Run, project: Project) -> dict[str, str]:
    found = {}
    for name in run.get_file_names():
        content = Path(run._layout.artifact(name)).read_bytes()
        if name.endswith("std_log.txt"):
            content = _without_places(content.decode(), project).encode()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def _without_places(log: str, project: Project) -> str:
    """The log with the source directory for the checkout, which tracebacks of inline scripts have."""
    in_checkout = re.escape(str(project.path.parent)) + r"[^\s\"']*/\.localexp/checkouts/[0-9a-f]+"
    return re.sub(in_checkout, str(project.path), log).replace(os.linesep, "\n")
