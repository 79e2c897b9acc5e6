"""What cannot run is refused at submit, with the value and what to do instead, and leaves no run."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localexp import Experiment, ScriptRunConfig, Workspace
from localexp.errors import RunConfigurationException, UserErrorException
from tests.processes import Project

posix = pytest.mark.skipif(sys.platform == "win32", reason="another shell, and no executable bits")


def refused(experiment: Experiment, config: ScriptRunConfig, kind: type[Exception] = UserErrorException) -> str:
    """What submit says, which makes no run."""
    with pytest.raises(kind) as caught:
        experiment.submit(config)
    assert list(experiment.get_runs()) == []
    return str(caught.value)


def log_of(experiment: Experiment, config: ScriptRunConfig) -> str:
    """What a script prints that ends well."""
    run = experiment.submit(config)
    assert run.wait_for_completion()["status"] == "Completed"
    return str(run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"])


@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("train.sh", "echo trains", '["bash", "train.sh"]'),
        ("deep/my train.SH", "echo trains", """["bash", "'deep/my train.SH'"]"""),
        ("fit.R", "print(1)", '["Rscript", "fit.R"]'),
        ("train", "#!/usr/bin/env -S node --no-warnings\n", '["node", "train"]'),
        ("train.txt", "#! /bin/zsh\n", '["zsh", "train.txt"]'),
        ("explore.ipynb", "{}", '["jupyter", "execute", "explore.ipynb"]'),
        ("rows.csv", "1,2", '["PROGRAM", "rows.csv"]'),
    ],
)
def test_a_script_that_is_not_python_is_to_be_a_command(
    experiment: Experiment, project: Project, name: str, text: str, command: str
) -> None:
    project.write(name, text)

    said = refused(experiment, project.config(name))

    assert said.startswith(
        f"the script {name} is not Python; run it as a command: command={command}, or localexp submit"
    )


def test_a_program_without_a_suffix_is_no_script(experiment: Experiment, project: Project) -> None:
    (project.path / "train").write_bytes(b"\x7fELF\x02\x01\x01\0\0")

    assert "the script train is not Python" in refused(experiment, project.config("train"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train", "print('trains')"),
        ("train", "#!/usr/bin/env python3\nprint('trains')"),
        ("train.cgi", "#!/usr/bin/python3.12 -u\nprint('trains')"),
        ("train.PYW", "print('trains')"),
        (".train", "print('trains')"),
    ],
)
def test_python_of_any_name_runs(experiment: Experiment, project: Project, name: str, text: str) -> None:
    project.write(name, text)

    assert log_of(experiment, project.config(name)) == "trains\n"


@posix
def test_the_command_that_is_suggested_runs(experiment: Experiment, project: Project) -> None:
    project.write("my train.sh", "echo trains")
    said = refused(experiment, project.config("my train.sh"))
    match = re.search(r"command=(\[.*\]), or localexp submit --command (.*)$", said)
    assert match is not None

    assert shlex.split(match[2]) == [" ".join(eval(match[1]))]
    assert log_of(experiment, ScriptRunConfig(project.path, command=eval(match[1]))) == "trains\n"


@posix
@pytest.mark.parametrize("word", ["nosuch", "./nosuch.sh", "/nowhere/bin/python"])
def test_a_command_that_begins_with_no_program_is_refused(experiment: Experiment, project: Project, word: str) -> None:
    said = refused(experiment, ScriptRunConfig(project.path, command=[f"{word} --lr", "0.1"]))

    assert f"begins with {word!r}, which is neither a program on PATH nor a path in the source directory" in said


@posix
def test_a_command_whose_program_is_not_executable_is_refused(experiment: Experiment, project: Project) -> None:
    file = project.write("train.sh", "echo trains")

    said = refused(experiment, ScriptRunConfig(project.path, command=["./train.sh"]))
    assert f"chmod +x {file}" in said

    file.chmod(0o755)
    assert log_of(experiment, ScriptRunConfig(project.path, command=["./train.sh"])) == "trains\n"


@posix
def test_a_command_may_begin_with_whatever_a_shell_knows(experiment: Experiment, project: Project) -> None:
    project.write("src/train.py", "print('trains')")
    for words in (["cd", "src", "&&", "python", "train.py"], ["LR=1", "python", "src/train.py"]):
        assert log_of(experiment, ScriptRunConfig(project.path, command=words)) == "trains\n"


@posix
def test_a_program_is_looked_for_on_the_path_of_the_script(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    Project(tmp_path / "bin").write("trainer", "#!/bin/sh\necho trains").chmod(0o755)
    config = ScriptRunConfig(project.path, command=["trainer"])
    assert "begins with 'trainer'" in refused(experiment, config)

    config.run_config.environment_variables = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    assert log_of(experiment, config) == "trains\n"


@posix
def test_a_path_of_the_script_may_be_relative_and_lack_the_shell(experiment: Experiment, project: Project) -> None:
    project.write("tools/trainer", "#!/bin/sh\necho trains").chmod(0o755)
    config = ScriptRunConfig(project.path, command=["trainer"])

    config.run_config.environment_variables = {"PATH": "tools"}

    assert log_of(experiment, config) == "trains\n"


@posix
def test_a_command_that_is_a_text_goes_to_the_shell_which_says_what_it_lacks(
    experiment: Experiment, project: Project
) -> None:
    run = experiment.submit(ScriptRunConfig(project.path, command="nosuch"))

    error = run.wait_for_completion(raise_on_error=False)["error"]["error"]

    assert "the script exited with code 127: the command nosuch was not found; " in error["message"]


@pytest.mark.parametrize("command", ["", "  ", [], [""]])
def test_a_command_of_nothing_is_none(experiment: Experiment, project: Project, command: str | list[str]) -> None:
    said = refused(experiment, ScriptRunConfig(project.path, command=command))

    assert said == "there is neither a script nor a command; give one of both"


def test_a_command_that_is_neither_text_nor_words_is_refused(experiment: Experiment, project: Project) -> None:
    command: Any = 5
    config = ScriptRunConfig(project.path, command=command)

    assert refused(experiment, config) == "the command is 5; give a text for the shell, or a list of its words"


@posix
@pytest.mark.parametrize("text", ["a\0b", "half\ud800"])
def test_what_no_process_can_be_given_is_refused(experiment: Experiment, project: Project, text: str) -> None:
    project.write("train.py", "")

    for config in (
        project.config("train.py", [text]),
        ScriptRunConfig(project.path, command=f"echo {text}"),
        ScriptRunConfig(project.path, command=["echo", text]),
    ):
        assert refused(experiment, config).startswith("no process can be given ")

    for variables in ({"NAME": text}, {text: "value"}):
        config = project.config()
        config.run_config.environment_variables = variables
        assert "cannot be set: names are not empty" in refused(experiment, config)


@pytest.mark.parametrize("variables", [None, ["NAME=value"], "NAME=value"])
def test_environment_variables_that_are_no_dict_are_refused(
    experiment: Experiment, project: Project, variables: Any
) -> None:
    project.write("train.py", "")
    config = project.config()
    config.run_config.environment_variables = variables

    assert "give a dict of names and values" in refused(experiment, config)


@posix
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nowhere/bin/python", "the interpreter '/nowhere/bin/python' does not exist; "),
        ("python0.9", "the interpreter 'python0.9' is not on PATH; "),
        ("/usr/bin", "the interpreter '/usr/bin' is a directory; "),
        ("/etc/passwd", "the interpreter '/etc/passwd' is not executable; "),
        ("/bin/true", "the interpreter '/bin/true' is no Python; "),
        ("/bin/sh", "the interpreter '/bin/sh' is no Python: asked for its sys.path, it ended with code 2; "),
        ("", "the interpreter '' is not on PATH; "),
        ("a\0b", r"the interpreter is 'a\x00b'; "),
        (3, "the interpreter is 3; "),
    ],
)
def test_an_interpreter_that_is_none_is_refused(experiment: Experiment, project: Project, path: str, said: str) -> None:
    project.write("train.py", "")
    config = project.config()
    config.run_config.environment.python.interpreter_path = path

    message = refused(experiment, config, RunConfigurationException)

    assert message.startswith(said)
    assert message.endswith("give environment.python.interpreter_path the path of a Python, or its name on PATH")


@posix
def test_an_interpreter_may_be_a_path_from_the_home_directory(
    experiment: Experiment, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my python").symlink_to(sys.executable)
    project.write("train.py", "print('trains')")
    config = project.config()
    config.run_config.environment.python.interpreter_path = "~/my python"

    assert log_of(experiment, config) == "trains\n"


@pytest.fixture
def argument_printer(project: Project) -> ScriptRunConfig:
    project.write("train.py", "import os, sys; print([os.fsencode(one).hex() for one in sys.argv[1:]])")
    return project.config()


@settings(max_examples=4)
@given(arguments=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=20))
@example(
    arguments=["", " ", "two words", "'", '"', "\\", "a\nb", "\r\n", "\t", "-", "--", "-c", "$HOME", "`id`", "*", "ü"]
)
def test_arguments_arrive_as_they_are(
    workspace: Workspace, argument_printer: ScriptRunConfig, arguments: list[str]
) -> None:
    argument_printer.arguments = list(arguments)

    printed = log_of(Experiment(workspace, "digits"), argument_printer)

    assert eval(printed) == [os.fsencode(one).hex() for one in arguments]


@pytest.mark.skipif(sys.platform != "linux", reason="arguments are bytes only there")
def test_arguments_that_are_no_text_arrive_too(experiment: Experiment, argument_printer: ScriptRunConfig) -> None:
    argument_printer.arguments = [os.fsdecode(b"caf\xe9/rows.csv")]

    assert eval(log_of(experiment, argument_printer)) == [b"caf\xe9/rows.csv".hex()]
