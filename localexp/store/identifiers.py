"""Random ids, without what importing ``uuid`` costs."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.store import determinism

_LONGEST_RUN_ID = 128


def uuid() -> str:
    """A random (version 4) UUID."""
    return _as_uuid(os.urandom(16))


def _as_uuid(data: bytes) -> str:
    parts = bytearray(data)
    parts[6] = parts[6] & 0x0F | 0x40
    parts[8] = parts[8] & 0x3F | 0x80
    text = parts.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def of_workspace() -> str:
    """The id of a new workspace."""
    return uuid() if determinism.current is None else determinism.WORKSPACE_ID


def of_experiment(name: str, earlier: int) -> str:
    """The id of a new experiment, of whose name there are so many that are archived."""
    if determinism.current is None:
        return uuid()
    from hashlib import blake2b

    return _as_uuid(blake2b(f"{name}/{earlier}".encode(), digest_size=16).digest())


def of_offline_run() -> str:
    """What tells a run that is not recorded from others."""
    return uuid() if determinism.current is None else determinism.current.uuid()


def short() -> str:
    """Eight hexadecimal digits."""
    return os.urandom(4).hex()


def slug(name: str) -> str:
    """A name with what no id may hold replaced."""
    return "".join(
        character if (character.isascii() and character.isalnum()) or character in "_-" else "_" for character in name
    )


def checked_run_id(run_id: object) -> str | None:
    """A run id that a caller may give, or None for one that is to be made.

    :raises UserErrorException: it is not one.
    """
    if run_id is None or (isinstance(run_id, str) and 0 < len(run_id) <= _LONGEST_RUN_ID and slug(run_id) == run_id):
        return run_id
    raise UserErrorException(f"the run id {run_id!r} does not fit: use 1 to 128 letters, digits, '_' or '-'")
