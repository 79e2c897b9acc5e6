"""What a filter says, as plain data: comparisons, and how they hang together.

What a run does not have is neither like nor unlike anything: each comparison with it is false, ``!=`` and ``not in``
too, and ``not`` of that is true. So every filter is true or false of every run.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Literal: TypeAlias = int | float | str | bool
    Tree: TypeAlias = "Comparison | Not | All | Any"

METRICS, PARAMS, TAGS, PROPERTIES, ATTRIBUTES = "metrics", "params", "tags", "properties", "attributes"
LAST, MIN, MAX, COUNT = "last", "min", "max", "count"
FIELDS = (LAST, MIN, MAX, COUNT)


class Column:
    """What of a run is compared: an attribute, or one that is of this name in a group. A metric has fields."""

    __slots__ = ("field", "group", "name")

    def __init__(self, group: str, name: str, field: str = "") -> None:
        self.group = group
        self.name = name
        self.field = field

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Column) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        return f"Column{self._parts()}"

    def _parts(self) -> tuple[str, str, str]:
        return self.group, self.name, self.field


class Comparison:
    """A column, an operator, and what it is compared with: one value, several for ``in``, none for ``is null``.

    The operators are ``= != < <= > >= in like null`` and, each the other way, ``not in``, ``not like``, ``not null``.
    A time is microseconds since the epoch.
    """

    __slots__ = ("column", "operator", "values")

    def __init__(self, column: Column, operator: str, values: Sequence[Literal] = ()) -> None:
        self.column = column
        self.operator = operator
        self.values = tuple(values)

    def __repr__(self) -> str:
        return f"Comparison({self.column!r}, {self.operator!r}, {self.values!r})"


class Not:
    __slots__ = ("part",)

    def __init__(self, part: Tree) -> None:
        self.part = part

    def __repr__(self) -> str:
        return f"Not({self.part!r})"


class All:
    """True if all parts are; also if there is none."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Tree]) -> None:
        self.parts = tuple(parts)

    def __repr__(self) -> str:
        return f"All({self.parts!r})"


class Any:
    """True if one of the parts is."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Tree]) -> None:
        self.parts = tuple(parts)

    def __repr__(self) -> str:
        return f"Any({self.parts!r})"


class Order:
    """The column that runs are ordered by, None for the order in which they were made."""

    __slots__ = ("column", "is_descending")

    def __init__(self, column: Column | None, is_descending: bool) -> None:
        self.column = column
        self.is_descending = is_descending

    def __repr__(self) -> str:
        return f"Order({self.column!r}, {self.is_descending!r})"


NEWEST_FIRST = Order(None, True)


def conjuncts(tree: Tree) -> list[Tree]:
    """What all has to be true for the tree to be."""
    return [part for below in tree.parts for part in conjuncts(below)] if isinstance(tree, All) else [tree]


def comparisons(tree: Tree) -> Iterator[Comparison]:
    """All of them, wherever they stand."""
    if isinstance(tree, Comparison):
        yield tree
        return
    for part in (tree.part,) if isinstance(tree, Not) else tree.parts:
        yield from comparisons(part)
