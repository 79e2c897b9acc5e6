"""Texts that a terminal only shows."""

from __future__ import annotations


def printable(text: str) -> str:
    """A text without control characters: each is spelt out."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
