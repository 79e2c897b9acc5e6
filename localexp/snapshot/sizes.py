"""Sizes, counts and lists for people."""

from __future__ import annotations

_MOST_LISTED = 10
_UNITS = ("KiB", "MiB", "GiB", "TiB")


def human(size: int) -> str:
    """A number of bytes with three digits or so: ``17 B``, ``1.4 KiB``."""
    if size < 1024:
        return f"{size} B"
    number, unit = size / 1024, 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if number < 100 else f"{number:.0f} {_UNITS[unit]}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``2 files``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"


def named(texts: list[str], most: int) -> str:
    """A list within a sentence: the first so many, and how many more there are."""
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def first_of(texts: list[str]) -> tuple[str, ...]:
    """Lines of a list below an error: the first ten, and how many more there are."""
    lines = [f"  {text}" for text in texts[:_MOST_LISTED]]
    if len(texts) > _MOST_LISTED:
        lines.append(f"  and {len(texts) - _MOST_LISTED:,} more")
    return tuple(lines)
