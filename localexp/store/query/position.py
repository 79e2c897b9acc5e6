"""Where a page ends, and the token that has the next one begin there.

Runs are ordered by (rank, value, key): those with numbers come first, then those with texts, then those with neither.
"""

from __future__ import annotations

from localexp.errors import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    OrderValue: TypeAlias = int | float | str | None

NUMBERS, TEXTS, REST = 0, 1, 2
_KINDS: dict[str, type] = {"i": int, "f": float, "t": str, "n": type(None)}


def rank_of(value: OrderValue) -> int:
    if value is None:
        return REST
    return TEXTS if isinstance(value, str) else NUMBERS


class Position:
    """Of one run in an order."""

    __slots__ = ("key", "value")

    def __init__(self, value: OrderValue, key: int) -> None:
        self.value = value
        self.key = key

    @property
    def rank(self) -> int:
        return rank_of(self.value)

    def is_before(self, other: Position, is_descending: bool) -> bool:
        """Whether a list has this one before the other: of two with one value, the newer."""
        if self.rank != other.rank:
            return self.rank < other.rank
        if self.value == other.value or self.value is None or other.value is None:
            return self.key > other.key
        return bool(self.value > other.value if is_descending else self.value < other.value)  # type: ignore[operator]


def digest_of(*parts: object) -> str:
    """What two searches have in common if a page of one is followed by a page of the other."""
    import hashlib

    return hashlib.blake2s(repr(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def token_of(position: Position, digest: str) -> str:
    import base64
    import json

    value = position.value
    kind = next(name for name, kind in _KINDS.items() if type(value) is kind)
    text = value.hex() if isinstance(value, float) else value
    packed = json.dumps([digest, kind, text, position.key], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def position_of(token: object, digest: str) -> Position:
    """The position that a token stands for.

    :raises UserErrorException: it is none, or one of another search.
    """
    try:
        said, position = _unpacked(token)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise UserErrorException(f"after is what .next of a page was, not {token!r:.100}") from None
    if said != digest:
        raise UserErrorException(
            "after is of a page of another search: a next page needs the filter, the order and the scope of the one "
            "before; leave after out to begin anew"
        )
    return position


def _unpacked(token: object) -> tuple[str, Position]:
    import base64
    import json

    if not isinstance(token, str):
        raise TypeError(token)
    said: tuple[Any, ...] = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), "-_", validate=True))
    digest, kind, text, key = said
    value: OrderValue = float.fromhex(text) if kind == "f" else text
    if isinstance(value, str):
        # One that SQLite cannot be given is none of ours.
        value.encode()
    if type(value) is not _KINDS.get(kind) or type(key) is not int or not isinstance(digest, str):
        raise TypeError(token)
    if not (-(2**63) <= key < 2**63 and (not isinstance(value, int) or -(2**63) <= value < 2**63)):
        raise ValueError(token)
    return digest, Position(value, key)
