"""How a logged value becomes a cell, and back: what SQLite would change or refuse is kept as a BLOB.

The first byte of such a BLOB says what follows: ``n`` nothing (NaN), ``b`` 0 or 1 (a bool), ``i`` the
hexadecimal digits of an integer beyond 64 bits, ``j`` the JSON of a row, ``r`` the name of an artifact. Only in a
journal there is ``a``, the JSON of several values, each of which becomes a cell.
"""

from __future__ import annotations

NAN = b"n"
_LARGEST = 2**63

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias, TypeGuard

    Cell: TypeAlias = float | int | str | bytes | None
    Scalar: TypeAlias = float | int | str | bool | None
    Row: TypeAlias = dict[str, Scalar]
    Value: TypeAlias = "Scalar | Row | Reference"


class Reference:
    """A value that is a file of the run; ``name`` is its artifact's."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def family(kind: str) -> str:
    """What kinds of metric go together under one name: values, rows, or charts of one kind."""
    if kind in ("scalar", "list"):
        return "values"
    return "rows" if kind in ("row", "table") else kind


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number, as a bool is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def kind_text(value: object) -> str:
    """The type of a value with its article."""
    return with_article(type(value).__name__)


def with_article(noun: str) -> str:
    # Types that begin with U, as uint8 and UUID, are spoken with a consonant.
    return f"an {noun}" if noun.lower().startswith(("a", "e", "i", "o", "ndarray")) else f"a {noun}"


def readable(text: str) -> str:
    """A text that UTF-8 can hold: half characters, as file names that are no text have them, are written out."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def to_cell(value: Value) -> Cell:
    """The cell for one logged value."""
    if isinstance(value, float):
        return value if value == value else NAN
    if isinstance(value, bool):
        return b"b1" if value else b"b0"
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else b"i%x" % value
    if isinstance(value, dict):
        import json

        return b"j" + json.dumps(value).encode()
    if isinstance(value, Reference):
        return b"r" + value.name.encode()
    return value


def to_cell_of_many(values: Sequence[Value]) -> bytes:
    """One cell, for a journal, that ``cells_of_many`` makes several of."""
    import json

    return b"a" + json.dumps(values).encode()


def cells_of_many(cell: Cell) -> list[Cell] | None:
    """The cells that one in a journal stands for; None if only for itself."""
    if not isinstance(cell, bytes) or cell[:1] != b"a":
        return None
    import json

    return [to_cell(value) for value in json.loads(cell[1:])]


def from_cell(cell: Cell) -> Value:
    """The value that ``to_cell`` was given."""
    if not isinstance(cell, bytes):
        return cell
    tag, rest = cell[:1], cell[1:]
    if tag == NAN:
        return float("nan")
    if tag == b"b":
        return rest == b"1"
    if tag == b"i":
        return int(rest, 16)
    if tag == b"r":
        return Reference(rest.decode())
    import json

    row: Row = json.loads(rest)
    return row
