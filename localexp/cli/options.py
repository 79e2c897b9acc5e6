"""Options that several commands have, and what they mean."""

from __future__ import annotations

import os

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
