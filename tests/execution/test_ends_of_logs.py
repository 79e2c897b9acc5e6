"""The last lines of a log, of which a follower begins with so many."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localexp.execution import logs
from localexp.execution.logs import LogFollower, last_lines

_texts = st.text(st.sampled_from("ab\n"), max_size=60)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of a few bytes are read in several pieces too."""
    monkeypatch.setattr(logs, "_PIECE", 7)


@given(_texts, st.integers(0, 20), _texts)
def test_a_follower_begins_with_so_many_lines_and_goes_on_with_all(
    tmp_path: Path, text: str, count: int, added: str
) -> None:
    path, stream = tmp_path / "log", io.StringIO()
    path.write_text(text)

    follower = LogFollower(str(path), stream, tail=count)
    path.write_text(text + added)
    follower.finish()

    lines = text.splitlines(keepends=True)
    assert stream.getvalue() == "".join(lines[max(0, len(lines) - count) :]) + added


def test_a_follower_of_a_log_that_is_yet_to_come_shows_all_of_it(tmp_path: Path) -> None:
    path, stream = tmp_path / "log", io.StringIO()

    follower = LogFollower(str(path), stream, tail=1)
    path.write_text("a\nb\n")
    follower.finish()

    assert stream.getvalue() == "a\nb\n"


def test_last_lines_are_those_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"

    assert last_lines(str(path), 3) == []
    path.write_text("")
    assert last_lines(str(path), 3) == []
    path.write_bytes(b"a\nb\n\xff\n")
    assert last_lines(str(path), 2) == ["b", "\ufffd"]
    path.write_text("a" * 100)
    assert last_lines(str(path), 2) == ["a" * 7]
