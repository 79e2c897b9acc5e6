"""Directories to take snapshots of, on the disk and made up, and what came out of them."""

from __future__ import annotations

import os
import stat

from hypothesis import strategies as st

from localexp import Snapshot, Workspace
from localexp.snapshot import take, tree
from localexp.store import blobs, snapshots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    # What a name stands for: a file's content and executable bit, where a link leads, or a directory.
    Content: TypeAlias = "tuple[bytes, bool] | bytes | dict[bytes, Content]"

_NASTY_NAMES = [
    b"with space",
    b"new\nline",
    b"caf\xe9",
    b"-rf",
    b"tab\t",
    b'quo"te',
    b"\xff\xfe",
    b"a",
    b"a-b",
    b"x" * 255,
]
_SAFE = b'abcdefghijklmnopqrstuvwxyz.-_ \n\t"\\\xc3\xa9\xff'
names = st.sampled_from(_NASTY_NAMES) | st.lists(st.sampled_from(_SAFE), min_size=1, max_size=6).map(bytes).filter(
    lambda name: name not in (b".", b"..")
)
texts = st.sampled_from(
    [b"", b"one\n", b"one\ntwo\n", b"one\ntwo", b"\xe9\r\nx\n", b"x\n" * 40, b"x\n" * 20 + b"y\n" + b"x\n" * 20]
)
_files = st.tuples(texts | st.binary(max_size=50), st.booleans())
_text_files = st.tuples(texts, st.booleans())
_links = st.sampled_from([b"a", b"../..", b"/etc/passwd", b"no\nwhere\xff"])


def _directories(files: st.SearchStrategy[tuple[bytes, bool]]) -> st.SearchStrategy[dict[bytes, Content]]:
    inner: st.SearchStrategy[Content] = st.recursive(
        files | _links, lambda below: st.dictionaries(names, below, max_size=4), max_leaves=12
    )
    return st.dictionaries(names, inner, max_size=6)


directories = _directories(_files)
text_directories = _directories(_text_files)


# Around the size beyond which a content is a file of the store.
sized_directories = _directories(
    _files | st.tuples(st.sampled_from([65_535, 65_536, 65_537, 300_000]).map(lambda size: b"x" * size), st.booleans())
)


def write(folder: bytes, content: dict[bytes, Content]) -> None:
    """Make a directory with this content."""
    os.makedirs(folder)
    for name, one in content.items():
        write_one(os.path.join(folder, name), one)


def write_one(path: bytes, content: Content) -> None:
    if isinstance(content, dict):
        write(path, content)
    elif isinstance(content, bytes):
        os.symlink(content, path)
    else:
        with open(path, "xb") as file:
            file.write(content[0])
        os.chmod(path, 0o755 if content[1] else 0o644)


def read(folder: str | bytes | Path) -> dict[bytes, Content]:
    """What is in a directory."""
    found: dict[bytes, Content] = {}
    for entry in os.scandir(os.fsencode(folder)):
        if entry.is_symlink():
            found[entry.name] = os.readlink(entry.path)
        elif entry.is_dir():
            found[entry.name] = read(entry.path)
        else:
            with open(entry.path, "rb") as file:
                found[entry.name] = (file.read(), bool(entry.stat().st_mode & stat.S_IXUSR))
    return found


def taken(workspace: Workspace, folder: str | bytes | Path) -> Snapshot:
    """A snapshot of a directory, recorded."""
    store = workspace._store
    with take.taken(store, os.fsdecode(os.fspath(folder))) as snapshot, store.main.writing() as db:
        snapshot.record(db)
    return Snapshot._of(workspace._store, snapshot.id)


def made_up(workspace: Workspace, *trees: bytes) -> Snapshot:
    """A snapshot of which these are the trees, the root's the last; nothing checks them."""
    named = [(tree.digest_of(data), data) for data in trees]
    with workspace._store.blobs.writing() as db:
        blobs.add_trees(db, named, 1)
    root = named[-1][0].hex()
    with workspace._store.main.writing() as db:
        snapshots.add(db, root, 0, 0, 1)
    return Snapshot._of(workspace._store, root)


# Puts one text in the place of another wherever that lies in the store.
REPLACE = "UPDATE packs SET data = CAST(replace(CAST(data AS TEXT), ?, ?) AS BLOB)"


def file_entry(workspace: Workspace, name: bytes, content: bytes) -> tree.Entry:
    """An entry of a tree, whose content is stored."""
    digest = tree.digest_of(content)
    with workspace._store.blobs.writing() as db:
        blobs.add(db, {tree.blob_name(digest, len(content)): content}, 1)
    return tree.Entry(tree.FILE, name, digest, len(content))
