"""What may be the name of a file of a run, and where it leads."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localexp.errors import UserErrorException
from localexp.store.artifacts import checked_new_name, is_refused_by_windows, name_of
from localexp.store.layout import RunLayout

PARTS = st.one_of(
    st.sampled_from(["", ".", "..", "...", "a", "b.txt", "c:", "\\", "..\\..", "~", "\0", " ", "\n", "\x7f", "%2e%2e"]),
    st.text(max_size=5),
)
NAMES = st.one_of(st.lists(PARTS, max_size=5).map("/".join), st.text(max_size=20))


def is_allowed(name: str) -> bool:
    """Judged in another way than by the code: by where the paths of two systems lead."""
    import ntpath
    import posixpath

    plain = name
    while plain[:2] == "./":
        plain = plain[2:]
    leads = posixpath.normpath(plain)
    return (
        leads == plain
        and not posixpath.isabs(plain)
        and leads not in (".", "..")
        and not leads.startswith("../")
        and "\\" not in plain
        and not ntpath.splitdrive(plain)[0]
        and ":" not in plain.partition("/")[0]
        and all(unicodedata.category(c) != "Cs" and not (ord(c) < 32 or ord(c) == 127) for c in plain)
    )


@given(NAMES)
@example("a//b")
@example("//a/b")
@example("./../a")
def test_a_name_is_refused_exactly_if_it_could_lead_elsewhere_or_be_another(name: str) -> None:
    if not is_allowed(name):
        with pytest.raises(UserErrorException):
            checked_new_name(name)
        return

    layout = RunLayout(os.path.join(os.sep, "run"))
    path = layout.artifact(checked_new_name(name))

    assert os.path.normpath(path) == path
    assert path.startswith(layout.artifacts + os.sep)


@given(NAMES)
@example("x" * 300)
@example("a/../../b")
@example("é" * 300 + ".png")
def test_any_text_makes_a_name_that_file_systems_can_hold(text: str) -> None:
    name = name_of(text)

    assert checked_new_name(name) == name
    assert all(len(part.encode()) <= 240 for part in name.split("/"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("loss", "loss"),
        ("val/loss.png", "val/loss.png"),
        ("val:loss", "val%3aloss"),
        ("/tmp/plots/a.png", "tmp/plots/a.png"),
        ("../a", "a"),
        ("", "_"),
        ("..", "_"),
        ("a\\b\n", "a%5cb%0a"),
    ],
)
def test_a_name_stays_as_like_the_text_as_can_be(text: str, name: str) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize("part", ["con", "NUL", "aux.txt", "com1", "a.", "a ", "a:b", "what?", "a|b", "Con .txt"])
def test_what_windows_cannot_hold_is_known(part: str) -> None:
    assert is_refused_by_windows(part)


@pytest.mark.parametrize("part", ["a", "console", "a.b", ".hidden", "a b", "é"])
def test_what_windows_can_hold_is_known(part: str) -> None:
    assert not is_refused_by_windows(part)
