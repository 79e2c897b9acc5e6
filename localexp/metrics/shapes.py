"""What ``get_metrics`` returns of the values that were logged."""

from __future__ import annotations

from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from localexp.store.values import Cell, Row, Scalar

    Shaped: TypeAlias = dict[str, object]


def shaped(metrics: Iterable[tuple[str, str, list[Cell]]], of_reference: Callable[[str], object]) -> Shaped:
    """Metrics by name: the bare value of one that was logged once, otherwise the list of its values in order.

    Rows and tables are dicts of that by column, with None where a row lacks one. What was logged under a name in
    another kind than the first is left out.

    :param metrics: (name, kind, cells).
    :param of_reference: gives what stands for an artifact of this name.
    """
    return {name: _shape(kind, cells, of_reference) for name, kind, cells in metrics}


def _shape(kind: str, cells: list[Cell], of_reference: Callable[[str], object]) -> object:
    # Numbers and texts are what they are, and there may be a million of them.
    values = [from_cell(cell) if isinstance(cell, bytes) else cell for cell in cells]
    if kind in ("row", "table"):
        return _columns([value for value in values if isinstance(value, dict)])
    if kind in ("scalar", "list"):
        return _bare_if_one([value for value in values if not isinstance(value, (dict, Reference))])
    return _bare_if_one([of_reference(value.name) for value in values if isinstance(value, Reference)])


def _columns(rows: list[Row]) -> dict[str, object]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _bare_if_one([row.get(name) for row in rows]) for name in names}


def _bare_if_one(values: list[object] | list[Scalar]) -> object:
    return values[0] if len(values) == 1 else values
