"""JSON that every reader of it understands, of plain data."""

from __future__ import annotations

import json
import math


def json_text(value: object) -> str:
    """JSON in lines, indented; NaN and infinity, which it has no numbers for, are texts."""
    return json.dumps(strict(_told(value)), indent=2, default=str)


def json_line(value: object) -> str:
    """The same in one line."""
    value = _told(value)
    try:
        return json.dumps(value, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(strict(value), default=str)


def strict(value: object) -> object:
    """Plain data with texts in place of numbers that are not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: strict(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(inner) for inner in value]
    return value


def _told(value: object) -> object:
    # Not at the top: what it needs complains of a wrong environment variable, which is to be told with this module.
    from localexp.store.telling import all_told

    return all_told(value)
