"""The reference of all commands as markdown, made from the commands: ``python -m localexp.cli.reference``.

With ``--write README.md`` it takes the place of what stands there between ``<!-- commands -->`` and
``<!-- /commands -->``.
"""

from __future__ import annotations

import re
import textwrap

import click

from localexp.cli import exits, options
from localexp.cli.main import localexp
from localexp.errors import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGIN, _END = "<!-- commands -->", "<!-- /commands -->"
_COLUMNS = 120
# What the options of these names mean is said once.
_COMMON = {"workspace": "--workspace", "as_json": "--json", "as_csv": "--csv"}
_ABOUT_ALL = f"""\
Made from the commands by `python -m localexp.cli.reference --write README.md`.

A RUN is an id, the beginning of one, or `latest`, the newest that is no child of another. Every command has `--help`;
`--workspace PATH` names the folder of the workspace, which is by default that of `LOCALEXP_WORKSPACE`, or the nearest
one upwards; `--json` prints JSON and `--csv` CSV, one of both. On a terminal tables are cut to its width, and have
colours if [rich](https://rich.readthedocs.io) is installed (extra `cli`) and `NO_COLOR` is not set; what is piped is
whole and plain.

Exit codes: {"; ".join(f"**{code}** {meaning}" for code, meaning in exits.EVERY.items())}. Of {
    "; of ".join(f"{', '.join(f'`{name}`' for name in names)}: {meaning}" for meaning, names in exits.grouped().items())
}.
"""


class Leaf:
    """A command that does something, in the context that its name leads to, as ``localexp snapshot ls``."""

    def __init__(self, context: click.Context) -> None:
        self.context = context
        self.command = context.command
        self.path = context.command_path


def groups_and_leaves(context: click.Context | None = None) -> Iterator[Leaf]:
    """All groups and commands, each group before its commands."""
    context = context or click.Context(localexp, info_name="localexp")
    yield Leaf(context)
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        assert command is not None
        yield from groups_and_leaves(click.Context(command, info_name=name, parent=context))


def leaves() -> list[Leaf]:
    """All commands that do something."""
    return [one for one in groups_and_leaves() if not isinstance(one.command, click.Group)]


def markdown() -> str:
    """The reference."""
    found = leaves()
    overview = ["| command | what it does |", "| --- | --- |"]
    overview += [f"| [`{one.path}`](#{_anchor(one.path)}) | {one.command.short_help} |" for one in found]
    about = "\n".join(textwrap.fill(part, _COLUMNS) + "\n" for part in _ABOUT_ALL.split("\n\n"))
    return "\n".join([about, *overview, "", *map(_chapter, found)]).rstrip() + "\n"


def written(text: str) -> str:
    """A file's text with the reference in its place.

    :raises UserErrorException: the marks of the place are not there.
    """
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise UserErrorException(f"there is no place for the reference: {_BEGIN} and, below it, {_END}")
    return f"{before}{_BEGIN}\n{markdown()}{_END}{after}"


def _anchor(path: str) -> str:
    return path.replace(" ", "-")


def _chapter(leaf: Leaf) -> str:
    command = leaf.command
    parts = [f"### {leaf.path}", *_paragraphs(command.help or "")]
    usage = " ".join([leaf.path, *command.collect_usage_pieces(leaf.context)])
    parts.append("\n".join(["```sh", usage, "", *options.examples_of(command), "```"]))
    parts += [text for text in (_options(leaf), _common_options(leaf)) if text]
    return "\n\n".join(parts) + "\n"


def _paragraphs(text: str) -> list[str]:
    paragraphs = re.split(r"\n\s*\n", _with_code(text.replace("\b\n", "").strip()))
    return [textwrap.fill(" ".join(one.split()), _COLUMNS, break_on_hyphens=False) for one in paragraphs]


def _options(leaf: Leaf) -> str:
    own = [one for one in leaf.command.params if isinstance(one, click.Option) and one.name not in _COMMON]
    records = [record for record in (one.get_help_record(leaf.context) for one in own) if record is not None]
    if not records:
        return ""
    rows = [f"| `{_cell(names)}` | {_cell(meaning)} |" for names, meaning in records]
    return "\n".join(["| option | what it does |", "| --- | --- |", *rows])


def _cell(text: str) -> str:
    return _with_code(" ".join(text.split()).replace("|", "\\|"))


def _with_code(text: str) -> str:
    """A text of a help with its command lines and options as code."""
    return re.sub(r"'(localexp [^']+)'", r"`\1`", text)


def _common_options(leaf: Leaf) -> str:
    common = [_COMMON[one.name] for one in leaf.command.params if one.name in _COMMON]
    return f"Also {', '.join(f'`{one}`' for one in common)}." if common else ""


@click.command()
@click.option("--write", type=click.Path(exists=True, dir_okay=False), help="Write it into this file.")
def reference(write: str | None) -> None:
    """Print the reference of all commands, or write it to its place in a file."""
    if write is None:
        click.echo(markdown(), nl=False)
        return
    with open(write, encoding="utf-8") as file:
        text = written(file.read())
    with open(write, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    reference()
