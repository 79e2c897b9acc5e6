"""A script that fails for a file which only the source directory has is told why, and how to bring it in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Experiment, ScriptRunConfig
from localexp.execution.missing import Hint, hint
from tests.processes import Project, output, python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def ignoring(project: Project) -> Project:
    """A project of which git ignores the data."""
    project.write(".gitignore", "# big\ndata/\n*.npy\n/my data.csv\n")
    for name in ("data/train.csv", "data/deep/x.h5", "kept/README", "kept/x.npy", "my data.csv"):
        project.write(name, name)
    return project


def error_of(experiment: Experiment, config: ScriptRunConfig) -> dict[str, Any]:
    run = experiment.submit(config)
    details = run.wait_for_completion(raise_on_error=False)
    assert details["status"] == "Failed"
    error = details["error"]
    assert isinstance(error, dict)
    inner: dict[str, Any] = error["error"]
    return inner


SCRIPTS = {
    "open('data/train.csv')": "data",
    "import os; os.listdir('data')": "data",
    "import pandas; pandas.read_csv('data/train.csv')": "data",
    "import numpy; numpy.load('kept/x.npy')": "kept/x.npy",
    "import numpy; numpy.loadtxt('my data.csv')": "'my data.csv'",
    "import os; open(os.path.abspath('my data.csv'))": "'my data.csv'",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_that_misses_ignored_data_is_told_the_input(
    experiment: Experiment, ignoring: Project, script: str
) -> None:
    ignoring.write("train.py", script)

    error = error_of(experiment, ignoring.config())

    assert error["message"].endswith(error["hint"])
    assert f"bring it in with --input {SCRIPTS[script]}, in Python" in error["hint"]
    assert error["input"] == SCRIPTS[script].strip("'")


def test_the_rule_that_leaves_it_out_is_named_with_its_line_and_file(experiment: Experiment, ignoring: Project) -> None:
    ignoring.write("train.py", "open('data/train.csv')")

    error = error_of(experiment, ignoring.config())

    assert error["hint"] == (
        f"data/train.csv is in {ignoring.path} but not in the snapshot: its folder data/ is left out: line 2 of "
        ".gitignore, 'data/', leaves it out; bring it in with --input data, in Python inputs=['data']"
    )


def test_a_command_that_misses_ignored_data_is_told_so_too(experiment: Experiment, ignoring: Project) -> None:
    error = error_of(experiment, ScriptRunConfig(ignoring.path, command="cat 'my data.csv'"))

    assert error["input"] == "my data.csv"


def test_a_script_that_fails_for_another_reason_is_told_nothing(experiment: Experiment, ignoring: Project) -> None:
    ignoring.write("train.py", "{}['data']")

    assert "hint" not in error_of(experiment, ignoring.config())


def test_a_script_that_removes_its_own_copy_is_told_nothing(experiment: Experiment, ignoring: Project) -> None:
    ignoring.write("train.py", "import os; os.unlink('kept/README'); open('kept/README')")

    assert "hint" not in error_of(experiment, ignoring.config())


# What other programs say, without them


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the checkout of the project above would be."""
    (tmp_path / "tree" / "kept").mkdir(parents=True)
    return tmp_path / "tree"


def hint_for(text: str, tree: Path, source: Path) -> Hint | None:
    log = tree.parent / "log"
    log.write_bytes(text.encode("utf-8", "surrogateescape"))
    return hint(str(log), str(tree), str(source), ignore_parents=False)


SAID = {
    "OSError: Unable to synchronously open file (unable to open file: name = 'data/deep/x.h5', errno = 2)": "data",
    "FileNotFoundError: my data.csv not found.": "my data.csv",
    "train.sh: line 3: data/train.csv: No such file or directory": "data",
    "ls: cannot access 'data': No such file or directory": "data",
    "FileNotFoundError: Couldn't find any class folder in ./data/deep.": "data",
    "NotFoundError: data/train.csv; No such file or directory": "data",
    "pyarrow: Failed to open local file 'data/train.csv'. Detail: [errno 2]": "data",
    "can't open 'my data.csv'": "my data.csv",
    "\x1b[31mFileNotFoundError\x1b[0m: \x1b[1mdata/train.csv\x1b[0m": "data",
    "assert os.path.exists(path=data/train.csv)": "data",
}


@pytest.mark.parametrize("said", SAID)
def test_a_path_is_found_in_what_programs_say(ignoring: Project, tree: Path, said: str) -> None:
    found = hint_for(f"working\n{said}\nbye\n", tree, ignoring.path)

    assert found is not None
    assert found.input == SAID[said]


@pytest.mark.parametrize(
    "said",
    [
        "FileNotFoundError: [Errno 2] No such file or directory: 'data/new.csv'",
        "train.sh: line 3: data/new.csv: No such file or directory",
    ],
)
def test_who_writes_into_a_folder_that_is_left_out_is_told_so(ignoring: Project, tree: Path, said: str) -> None:
    found = hint_for(f"{said}\n", tree, ignoring.path)

    assert found is not None
    assert found.input == "data"
    assert found.text == (
        f"its folder data/ is in {ignoring.path} but not in the snapshot: line 2 of .gitignore, 'data/', leaves it "
        "out; write to outputs/, or bring it in with --input data, in Python inputs=['data']"
    )


NOTHING = [
    "KeyError: 'data/new.csv'",
    "FileNotFoundError: 'kept/new.csv'",
    "FileNotFoundError: 'new.csv'",
    "",
    "\udcff\udc80",
    "FileNotFoundError: 'kept'",
    "FileNotFoundError: '../else'",
    "FileNotFoundError: '/etc/none'",
    "FileNotFoundError: '.'",
    "FileNotFoundError: 'data\0'",
    "KeyError: 'data'",
    "x" * 100_000,
    "`" * 100_000,
]


@pytest.mark.parametrize("said", NOTHING, ids=range(len(NOTHING)))
def test_there_is_no_hint_where_nothing_is_missing(ignoring: Project, tree: Path, said: str) -> None:
    assert hint_for(f"{said}\n", tree, ignoring.path) is None


@pytest.mark.parametrize("name", [".git", ".localexp", "__pycache__"])
def test_there_is_no_hint_to_bring_in_what_is_nobodys_data(ignoring: Project, tree: Path, name: str) -> None:
    ignoring.write(f"{name}/x", "")

    said = f"fatal: not a git repository: {name}\ncat: {name}/x: No such file or directory\n"

    assert hint_for(said, tree, ignoring.path) is None


def test_with_a_traceback_what_was_said_long_before_does_not_count(ignoring: Project, tree: Path) -> None:
    text = "no such file: data/train.csv\nTraceback (most recent call last):\n  File 'x'\nValueError: 3\n"

    assert hint_for(text, tree, ignoring.path) is None


def test_a_traceback_that_another_follows_from_counts(ignoring: Project, tree: Path) -> None:
    text = (
        "Traceback (most recent call last):\nFileNotFoundError: 'data/train.csv'\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\nRuntimeError: cannot train\n"
    )

    found = hint_for(text, tree, ignoring.path)

    assert found is not None
    assert found.input == "data"


def test_a_name_that_is_no_text_is_found(ignoring: Project, tree: Path) -> None:
    name = os.fsdecode(b"data/\xff.csv")
    (ignoring.path / name).write_text("")

    found = hint_for(f"cat: {name}: No such file or directory\n", tree, ignoring.path)

    assert found is not None
    assert found.input == "data"


def test_a_folder_whose_files_alone_are_ignored_is_not_brought_in_as_a_whole(ignoring: Project, tree: Path) -> None:
    found = hint_for("FileNotFoundError: 'kept/x.npy'\n", tree, ignoring.path)

    assert found is not None
    assert found.input == "kept/x.npy"


def test_without_pathspec_there_is_a_hint_without_the_rule(ignoring: Project, tree: Path) -> None:
    (tree.parent / "log").write_text("FileNotFoundError: 'data/train.csv'\n")

    said = output(
        python(
            """
            import sys
            sys.modules["pathspec"] = None
            from localexp.execution.missing import hint
            print(hint(*sys.argv[1:], False).text)
            """,
            tree.parent / "log",
            tree,
            ignoring.path,
        )
    )

    assert said == (
        f"data/train.csv is in {ignoring.path} but not in the snapshot; bring it in with --input data, in Python "
        "inputs=['data']\n"
    )


def test_a_rule_above_the_source_directory_is_named_if_such_rules_count(
    ignoring: Project, tree: Path, tmp_path: Path
) -> None:
    (ignoring.path / ".git").mkdir()
    ignoring.write("part/data/train.csv", "")
    (tree.parent / "log").write_text("FileNotFoundError: 'data/train.csv'\n")
    source = str(ignoring.path / "part")

    found = hint(str(tree.parent / "log"), str(tree), source, ignore_parents=True)

    assert found is not None
    assert "line 2 of ../.gitignore" in found.text
    assert hint(str(tree.parent / "log"), str(tree), source, ignore_parents=False) is None
