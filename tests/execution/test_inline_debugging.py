"""Debuggers and coverage see the files of the user when a script runs inline."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localexp import Experiment
from tests.processes import PATIENCE_SECONDS, Project, python

DRIVER = """
    import sys
    from localexp import Experiment, ScriptRunConfig, Workspace
    experiment = Experiment(Workspace(sys.argv[1]), "digits")
    run = experiment.submit(ScriptRunConfig(sys.argv[2], "train.py", compute_target="inline"))
    print("the run is", run.get_status())
    """
SCRIPT = """
    import helper
    number = 41
    breakpoint()
    number = helper.more(number)
    print("the answer is", number)
    is_done = True
    """


@pytest.fixture
def project_with_a_breakpoint(project: Project) -> Project:
    project.write("train.py", SCRIPT.strip("\n"))
    project.write("helper.py", "def more(number):\n    return number + 1\n")
    return project


def test_pdb_stops_at_a_breakpoint(experiment: Experiment, project_with_a_breakpoint: Project) -> None:
    source = project_with_a_breakpoint.path
    process = python(DRIVER, experiment.workspace.path, source)

    said, errors = process.communicate("p number\nb helper.py:2\ns\ns\nw\nc\nc\n", timeout=PATIENCE_SECONDS)

    assert errors == ""
    assert f"> {source}/train.py(4)<module>()" in said
    assert "(Pdb) 41\n" in said
    assert f"{source}/helper.py(1)more()" in said
    assert f"> {source}/helper.py(2)more()" in said
    assert said.endswith("the answer is 42\nthe run is Completed\n")
    [run] = experiment.get_runs()
    assert Path(run._layout.log).read_text().endswith("the answer is 42\n")


def test_pdb_steps_over_what_shows_the_output(experiment: Experiment, project_with_a_breakpoint: Project) -> None:
    process = python(DRIVER, experiment.workspace.path, project_with_a_breakpoint.path)

    said, errors = process.communicate("b 5\nc\ns\nc\n", timeout=PATIENCE_SECONDS)

    assert errors == ""
    assert "train.py(6)<module>()" in said
    assert "streams.py" not in said
    assert said.endswith("the run is Completed\n")


def test_quitting_pdb_fails_the_run_and_not_its_submitter(
    experiment: Experiment, project_with_a_breakpoint: Project
) -> None:
    process = python(DRIVER, experiment.workspace.path, project_with_a_breakpoint.path)

    said, _ = process.communicate("q\n", timeout=PATIENCE_SECONDS)

    assert (process.returncode, said.splitlines()[-1]) == (0, "(Pdb) the run is Failed")
    [run] = experiment.get_runs()
    assert "BdbQuit" in run.get_details()["error"]["error"]["message"] or sys.version_info >= (3, 14)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_pdb_works_in_a_terminal(experiment: Experiment, project_with_a_breakpoint: Project) -> None:
    import pty

    screen, terminal = pty.openpty()
    code = DRIVER.replace("\n    ", "\n")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(experiment.workspace.path), str(project_with_a_breakpoint.path)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)

    shown = b""
    for typed in (b"p number\n", b"n\n", b"c\n"):
        shown += _shown_until(screen, b"(Pdb) ")
        os.write(screen, typed)
    shown += _shown_until(screen, b"the run is Completed\r\n")

    os.close(screen)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert b"(Pdb) p number\r\n41\r\n" in shown
    assert b"the answer is 42\r\n" in shown


def _shown_until(screen: int, awaited: bytes) -> bytes:
    shown = b""
    while awaited not in shown:
        shown += os.read(screen, 4096)
    return shown


def test_coverage_names_the_lines_of_the_source_directory(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", "import helper\nhelper.sign(1)\n")
    project.write("helper.py", "def sign(number):\n    if number < 0:\n        return -1\n    return 1\n")
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER.replace("\n    ", "\n"), encoding="utf-8")
    data = ["--data-file", str(tmp_path / "data")]
    coverage = [sys.executable, "-m", "coverage"]
    paths = [str(experiment.workspace.path), str(project.path)]

    subprocess.run([*coverage, "run", *data, str(driver), *paths], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    report = subprocess.run(
        [*coverage, "report", *data, "--show-missing", f"--include={project.path}/*"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    ).stdout

    lines = {line.split()[0]: line.split()[1:] for line in report.splitlines() if ".py" in line}
    assert lines == {"project/helper.py": ["4", "1", "75%", "3"], "project/train.py": ["2", "0", "100%"]}
