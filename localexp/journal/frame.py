"""The bytes of a journal.

A journal is a sequence of frames: length and CRC-32 of the body as two 32-bit integers, then the body. All
numbers are little-endian. The first byte of a body is its kind:

- ``HEADER``: the format and the length of the run's id in 16 bits each, the id, then the owner that writes.
- ``FLOAT``: time, step, value as two 64-bit integers and a double, then the name of the metric in UTF-8.
- ``CELL``: time, step, one byte for the kind of metric, the length of the name in 32 bits, the name, then a tagged
  value: ``z`` for None, ``q`` and a 64-bit integer, ``d`` and a double, ``s`` and text, ``c`` and a cell.
- ``WORDS``: time, then JSON of anything else that is said.
- ``CLOSE``: nothing follows.

A missing step is the smallest 64-bit integer. Only the last frame of a journal can be torn, because a writer whose
write fell short goes on in another file.
"""

from __future__ import annotations

from binascii import crc32
from struct import Struct

from localexp.store.values import cells_of_many, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.points import Point
    from localexp.store.values import Cell

FORMAT = 1

HEADER, FLOAT, CELL, WORDS, CLOSE = range(1, 6)
KINDS = (
    "scalar",
    "list",
    "row",
    "table",
    "image",
    "confusion_matrix",
    "accuracy_table",
    "residuals",
    "predictions",
)

NO_STEP = -(2**63)
LARGEST_FRAME = 2**28

_frame = Struct("<II")
_float = Struct("<Bqqd")
_cell = Struct("<BqqBI")
_words = Struct("<Bq")
_header = Struct("<BHH")
_integer = Struct("<cq")
_double = Struct("<cd")

pack_float = _float.pack
pack_frame_head = _frame.pack


def framed(body: bytes) -> bytes:
    """A body with its length and checksum in front."""
    return pack_frame_head(len(body), crc32(body)) + body


def header_body(owner: str, run_id: str) -> bytes:
    run = run_id.encode()
    return _header.pack(HEADER, FORMAT, len(run)) + run + owner.encode()


def close_body() -> bytes:
    return bytes([CLOSE])


def words_body(time: int, words: dict[str, object]) -> bytes:
    # Not at the top, for a script that only logs numbers has no use for it.
    import json

    return _words.pack(WORDS, time) + json.dumps(words).encode()


def cell_body(time: int, step: int, kind: str, name: bytes, cell: Cell) -> bytes:
    return _cell.pack(CELL, time, step, KINDS.index(kind), len(name)) + name + _tagged(cell)


def _tagged(cell: Cell) -> bytes:
    if cell is None:
        return b"z"
    if isinstance(cell, int):
        return _integer.pack(b"q", cell)
    if isinstance(cell, float):
        return _double.pack(b"d", cell)
    if isinstance(cell, str):
        return b"s" + readable(cell).encode()
    return b"c" + cell


def _untagged(tagged: bytes) -> Cell:
    tag, rest = tagged[:1], tagged[1:]
    if tag == b"z":
        return None
    if tag == b"q":
        return int(_integer.unpack(tagged)[1])
    if tag == b"d":
        return float(_double.unpack(tagged)[1])
    return rest.decode() if tag == b"s" else rest


def _loaded(text: bytes) -> dict[str, object]:
    import json

    words: dict[str, object] = json.loads(text)
    return words


class Batch:
    """The whole frames found in a stretch of a journal.

    ``points`` has a list of (time, position, step, value) for each (name, kind) of metric, ``words`` a list of
    (time, position, words); a position is the offset of a frame in its file. ``end`` is the offset after the last
    whole frame. ``is_damaged`` says that what stands there cannot have been written by us or was changed since.
    """

    def __init__(self, start: int) -> None:
        self.points: dict[tuple[bytes, int], list[Point]] = {}
        self.words: list[tuple[int, int, dict[str, object]]] = []
        self.owner: str | None = None
        self.format = FORMAT
        self.is_closed = False
        self.is_damaged = False
        self.end = start

    def _add_other(self, body: bytes, position: int) -> None:
        kind = body[0]
        if kind == CELL:
            _, time, step, metric_kind, length = _cell.unpack_from(body)
            name = body[_cell.size : _cell.size + length]
            cell = _untagged(body[_cell.size + length :])
            cells = [cell] if (several := cells_of_many(cell)) is None else several
            # Each has at least a byte of the frame, so that none has the position of another frame.
            points = [(time, position + n, None if step == NO_STEP else step, cell) for n, cell in enumerate(cells)]
            self.points.setdefault((name, metric_kind), []).extend(points)
        elif kind == WORDS:
            _, time = _words.unpack_from(body)
            self.words.append((time, position, _loaded(body[_words.size :])))
        elif kind == HEADER:
            _, self.format, length = _header.unpack_from(body)
            self.owner = body[_header.size + length :].decode()
        elif kind == CLOSE:
            self.is_closed = True


def size_of_first(data: bytes) -> int:
    """How many bytes the frame has that ``data`` begins with."""
    return _frame.size + int(_frame.unpack_from(data)[0])


def read(data: bytes, start: int) -> Batch:
    """Take the whole frames from ``data``, which was read at the offset ``start`` of a journal."""
    batch = Batch(start)
    points = batch.points
    at, size, whole = 0, len(data), _frame.size
    unpack_frame, unpack_float, name_starts = _frame.unpack_from, _float.unpack_from, _float.size
    while at + whole <= size:
        length, checksum = unpack_frame(data, at)
        stop = at + whole + length
        if stop > size and 0 < length <= LARGEST_FRAME:
            break
        body = data[at + whole : stop]
        if not 0 < length <= LARGEST_FRAME or crc32(body) != checksum:
            batch.is_damaged = True
            break
        if body[0] == FLOAT:
            _, time, step, value = unpack_float(body)
            point = (time, start + at, None if step == NO_STEP else step, value)
            try:
                points[(body[name_starts:], 0)].append(point)
            except KeyError:
                points[(body[name_starts:], 0)] = [point]
        else:
            batch._add_other(body, start + at)
        at = stop
    batch.end = start + at
    return batch
