"""How a logged value becomes a cell, and back: what SQLite would change or refuse is kept as a BLOB.

The first byte of such a BLOB says what follows: ``n`` nothing (NaN), ``b`` 0 or 1 (a bool), ``i`` the
hexadecimal digits of an integer beyond 64 bits, ``j`` the JSON of a row or a reference.
"""

from __future__ import annotations

NAN = b"n"
_LARGEST = 2**63

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Cell: TypeAlias = float | int | str | bytes | None
    Value: TypeAlias = float | int | str | bool | dict[str, object] | None


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
    return value


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
    import json

    row: dict[str, object] = json.loads(rest)
    return row
