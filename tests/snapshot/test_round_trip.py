"""However a source directory came to hold what it holds: its snapshot is that, restored as well as leased."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import Workspace
from tests.snapshot import leases, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.snapshot.trees import Content

moments = count(1)


def become(folder: bytes, then: dict[bytes, Content], now: dict[bytes, Content]) -> None:
    """Change what differs in a directory, and touch nothing else; no two files that are written have the same time."""
    for name in then.keys() | now.keys():
        path, old, new = os.path.join(folder, name), then.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            become(path, old, new)
        elif old != new:
            if isinstance(old, dict):
                shutil.rmtree(os.fsdecode(path))
            elif old is not None:
                os.unlink(path)
            if new is not None:
                trees.write_one(path, new)
                date(path)


def date(path: bytes) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            date(os.path.join(path, name))
    os.utime(path, (next(moments), next(moments)), follow_symlinks=False)


@pytest.fixture
def known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scans of this process take place later than all edits, so that what they saw is trusted."""
    real = time.time_ns
    monkeypatch.setattr("localexp.snapshot.take.time.time_ns", lambda: real() + 10_000_000_000)


@pytest.fixture
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace that knows nothing of what the other has seen."""
    workspace = Workspace(tmp_path_factory.mktemp("another"))
    yield workspace
    workspace.close()


@settings(max_examples=15)
@given(
    first=trees.sized_directories,
    edits=st.lists(st.tuples(trees.sized_directories, st.integers(0, 5)), min_size=1, max_size=3),
)
def test_each_of_many_snapshots_of_a_directory_that_is_edited_comes_back(
    workspace: Workspace,
    another: Workspace,
    known_at_once: None,
    first: dict[bytes, Content],
    edits: list[tuple[dict[bytes, Content], int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source")
        contents, now = dict[str, "dict[bytes, Content]"](), dict[bytes, "Content"]()
        os.mkdir(source)
        for number, (edit, removed) in enumerate([(first, 0), *edits]):
            wanted = {**{name: now[name] for name in sorted(now)[removed:]}, **edit}
            become(os.fsencode(source), now, wanted)
            now = wanted

            snapshot = trees.taken(workspace, source)
            contents[snapshot.id] = now
            shutil.copytree(source, os.path.join(folder, f"copy-{number}"), symlinks=True)
            assert trees.taken(another, os.path.join(folder, f"copy-{number}")).id == snapshot.id
            lease = leases.leased(workspace, snapshot.id, source)
            assert trees.read(lease.root) == leases.in_a_tree(now, os.fsencode(source))
            leases.give_back(workspace, lease)

        for identifier, content in contents.items():
            workspace.get_snapshot(identifier).restore(os.path.join(folder, identifier))
            assert trees.read(os.path.join(folder, identifier)) == content
