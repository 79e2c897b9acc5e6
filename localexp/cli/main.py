"""The group of all commands, and the one place in which an error becomes a line and an exit code."""

from __future__ import annotations

import io
import os
import sys

import click

from localexp import __version__, errors
from localexp.cli import exits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130

_COMMANDS = {
    "init": "localexp.cli.init",
    "submit": "localexp.cli.submit",
    "runs": "localexp.cli.runs",
    "show": "localexp.cli.show",
    "metrics": "localexp.cli.metrics",
    "artifacts": "localexp.cli.artifacts",
    "experiments": "localexp.cli.experiments",
    "tag": "localexp.cli.tag",
    "logs": "localexp.cli.logs",
    "watch": "localexp.cli.watch",
    "wait": "localexp.cli.wait",
    "cancel": "localexp.cli.cancel",
    "delete": "localexp.cli.delete",
    "rerun": "localexp.cli.rerun",
    "verify": "localexp.cli.verify",
    "compare": "localexp.cli.compare",
    "diff": "localexp.cli.diff",
    "best": "localexp.cli.best",
    "snapshot": "localexp.cli.snapshot",
    "env": "localexp.cli.env",
    "settings": "localexp.cli.settings",
    "sql": "localexp.cli.sql",
    "fsck": "localexp.cli.fsck",
    "gc": "localexp.cli.gc",
    "backup": "localexp.cli.backup",
    "doctor": "localexp.cli.doctor",
    "demo": "localexp.cli.demo",
}


class _Group(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        import importlib

        if cmd_name not in _COMMANDS:
            return None
        command = getattr(importlib.import_module(_COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Group, epilog=exits.text())
@click.version_option(__version__, prog_name="localexp")
def localexp() -> None:
    """Track experiments in one local folder: snapshot a directory, run a script of it, keep what it logs.

    New here? 'localexp demo' shows it all in a few seconds.
    """


def main() -> None:
    """Run the command line. An error that has a reason is one line on standard error."""
    _prepare_streams()
    _prepare_warnings()
    try:
        _call()
    except click.ClickException as error:
        _fail(_advised(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except (errors.SnapshotException, errors.FilterSyntaxError) as error:
        _fail(error.headline, details=error.details)
    except errors.LocalexpError as error:
        _fail(str(error))
    except OSError as error:
        _fail(_reason(error))
    except UnicodeEncodeError as error:
        _fail(f"{error.object!a} holds bytes that are not UTF-8, which localexp cannot keep; use another name")


def _call() -> None:
    try:
        localexp(prog_name="localexp", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        # The name of a group alone asks for its help, which is no wrong command line.
        click.echo(error.format_message())


def _prepare_streams() -> None:
    """Have no output fail for what the encoding of the terminal lacks, nor for a stream that the caller has closed."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _prepare_warnings() -> None:
    """Have a warning be one line, as an error is."""
    import warnings

    from localexp.cli.table import one_line

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,  # noqa: ARG001 - where it comes from helps nobody at the command line
        lineno: int,  # noqa: ARG001
        file: object = None,  # noqa: ARG001
        line: str | None = None,  # noqa: ARG001
    ) -> None:
        if issubclass(category, UserWarning):
            click.echo(f"Warning: {one_line(str(message))}", err=True)

    warnings.simplefilter("always", UserWarning)
    warnings.showwarning = show


def _fail(message: str, exit_code: int = 1, details: Sequence[str] = ()) -> None:
    from localexp.cli.table import cell_text, one_line

    click.echo(f"Error: {one_line(message)}", err=True)
    for line in details:
        click.echo(cell_text(line), err=True)
    try:
        sys.stdout.flush()
    except OSError:
        # Python would try again when it ends, and complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(exit_code)


def _advised(error: click.ClickException) -> str:
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return message
    return f"{message}{'' if message.endswith(('.', '?')) else '.'} See '{context.command_path} --help'."


def _reason(error: OSError) -> str:
    if error.filename is not None:
        return f"{error.strerror}: {error.filename}"
    if isinstance(error, FileNotFoundError):
        return "the current folder no longer exists; change to one that does"
    return error.strerror or str(error)
