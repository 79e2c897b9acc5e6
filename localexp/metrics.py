"""How logged values become what ``get_metrics`` returns."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.store.values import from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.store.values import Cell, Value

LARGEST_STEP = 2**63 - 1
_PLAIN = (float, int, str, bool, type(None))


def scalar(name: str, value: object) -> Value:
    """The Python value nearest to a logged one: numpy's and torch's scalars become Python's.

    :raises UserErrorException: the value is not a scalar.
    """
    if type(value) in _PLAIN:
        return value  # type: ignore[return-value]
    value = _item(value)
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise UserErrorException(
        f"metric {name!r}: a {type(value).__name__} is not a number, text, bool or None; log one value at a time"
    )


def _item(value: object) -> object:
    """What a scalar of numpy, torch and the like holds; anything else as it is."""
    item = getattr(value, "item", None)
    if not callable(item):
        return value
    try:
        found: object = item()
    except (TypeError, ValueError, RuntimeError):
        # It holds more than one value.
        return value
    return found


def shaped(metrics: Iterable[tuple[str, str, list[Cell]]]) -> dict[str, Value | list[Value]]:
    """Metrics by name: the bare value of one that was logged once, otherwise the list of its values in order."""
    found: dict[str, Value | list[Value]] = {}
    for name, _, cells in metrics:
        values = [from_cell(cell) for cell in cells]
        found[name] = values[0] if len(values) == 1 else values
    return found


def checked_name(name: object) -> str:
    """The name of a metric, which is a text.

    :raises UserErrorException: it is none.
    """
    if not isinstance(name, str):
        raise UserErrorException(f"the metric name {name!r} is of type {type(name).__name__}; name metrics by texts")
    return str(name)


def checked_step(name: str, step: object) -> int:
    """A step as the integer that it stands for.

    :raises UserErrorException: it is none, or beyond 64 bits.
    """
    value = _item(step)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or not -LARGEST_STEP <= value <= LARGEST_STEP:
        raise UserErrorException(f"metric {name!r}: the step {step!r} is not an integer of 64 bits")
    return int(value)


def message_of(error: dict[str, object] | None) -> str:
    """The message in an error of Azure ML's shape."""
    inner = (error or {}).get("error")
    return str(inner["message"]) if isinstance(inner, dict) else "no reason is known"
