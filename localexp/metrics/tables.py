"""Rows and tables as they are logged."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.metrics.values import scalar, scalars
from localexp.store.values import kind_text, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.values import Row, Scalar


def row(name: str, cells: dict[str, object]) -> Row:
    """A row of scalars by column.

    :raises UserErrorException: a cell is no scalar.
    """
    return {readable(column): scalar(f"{name}: {column}", cell) for column, cell in cells.items()}


def rows(name: str, table: object) -> list[Row]:
    """The rows of a table that is given by its columns: lists of one length, or scalars for a single row.

    :raises UserErrorException: it has no columns, they differ in length, or a cell is no scalar.
    """
    if not hasattr(table, "keys") or not hasattr(table, "__getitem__"):
        raise UserErrorException(
            f"metric {name!r}: {kind_text(table)} is no table; give a dict of columns, each a list of values"
        )
    keys = list(table.keys())
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise UserErrorException(f"metric {name!r}: the table has several columns {twice!r}; rename all but one")
    columns = {_column_name(name, key): _column(f"{name}: {key}", table[key]) for key in keys}
    lengths = {column: len(cells) for column, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{column} has {length}" for column, length in lengths.items())
        raise UserErrorException(
            f"metric {name!r}: the columns of a table are of one length; {found}: use None for what is missing"
        )
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _column_name(name: str, key: object) -> str:
    if not isinstance(key, str):
        raise UserErrorException(f"metric {name!r}: the column {key!r} is of type {type(key).__name__}; use texts")
    return readable(key)


def _column(name: str, cells: object) -> list[Scalar]:
    if hasattr(cells, "keys") and not hasattr(cells, "tolist"):
        raise UserErrorException(
            f"metric {name!r}: {kind_text(cells)} is no column; give a list of values, as "
            "DataFrame.to_dict('list') does"
        )
    is_list = hasattr(cells, "__iter__") and not isinstance(cells, str) and getattr(cells, "ndim", 1) > 0
    return scalars(name, cells) if is_list else [scalar(name, cells)]
