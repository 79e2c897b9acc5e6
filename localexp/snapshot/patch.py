"""One change between two snapshots as lines of a unified diff, in the format of git."""

from __future__ import annotations

import os

from localexp.snapshot import landmarks, stored, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localexp.snapshot.diff import Change
    from localexp.store.store import Store

    _Operation = tuple[str, int, int, int, int]

_LARGEST_TEXT = 2**20
_LOOKED_AT = 8000
# The work of comparing grows with the product of the numbers of lines: at worst this many take some three seconds.
_MOST_COMPARED = 16_000_000
_MODES = {tree.FILE: "100644", tree.EXECUTABLE: "100755", tree.LINK: "120000"}
_ESCAPES = {ord(c): f"\\{e}" for c, e in zip('\a\b\t\n\v\f\r"\\', 'abtnvfr"\\', strict=True)}
_NOWHERE = "/dev/null"


def lines(old_store: Store, new_store: Store, change: Change, context: int) -> Iterator[str]:
    """The lines of a change, each with its end."""
    if change.path.endswith(b"/"):
        yield f"Only in {'a' if change.new is None else 'b'}: {_quoted('', change.path)}\n"
    elif change.old is not None and change.new is not None and _format(change.old) != _format(change.new):
        # A file that has become a link, or a link a file: git says that one goes and another comes.
        for old, new in ((change.old, None), (None, change.new)):
            yield from _of_one_kind(old_store, new_store, change.path, change.path, old, new, context)
    else:
        before = change.renamed_from or change.path
        yield from _of_one_kind(old_store, new_store, before, change.path, change.old, change.new, context)


def _of_one_kind(
    old_store: Store,
    new_store: Store,
    old_path: bytes,
    new_path: bytes,
    old: tree.Entry | None,
    new: tree.Entry | None,
    context: int,
) -> Iterator[str]:
    old_name, new_name = _quoted("a/", old_path), _quoted("b/", new_path)
    yield f"diff --git {old_name} {new_name}\n"
    if old is None:
        assert new is not None
        yield f"new file mode {_MODES[new.kind]}\n"
    elif new is None:
        yield f"deleted file mode {_MODES[old.kind]}\n"
    elif old.kind != new.kind:
        yield f"old mode {_MODES[old.kind]}\nnew mode {_MODES[new.kind]}\n"
    if old_path != new_path:
        yield f"similarity index 100%\nrename from {_quoted('', old_path)}\nrename to {_quoted('', new_path)}\n"
    if _identity(old) == _identity(new):
        return
    before, after = _text_of(old_store, old), _text_of(new_store, new)
    names = _NOWHERE if old is None else old_name, _NOWHERE if new is None else new_name
    if before is None or after is None:
        is_large = max(entry.size for entry in (old, new) if entry is not None) > _LARGEST_TEXT
        yield f"Binary files {names[0]} and {names[1]} differ{' (larger than 1 MiB)' if is_large else ''}\n"
    elif hunks := list(_hunks(before, after, context)):
        yield f"--- {_ended(names[0])}\n+++ {_ended(names[1])}\n"
        yield from hunks


def _format(entry: tree.Entry) -> str:
    return _MODES[entry.kind][:3]


def _identity(entry: tree.Entry | None) -> tuple[bytes, int, bytes] | None:
    return None if entry is None else (entry.digest, entry.size, entry.target)


def _text_of(store: Store, entry: tree.Entry | None) -> list[str] | None:
    """The lines of a file or of what a link holds, each with its end; None if it is binary or too large."""
    if entry is None:
        return []
    if entry.size > _LARGEST_TEXT:
        return None
    if entry.kind == tree.LINK:
        data = entry.target
    else:
        with stored.opened(store, entry) as file:
            data = file.read()
    if b"\0" in data[:_LOOKED_AT]:
        return None
    *ended, rest = data.decode("utf-8", "surrogateescape").split("\n")
    return [line + "\n" for line in ended] + ([rest] if rest else [])


def _hunks(old: list[str], new: list[str], context: int) -> Iterator[str]:
    parts = [(0, len(old), 0, len(new))]
    if len(old) * len(new) > _MOST_COMPARED:
        parts = list(landmarks.parts(old, new, context))
    for old_start, old_end, new_start, new_end in parts:
        yield from _hunks_of_part(old[old_start:old_end], new[new_start:new_end], old_start, new_start, context)


def _hunks_of_part(old: list[str], new: list[str], old_at: int, new_at: int, context: int) -> Iterator[str]:
    start, end = _same_around(old, new)
    lead, tail = min(start, context), min(end, context)
    skipped = start - lead
    old, new = old[skipped : len(old) - end + tail], new[skipped : len(new) - end + tail]
    for group in _groups(old, new, lead, tail, context):
        yield from _hunk(group, old, new, old_at + skipped, new_at + skipped)


def _same_around(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many lines are the same in the beginning, and how many of the others in the end."""
    most = min(len(old), len(new))
    start = next((place for place in range(most) if old[place] != new[place]), most)
    most -= start
    end = next((place for place in range(most) if old[-1 - place] != new[-1 - place]), most)
    return start, end


def _groups(old: list[str], new: list[str], lead: int, tail: int, context: int) -> Iterable[list[_Operation]]:
    if len(old) * len(new) > _MOST_COMPARED:
        old_end, new_end = len(old) - tail, len(new) - tail
        return [
            [
                ("equal", 0, lead, 0, lead),
                ("replace", lead, old_end, lead, new_end),
                ("equal", old_end, len(old), new_end, len(new)),
            ]
        ]
    from difflib import SequenceMatcher

    return SequenceMatcher(None, old, new).get_grouped_opcodes(context)


def _hunk(group: list[_Operation], old: list[str], new: list[str], old_at: int, new_at: int) -> Iterator[str]:
    first, last = group[0], group[-1]
    old_range = _range(first[1] + old_at, last[2] + old_at)
    new_range = _range(first[3] + new_at, last[4] + new_at)
    yield f"@@ -{old_range} +{new_range} @@\n"
    for kind, old_start, old_end, new_start, new_end in group:
        if kind == "equal":
            yield from (_line(" ", line) for line in old[old_start:old_end])
        else:
            yield from (_line("-", line) for line in old[old_start:old_end])
            yield from (_line("+", line) for line in new[new_start:new_end])


def _range(start: int, end: int) -> str:
    """Lines as a hunk's head counts them: from 1, and an empty range by the line before it."""
    count = end - start
    return f"{start + 1}" if count == 1 else f"{start + (count > 0)},{count}"


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _quoted(prefix: str, path: bytes) -> str:
    """A path as git writes it: in quotes if a character of it would confuse a reader of lines, or is no UTF-8."""
    text = prefix + os.fsdecode(path)
    # git itself does not quote names with blanks at their ends, and cannot read them then.
    has_loose_blanks = any(name != name.strip() for name in text.split("/"))
    if all(c.isprintable() and c not in '"\\' for c in text) and not has_loose_blanks:
        return text
    return '"' + "".join(_ESCAPES.get(byte) or _escaped(byte) for byte in os.fsencode(text)) + '"'


def _escaped(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _ended(name: str) -> str:
    # Some readers take what comes after a blank for a time, unless a tab comes first.
    return f"{name}\t" if " " in name and not name.startswith('"') else name
