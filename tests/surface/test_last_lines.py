"""The last lines of a log are shown as a terminal would have left them."""

from __future__ import annotations

from pathlib import Path

import pytest

from localexp.report.log_tail import last_lines
from localexp.store.layout import RunLayout


@pytest.fixture
def layout(tmp_path: Path) -> RunLayout:
    (tmp_path / "artifacts/user_logs").mkdir(parents=True)
    return RunLayout(str(tmp_path))


def printed(path: str, text: str | bytes) -> None:
    Path(path).write_bytes(text.encode() if isinstance(text, str) else text)


def test_without_a_log_there_are_none(layout: RunLayout) -> None:
    assert last_lines(layout, 3) == []
    printed(layout.log, "")
    assert last_lines(layout, 3) == []


def test_they_are_so_many_at_most(layout: RunLayout) -> None:
    printed(layout.log, "a\nb\n\nd\n")
    assert last_lines(layout, 3) == ["b", "", "d"]
    printed(layout.log, "a\nb\nunfinished")
    assert last_lines(layout, 3) == ["a", "b", "unfinished"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("10%\r20%\r", "20%"),
        ("10%\r100%\r\n", "100%"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://a\x1b\\link", "link"),
        ("bell\x07 and \x9b8", "bell and 8"),
        ("tab\tbed", "tab\tbed"),
        (b"caf\xe9", "caf\ufffd"),
        ("x" * 1000, "x" * 300 + "\u2026"),
    ],
)
def test_what_only_a_terminal_understands_is_left_out(layout: RunLayout, text: str | bytes, line: str) -> None:
    printed(layout.log, text)

    assert last_lines(layout, 3) == [line]


def test_of_a_long_log_the_end_is_read_with_whole_lines(layout: RunLayout) -> None:
    printed(layout.log, "".join(f"line {number}\n" for number in range(100_000)))
    lines = last_lines(layout, 10_000)

    assert lines == [f"line {number}" for number in range(100_000 - len(lines), 100_000)]
    assert 1000 < len(lines) < 2000
    printed(layout.log, "y" * 100_000)
    assert last_lines(layout, 3) == ["y" * 300 + "\u2026"]


def test_of_several_ranks_the_first_is_read_and_what_has_become_of_all(layout: RunLayout) -> None:
    printed(layout.rank_log(0), "of the first\n")
    printed(layout.rank_log(1), "of the second\n")
    printed(layout.log, "rank 1 ended with 3\n")

    assert last_lines(layout, 5) == ["of the first", "rank 1 ended with 3"]
