"""Options that several commands have, and what they mean."""

from __future__ import annotations

import os
import re
import sys
from functools import wraps

import click

from localexp.errors import UserErrorException
from localexp.store.layout import STORE_FOLDER
from localexp.store.store import Store
from localexp.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from localexp.cli.table import Form

yes = click.option("--yes", is_flag=True, help="Do not ask; needed where no terminal can be asked.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
experiment = click.option("--experiment", metavar="NAME", help="Only runs of this experiment; its name or id.")
workspace_path = click.option(
    "--workspace",
    type=click.Path(),
    help="The folder of the workspace; by default LOCALEXP_WORKSPACE, or the nearest one upwards.",
)

ignore_parents = click.option(
    "--ignore-parents",
    is_flag=True,
    help="Read the ignore files above the directory too, up to the top of its repository.",
)
now = click.option("--now", is_flag=True, help="Start at once, however many runs are at work.")
detach = click.option(
    "--detach", is_flag=True, help="Return as soon as the run is started or in the queue; print its id."
)


def forms(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command that lists something ``--json`` and ``--csv``, and what was asked for as ``form``.

    Both at once are a wrong command line.
    """

    @as_json
    @as_csv
    @wraps(function)
    def called(as_json: bool, as_csv: bool, **others: object) -> None:
        if as_json and as_csv:
            message = "There are '--json' and '--csv', which are two forms of the same: give one of both."
            raise click.UsageError(message, click.get_current_context())
        form: Form = "json" if as_json else "csv" if as_csv else "table"
        function(form=form, **others)

    return called


_INDENT = "  "
_BEGIN_OF_EXAMPLE = f"{_INDENT}localexp "
_UNITS = {"": 1, "b": 1, **{letter: 1024**power for power, letter in enumerate("kmgt", 1)}}
_UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)}
_UNITS |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)}


class _Size(click.ParamType):  # type: ignore[type-arg]  # generic only for the checker, and not in every click
    """A number of bytes, with a unit if need be."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*", str(value).lower())
        if match is None or match[2] not in _UNITS:
            self.fail(f"{value!r} is no size; write a number of bytes, or one as 500MB or 4GiB", param, ctx)
        if "." in match[1] and _UNITS[match[2]] == 1:
            self.fail(f"{value!r} is no size; there is no part of a byte", param, ctx)
        number = float(match[1]) if "." in match[1] else int(match[1])
        return int(number * _UNITS[match[2]])


SIZE = _Size()


def examples(*lines: str) -> str:
    """What stands at the end of the help of a command: command lines, each with what it does behind a ``#``."""
    return "\b\nExamples:\n" + "\n".join(_INDENT + line for line in lines)


def examples_of(command: click.Command) -> list[str]:
    """The command lines that ``examples`` was given for a command."""
    return [line.strip() for line in (command.epilog or "").split("\n") if line.startswith(_BEGIN_OF_EXAMPLE)]


def opened(path: str | None) -> Workspace:
    """The workspace that ``--workspace`` names, which must be there, or by default the one found from here."""
    if path is None:
        return Workspace.from_config()
    if not is_workspace(path):
        raise UserErrorException(f"there is no workspace in {path!r}; run 'localexp init {path}', or name another")
    return Workspace(path)


def is_workspace(path: str) -> bool:
    """Whether a workspace lies in a folder; the ``.localexp`` folder itself is accepted too."""
    folder = os.path.abspath(path)
    return Store(folder if os.path.basename(folder) == STORE_FOLDER else os.path.join(folder, STORE_FOLDER)).exists()


def confirm(question: str, yes: bool, about: Iterable[str] = ()) -> None:
    """Go on only if ``--yes`` was given, or a terminal answers the question so.

    :param about: lines that a terminal shows above the question.
    :raises click.UsageError: there is no terminal to be asked.
    :raises click.ClickException: the answer is no.
    """
    if yes:
        return
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        message = f"There is no terminal to ask: {question} Give '--yes' if so."
        raise click.UsageError(message, click.get_current_context())
    for line in about:
        click.echo(line, err=True)
    if not click.confirm(question, err=True):
        raise click.ClickException("That was a no; nothing is changed.")


def _is_terminal(stream: TextIO | None) -> bool:
    """A stream that the caller has closed is None."""
    return stream is not None and stream.isatty()


def parsed_tags(texts: tuple[str, ...]) -> dict[str, str | None]:
    """Tags from ``NAME=VALUE`` and ``NAME``."""
    tags: dict[str, str | None] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key:
            raise UserErrorException(f"the tag {text!r} has no name; write NAME=VALUE or NAME")
        tags[key] = value if equals else None
    return tags
