"""Random ids, without what importing ``uuid`` costs."""

from __future__ import annotations

import os


def uuid() -> str:
    """A random (version 4) UUID."""
    random = bytearray(os.urandom(16))
    random[6] = random[6] & 0x0F | 0x40
    random[8] = random[8] & 0x3F | 0x80
    text = random.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def short() -> str:
    """Eight hexadecimal digits."""
    return os.urandom(4).hex()


def slug(name: str) -> str:
    """A name with what no id may hold replaced."""
    return "".join(
        character if (character.isascii() and character.isalnum()) or character in "_-" else "_" for character in name
    )
