"""What a script makes or changes outside ``outputs/`` and ``logs/`` is kept with its run too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from localexp import Experiment, Run, ScriptRunConfig
from tests.processes import Project, wait_until

FILES = ("config.json", "data/rows.csv", "data/more/rows.csv")
SWAP = """
import os
os.rename("config.json", "x")
os.rename("data/rows.csv", "config.json")
os.rename("x", "data/rows.csv")
"""


def files_after(experiment: Experiment, project: Project, code: str) -> tuple[Run, list[str]]:
    """The run of a script that ends well, and the files of it besides its log."""
    project.write("train.py", code)
    run = experiment.submit(project.config())
    assert run.wait_for_completion()["status"] == "Completed"
    assert "warnings" not in run.get_details()
    return run, [name for name in run.get_file_names() if name != "user_logs/std_log.txt"]


def content(run: Run, name: str, folder: Path) -> bytes:
    run.download_file(name, folder / "had back")
    return (folder / "had back").read_bytes()


@pytest.fixture
def started(project: Project) -> Project:
    for name in FILES:
        project.write(name, f"that of {name}")
    return project


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[None]:
    """For trees so deep that Python cannot remove them, pytest's own clearing up included."""
    yield
    subprocess.run(["rm", "-rf", *tmp_path.iterdir()], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shorter there")
@pytest.mark.usefixtures("deep")
def test_a_file_in_too_many_folders_keeps_no_run_from_ending(experiment: Experiment, project: Project) -> None:
    project.write("about/notes.md", "")
    code = "import os; os.chdir('about'); open('new.txt', 'w').close()"
    project.write("train.py", f"{code}\nfor _ in range(1500): os.mkdir('a'); os.chdir('a')\nopen('deep', 'w').close()")

    run = experiment.submit(ScriptRunConfig(project.path, "train.py", inputs=["about"]))

    details = run.wait_for_completion()
    assert details["status"] == "Completed"
    assert "in too many folders, one in the other" in details["warnings"][0]["message"]
    assert "about/new.txt" in run.get_file_names()


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shorter there")
@pytest.mark.usefixtures("deep")
def test_a_file_in_too_many_folders_is_seen_while_its_script_runs(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write(
        "train.py",
        f"""
        import os, time
        os.chdir("outputs")
        for _ in range(1200):
            os.mkdir("a")
            os.chdir("a")
        open("deep", "w").close()
        while not os.path.exists({str(tmp_path / "go")!r}):
            time.sleep(0.01)
        """,
    )
    run = experiment.submit(project.config())

    wait_until(lambda: f"outputs/{'a/' * 1200}deep" in run.get_file_names(), "the file is seen")

    (tmp_path / "go").touch()
    run.wait_for_completion()


# What a script does in a folder that holds the files of `started`, and what is kept of it by its path in that folder.
KEPT: list[tuple[str, dict[str, bytes]]] = [
    ("open('new.txt', 'w').write('1')", {"new.txt": b"1"}),
    ("open('data/new.txt', 'w').write('1')", {"data/new.txt": b"1"}),
    ("import os; os.makedirs('a/b'); open('a/b/c', 'w').write('1')", {"a/b/c": b"1"}),
    ("open('config.json', 'a').write('!')", {"config.json": b"that of config.json!"}),
    ("open('config.json', 'w').close()", {"config.json": b""}),
    ("open('new.txt', 'w').close()", {"new.txt": b""}),
    ("import os; os.rename('config.json', 'moved.json')", {"moved.json": b"that of config.json"}),
    ("import os; os.rename('data/more', 'data/moved')", {"data/moved/rows.csv": b"that of data/more/rows.csv"}),
    ("import shutil; shutil.copy2('config.json', 'copy.json')", {"copy.json": b"that of config.json"}),
    ("import os; os.link('config.json', 'again.json')", {"again.json": b"that of config.json"}),
    (SWAP, {"config.json": b"that of data/rows.csv", "data/rows.csv": b"that of config.json"}),
    (
        "import os; os.unlink('config.json'); os.mkdir('config.json'); open('config.json/a', 'w')",
        {"config.json/a": b""},
    ),
    ("import shutil; shutil.rmtree('data'); open('data', 'w').write('1')", {"data": b"1"}),
    ("import os; os.symlink('data/rows.csv', 'link')", {"link": b"that of data/rows.csv"}),
    ("import os; os.mkdir('cache'); os.chdir('cache'); open('here.txt', 'w')", {"cache/here.txt": b""}),
    ("open('.hidden', 'w').write('1')", {".hidden": b"1"}),
]
NOT_KEPT = [
    "import os; os.unlink('config.json')",
    "import shutil; shutil.rmtree('data')",
    "import os; os.chmod('config.json', 0o755)",
    "import os; os.utime('config.json', (1, 1))",
    "text = open('config.json').read(); open('config.json', 'w').write(text)",
    "import os; os.makedirs('empty/folders')",
    "import os; os.rename('config.json', 'x'); os.rename('x', 'config.json')",
    "open('new.txt', 'w').close(); import os; os.unlink('new.txt')",
]


def test_what_is_new_or_has_other_bytes_is_kept_by_its_path_and_nothing_else_is(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    codes = [*(code for code, _ in KEPT), *NOT_KEPT]
    for place in range(len(codes)):
        for name in FILES:
            project.write(f"{place}/{name}", f"that of {name}")
    code = f"""
        import os
        top = os.getcwd()
        for place, code in enumerate({codes!r}):
            os.chdir(os.path.join(top, str(place)))
            exec(code, {{}})
        """

    run, names = files_after(experiment, project, dedent(code))

    expected = {f"{place}/{name}": kept for place, (_, files) in enumerate(KEPT) for name, kept in files.items()}
    assert {name: content(run, name, tmp_path) for name in names} == expected


def test_a_script_that_overwrites_itself_is_kept_as_it_left_itself(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    run, names = files_after(experiment, project, "open('train.py', 'w').write('over')")

    assert {name: content(run, name, tmp_path) for name in names} == {"train.py": b"over"}


def test_the_next_run_finds_its_files_as_the_snapshot_has_them(
    experiment: Experiment, started: Project, tmp_path: Path
) -> None:
    started.write(
        "look.py", "import os; print(oct(os.stat('config.json').st_mode & 0o111), open('config.json').read())"
    )
    files_after(
        experiment, started, "import os; os.chmod('config.json', 0o755); os.remove('data/rows.csv'); open('new', 'w')"
    )
    files_after(experiment, started, "open('config.json', 'w').close()")

    run = experiment.submit(started.config("look.py"))
    run.wait_for_completion()

    assert content(run, "user_logs/std_log.txt", tmp_path) == b"0o0 that of config.json\n"
