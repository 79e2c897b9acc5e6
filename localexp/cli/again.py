"""What the commands that run something again have in common: which run, what is changed, and what differs today."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from functools import wraps

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.errors import UserErrorException
from localexp.execution.targets import INLINE
from localexp.run.again import Given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.run import Run

_OPTIONS = (
    click.argument("run"),
    click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED),
    click.option("--set", "named", multiple=True, metavar="NAME=VALUE", help="Another value for an argument; several."),
    click.option(
        "--command", "command_line", metavar="COMMAND", help="The command, in place of the one of a RUN that has one."
    ),
    click.option(
        "--env", "variables", multiple=True, metavar="NAME=VALUE", help="The value of an environment variable; several."
    ),
    click.option("--python", type=click.Path(), metavar="PATH", help="The interpreter, in place of the run's."),
    click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="A tag of the new run; several."),
    options.now,
)


class Changed:
    """What the options say, and the arguments behind the run, None if there are none."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        named: tuple[str, ...],
        command: str | None,
        variables: tuple[str, ...],
        python: str | None,
        tags: tuple[str, ...],
        now: bool,
    ) -> None:
        self.arguments = _all_anew(arguments)
        self.command = command
        self.named = _pairs("--set", named)
        self.variables = _pairs("--env", variables)
        self.python = python
        self.tags = options.parsed_tags(tags)
        self.now = now


def command(short_help: str, *examples: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command of a RUN, whose options stand before it, for what stands behind is for the script."""
    return click.command(
        short_help=short_help,
        epilog=options.examples(*examples),
        context_settings={"allow_interspersed_args": False},
    )


def changes(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command its RUN, and what says how that is to be changed, as ``changed``."""

    @wraps(function)
    def called(
        arguments: tuple[str, ...],
        named: tuple[str, ...],
        command_line: str | None,
        variables: tuple[str, ...],
        python: str | None,
        tags: tuple[str, ...],
        now: bool,
        **others: object,
    ) -> None:
        changed = Changed(arguments, named, command_line, variables, python, tags, now)
        function(changed=changed, **others)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called


def found(wanted: str, workspace: str | None) -> Run:
    """The run that a command means."""
    return find_run(options.opened(workspace), wanted)


def runs_here(run: Run) -> bool:
    """Whether its script runs in the process that submits it, and has ended when it is submitted."""
    return run._known().target == INLINE


def begun(run: Run, changed: Changed, is_quiet: bool) -> Run:
    """The rerun of a run; what differs today is said on standard error.

    With ``is_quiet`` so is what a script prints in this process, for standard output is to have something else.
    """
    given = Given(
        arguments=changed.arguments,
        command=changed.command,
        environment_variables=dict(changed.variables),
        tags=changed.tags,
        now=changed.now,
        named=dict(changed.named),
    )
    if changed.python is not None:
        environment = run.get_environment()
        environment.python.interpreter_path = changed.python
        given.environment = environment
    with redirect_stdout(sys.stderr) if is_quiet else nullcontext():
        return run._again(given, _say)


def _say(difference: str) -> None:
    click.echo(f"Differs today: {table.one_line(difference)}", err=True)


def _all_anew(arguments: tuple[str, ...]) -> list[str] | None:
    """All arguments of the script, None for those that it had; ``--`` before them may be left out."""
    if arguments[:1] == ("--",):
        return list(arguments[1:])
    for text in arguments[:1]:
        _check_is_not_ours(text)
    return list(arguments) or None


def _check_is_not_ours(text: str) -> None:
    """Refuse an option of the command right behind the run: the script would have it in place of all its arguments."""
    context = click.get_current_context()
    name = text.partition("=")[0]
    if any(name in one.opts for one in context.command.get_params(context) if isinstance(one, click.Option)):
        message = f"Options stand before RUN: put {name!r} there, or '--' after RUN if the script is to have it."
        raise click.UsageError(message, context)


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, equals, _) in zip(texts, pairs, strict=True):
        if not name or not equals:
            raise UserErrorException(f"{option} {text!r} has no value; write {option} NAME=VALUE")
    return {name: value for name, _, value in pairs}
