"""The group of all commands, and the one place in which an error becomes a line and an exit code."""

from __future__ import annotations

import os
import sys

import click

from localexp import __version__, errors

_COMMANDS = {
    "init": "localexp.cli.init",
    "submit": "localexp.cli.submit",
    "runs": "localexp.cli.runs",
    "show": "localexp.cli.show",
    "logs": "localexp.cli.logs",
    "demo": "localexp.cli.demo",
}
_INTERRUPTED = 130


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


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="localexp")
def localexp() -> None:
    """Track experiments in one local folder: snapshot a directory, run a script of it, keep what it logs.

    Exit codes: 0 done, 1 an error, 2 a wrong command line, 130 interrupted; 'submit' exits as the script did.
    """


def main() -> None:
    """Run the command line. An error that has a reason is one line on standard error."""
    try:
        localexp(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough of it; python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except (errors.LocalexpError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
