"""Options that several commands have."""

from __future__ import annotations

import click

from localexp.errors import UserErrorException

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
workspace_path = click.option(
    "--workspace",
    type=click.Path(),
    help="The folder of the workspace; by default LOCALEXP_WORKSPACE, or the nearest one upwards.",
)


def parsed_tags(texts: tuple[str, ...]) -> dict[str, str | None]:
    """Tags from ``KEY=VALUE`` and ``KEY``."""
    tags: dict[str, str | None] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key:
            raise UserErrorException(f"the tag {text!r} has no name; write --tag NAME=VALUE or --tag NAME")
        tags[key] = value if equals else None
    return tags
