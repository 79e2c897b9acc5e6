"""Artifacts: what is recorded of the files of a run, and what may be a name of one."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.store.layout import RESERVED_ON_WINDOWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_REFUSED_ON_WINDOWS = frozenset('<>:"|?*')


def checked_name(name: str) -> str:
    """A name under which a file of a run may lie: parts between single slashes that lead nowhere else.

    :raises UserErrorException: it is none.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or any(c in name for c in "\0\\") or ":" in parts[0]:
        raise UserErrorException(f"{name!r} cannot name a file of a run; use a relative path with single slashes")
    return name


def checked_new_name(name: object) -> str:
    """A name that somebody chooses for a file, without the ``./`` that may stand in front.

    Stricter than ``checked_name``, for what a script leaves in its folders is kept whatever its name.

    :raises UserErrorException: it cannot be one.
    """
    if not isinstance(name, str):
        raise UserErrorException(f"the name of a file of a run is a text, not {name!r}")
    plain = checked_name(without_here(name))
    unprintable = [c for c in plain if c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff"]
    if unprintable:
        raise UserErrorException(f"{name!r} cannot name a file of a run: it holds {unprintable[0]!r}; leave that out")
    if os.name == "nt" and any(is_refused_by_windows(part) for part in plain.split("/")):
        raise UserErrorException(f"{name!r} cannot name a file of a run: Windows has no such names; choose another")
    return plain


def without_here(name: str) -> str:
    """A relative path without the ``./`` in front."""
    while name.startswith("./"):
        name = name[2:]
    return name


def is_refused_by_windows(part: str) -> bool:
    """Whether a part of a name means a device there, or loses its last character, or is impossible."""
    stem = part.partition(".")[0].rstrip(" ").lower()
    return stem in RESERVED_ON_WINDOWS or part[-1:] in (" ", ".") or not _REFUSED_ON_WINDOWS.isdisjoint(part)


def name_of(text: str) -> str:
    """A name for a file that is to be called like any text, as that of a metric or a path; ``/`` makes folders.

    What a name cannot hold is written as ``%3a``; parts that lead nowhere or upwards go.
    """
    parts = [part for part in text.split("/") if part not in ("", ".", "..")]
    return "/".join(_shortened("".join(_plain(c) for c in part)) for part in parts) or "_"


def from_here(path: str, here: str | None) -> str:
    """A path as it is from a directory; one outside of that, or without one, its last part."""
    if here is None:
        return os.path.basename(path)
    try:
        way = os.path.relpath(path, here)
    except ValueError:
        # On another drive.
        return os.path.basename(path)
    return os.path.basename(path) if way.split(os.sep)[0] == os.pardir else way


def _plain(character: str) -> str:
    if character < " " or character in "\x7f\\" or character in _REFUSED_ON_WINDOWS:
        return f"%{ord(character):02x}"
    return "%3f" if "\ud800" <= character <= "\udfff" else character


def _shortened(part: str) -> str:
    if len(part.encode()) <= _LONGEST_PART:
        return part
    from hashlib import blake2b

    stem, ending = os.path.splitext(part)
    ending = ending if len(ending) <= _LONGEST_ENDING else ""
    digest = blake2b(part.encode(), digest_size=8).hexdigest()
    return stem.encode()[: _LONGEST_PART // 2].decode(errors="ignore") + f"~{digest}{ending}"


# File systems hold 255 bytes; a number may still be added.
_LONGEST_PART, _LONGEST_ENDING = 200, 10


def reference(run_id: str, name: str) -> str:
    """How a file of a run is referred to, in Azure ML's form."""
    return f"aml://artifactId/ExperimentRun/dcid.{run_id}/{name}"


def add(db: sqlite3.Connection, run: int, name: str, size: int, digest: str, time: int) -> None:
    """Record a file; the newest word about a name stands."""
    db.execute(
        "INSERT INTO _artifacts (run, name, size, hash, time) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (run, name) DO UPDATE SET size = excluded.size, hash = excluded.hash, time = excluded.time "
        "WHERE excluded.time >= time",
        (run, name, size, digest, time),
    )


def first_of_run(db: sqlite3.Connection, run: int, most: int) -> list[tuple[str, int]]:
    """(name, size in bytes) of the first so many, by name."""
    return db.execute("SELECT name, size FROM _artifacts WHERE run = ? ORDER BY name LIMIT ?", (run, most)).fetchall()


def totals_of_run(db: sqlite3.Connection, run: int) -> tuple[int, int]:
    """How many there are, and their bytes."""
    row = db.execute("SELECT count(*), coalesce(sum(size), 0) FROM _artifacts WHERE run = ?", (run,)).fetchone()
    return row[0], row[1]


def of_run(db: sqlite3.Connection, run: int) -> dict[str, tuple[int, str]]:
    """(size in bytes, hash) by name."""
    rows = db.execute("SELECT name, size, hash FROM _artifacts WHERE run = ? ORDER BY name", (run,))
    return {name: (size, digest) for name, size, digest in rows}


def every(db: sqlite3.Connection) -> Iterator[tuple[str, str, str, int, str]]:
    """(experiment, run id, name, size in bytes, hash) of the files of all runs, run by run."""
    yield from db.execute(
        "SELECT _experiments.name, _runs.id, _artifacts.name, _artifacts.size, _artifacts.hash FROM _artifacts "
        "CROSS JOIN _runs ON _runs.key = _artifacts.run CROSS JOIN _experiments ON _experiments.key = _runs.experiment "
        "ORDER BY _artifacts.run, _artifacts.name"
    )


def total_bytes(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(sum(size), 0) FROM _artifacts").fetchone()[0])
