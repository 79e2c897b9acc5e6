"""Damaged bytes of a tree are refused with a clear error, whatever the damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localexp.errors import SnapshotException
from localexp.snapshot import tree

_WHOLE = tree.encoded(
    [
        tree.Entry(tree.FILE, b"a", b"d" * 16, 7),
        tree.Entry(tree.EXECUTABLE, b"b", b"e" * 16, 2**40),
        tree.Entry(tree.LINK, b"c", target=b"a"),
        tree.Entry(tree.DIRECTORY, b"d", b"f" * 16),
    ]
)
_ENDS = {len(tree.encoded(tree.decoded(_WHOLE)[:count])) for count in range(5)}


def test_a_tree_is_decoded_as_it_was_encoded() -> None:
    entries = tree.decoded(_WHOLE)

    assert [(entry.kind, entry.name, entry.size, entry.target) for entry in entries] == [
        (tree.FILE, b"a", 7, b""),
        (tree.EXECUTABLE, b"b", 2**40, b""),
        (tree.LINK, b"c", 0, b"a"),
        (tree.DIRECTORY, b"d", 0, b""),
    ]
    assert tree.encoded(entries) == _WHOLE


@pytest.mark.parametrize("length", sorted(set(range(len(_WHOLE))) - _ENDS))
def test_a_tree_that_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(SnapshotException, match=r"cut short|does not begin"):
        tree.decoded(_WHOLE[:length])


@given(place=st.integers(0, len(_WHOLE) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_gives_another_tree_or_an_error(place: int, byte: int) -> None:
    changed = _WHOLE[:place] + bytes([byte]) + _WHOLE[place + 1 :]
    decodes_to_itself(changed)


@given(tail=st.binary(max_size=200))
def test_garbage_is_refused(tail: bytes) -> None:
    decodes_to_itself(tree.MAGIC + tail)


def decodes_to_itself(data: bytes) -> None:
    """Nothing but the one error may be raised, and what is accepted has one meaning."""
    try:
        entries = tree.decoded(data)
    except SnapshotException:
        return
    assert tree.encoded(entries) == data


@pytest.mark.parametrize(
    ("names", "said"),
    [([b"b", b"a"], "out of order"), ([b"a", b"a"], "twice"), ([b".."], "no file can have"), ([b""], "no file")],
)
def test_names_that_cannot_be_are_refused(names: list[bytes], said: str) -> None:
    data = b"".join(tree.encoded([tree.Entry(tree.FILE, name, b"d" * 16)])[len(tree.MAGIC) :] for name in names)

    with pytest.raises(SnapshotException, match=said):
        tree.decoded(tree.MAGIC + data)


@pytest.mark.parametrize("target", [b"", b"a\0b"])
def test_links_that_lead_nowhere_at_all_are_refused(target: bytes) -> None:
    with pytest.raises(SnapshotException, match="no link can"):
        tree.decoded(tree.encoded([tree.Entry(tree.LINK, b"a", target=target)]))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SnapshotException, match="unknown kind b'q'"):
        tree.decoded(tree.MAGIC + b"q\x01\x00a")
