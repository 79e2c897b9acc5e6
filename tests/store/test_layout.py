"""Names of folders: readable, different for different ids, and fit for every file system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localexp.store.layout import folder_name

IDS = st.text(min_size=1, max_size=300)


@pytest.mark.parametrize(
    ("identifier", "folder"),
    [
        ("digits", "digits"),
        ("digits_1795514420_8a5a25b0", "digits_1795514420_8a5a25b0"),
        ("MyRun", "~my~run"),
        ("con", "con~~"),
        ("a/b", "a%2fb"),
        ("..", "%2e%2e"),
        ("ü", "%c3%bc"),
        ("", "~~"),
    ],
)
def test_a_folder_is_named_after_its_id(identifier: str, folder: str) -> None:
    assert folder_name(identifier) == folder


@given(IDS)
def test_a_folder_name_fits_every_file_system(identifier: str) -> None:
    name = folder_name(identifier)

    assert 0 < len(name) <= 120
    assert name == name.lower()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-~%")


@given(IDS, IDS)
def test_different_ids_have_different_folders(left: str, right: str) -> None:
    assert (folder_name(left) == folder_name(right)) == (left == right)


@given(st.text(alphabet="aA~%_", min_size=1, max_size=6), st.text(alphabet="aA~%_", min_size=1, max_size=6))
def test_escapes_cannot_be_imitated(left: str, right: str) -> None:
    assert (folder_name(left) == folder_name(right)) == (left == right)
