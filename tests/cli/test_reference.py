"""Every command has a help with examples that hold, and the README's reference is made from them."""

from __future__ import annotations

import shlex

import click
import pytest

from localexp.cli import exits, options, reference
from localexp.cli.main import localexp
from localexp.errors import UserErrorException
from tests.processes import REPOSITORY

_ALL = list(reference.groups_and_leaves())
_LEAVES = reference.leaves()


def test_the_reference_in_the_readme_is_not_stale() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert reference.written(readme) == readme, "run: python -m localexp.cli.reference --write README.md"


def test_the_reference_has_a_chapter_for_each_command() -> None:
    lines = reference.markdown().split("\n")

    assert [line.removeprefix("### ") for line in lines if line.startswith("### ")] == [one.path for one in _LEAVES]
    assert all(len(line) <= 120 or line.startswith("|") for line in lines)


def test_a_file_without_a_place_for_the_reference_is_refused() -> None:
    with pytest.raises(UserErrorException, match="no place for the reference"):
        reference.written("# localexp\n<!-- commands -->\n")


@pytest.mark.parametrize("one", _ALL, ids=lambda one: one.path)
def test_each_has_a_help(one: reference.Leaf) -> None:
    assert (one.command.help or "").strip(), f"{one.path} has no docstring"
    if one.context.parent is not None:
        assert one.command.short_help, f"{one.path} has no short_help=…"
        assert one.command.short_help.endswith("."), f"the short_help of {one.path} is no sentence"
    for option in one.command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{option.name} of {one.path} has no help"


@pytest.mark.parametrize("one", _LEAVES, ids=lambda one: one.path)
def test_each_command_has_examples_that_its_options_take(one: reference.Leaf) -> None:
    examples = options.examples_of(one.command)

    assert examples, f"{one.path} has no example: give it epilog=options.examples('{one.path} …')"
    for example in examples:
        assert parsed(example) == one.path, example


def parsed(line: str) -> str:
    """Which command a command line leads to; that it is one is found out without running it."""
    name, *arguments = shlex.split(line, comments=True)
    context = localexp.make_context(name, arguments)
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        command_name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(command_name, rest, parent=context)
    return context.command_path


def test_exit_codes_are_those_of_commands_that_there_are() -> None:
    paths = {one.path.partition(" ")[2] for one in _LEAVES}

    assert set(exits.OF_COMMANDS) <= paths
    assert all(f"`{name}`" in reference.markdown() for name in exits.OF_COMMANDS)
