"""Options that several commands have, and what they mean."""

from __future__ import annotations

import os
import re

import click

from localexp.errors import UserErrorException
from localexp.store.layout import STORE_FOLDER
from localexp.store.store import Store
from localexp.workspace import Workspace

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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


def parsed_tags(texts: tuple[str, ...]) -> dict[str, str | None]:
    """Tags from ``KEY=VALUE`` and ``KEY``."""
    tags: dict[str, str | None] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key:
            raise UserErrorException(f"the tag {text!r} has no name; write --tag NAME=VALUE or --tag NAME")
        tags[key] = value if equals else None
    return tags
