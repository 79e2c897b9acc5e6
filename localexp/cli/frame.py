"""What a terminal shows of runs that are watched: lines, and a screen on which they take the place of those before."""

from __future__ import annotations

import shutil
import sys

from localexp.cli import table, ticks
from localexp.cli.run_table import value_text
from localexp.execution import logs
from localexp.report.log_tail import last_state
from localexp.report.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from localexp.execution.watching import Seen
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord

_LEAST_WIDTH_OF_VALUE = 8
_LINES_OF_LOG, _LINES_OF_HEADING = 10, 1
# What colours a script's own output, and moves the cursor.
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_CLEAR_LINE, _CLEAR_BELOW, _CLEAR_ALL = "\x1b[2K", "\x1b[J", "\x1b[2J\x1b[H"


def frame(seen: Sequence[Seen], run_id: str | None, log: str | None, width: int | None, height: int) -> list[str]:
    """At most so many lines, no wider than ``width``: a table of runs, and the end of the log of one.

    :param run_id: whose log the file ``log`` is.
    """
    room_for_log = min(_LINES_OF_LOG, max(0, height - 2 - _LINES_OF_HEADING - min(len(seen), height // 2)))
    log_lines = [] if log is None or room_for_log < 1 else _log_lines(log, room_for_log, width)
    below = ["", *_heading_of_log(run_id, width), *log_lines] if log_lines else []
    most = max(1, height - _LINES_OF_HEADING - len(below))
    return [*_table(seen, most, width), *below]


def _table(seen: Sequence[Seen], most: int, width: int | None) -> list[str]:
    """A heading, and the runs in at most so many lines."""
    shown = seen if len(seen) <= most else seen[: most - 1]
    experiments = [one.record.experiment_name for one in shown]
    names = dict.fromkeys(name for one in shown for name in one.metrics)
    columns = [
        table.Column("RUN", [one.record.id for one in shown]),
        *([table.Column("EXPERIMENT", experiments, rank=0)] if len(set(experiments)) > 1 else []),
        table.Column("STATUS", [one.record.status for one in shown], look=table.of_status),
        table.Column("ELAPSED", [_elapsed(one) for one in shown]),
        table.Column("STEP", [one.step for one in shown], rank=len(names) + 2),
        *(
            table.Column(
                name,
                [value_text(one.metrics.get(name)) for one in shown],
                least=_LEAST_WIDTH_OF_VALUE,
                rank=len(names) + 1 - place,
            )
            for place, name in enumerate(names)
        ),
    ]
    lines = table.lines(columns, width)
    if len(shown) < len(seen):
        more = f"and {len(seen) - len(shown)} more"
        lines.append(table.styled(more if width is None else table.cut(more, width), dim=True))
    return lines


def _elapsed(seen: Seen) -> str | None:
    return None if seen.seconds is None else ticks.duration(seen.seconds)


def _heading_of_log(run_id: str | None, width: int | None) -> list[str]:
    text = f"The end of the log of {run_id}:"
    return [table.styled(text if width is None else table.cut(text, width), dim=True)]


def _log_lines(path: str, count: int, width: int | None) -> list[str]:
    texts = [plain(line) for line in logs.last_lines(path, count)]
    return texts if width is None else [table.cut(text, width) for text in texts]


def plain(line: str) -> str:
    """A line of a log as it is seen when all of it is printed, but for colours: of a progress bar how it was last."""
    return printable(last_state(line).expandtabs())


def log_of(layout: RunLayout, record: RunRecord) -> str:
    """The log of what the script of a run prints; of several ranks that of the first."""
    is_distributed = record.definition_parts().get("distributed") is not None
    return layout.rank_log(0) if is_distributed else layout.log


class Screen:
    """The lines at the bottom of a terminal that standard output is; what was shown last stays when it is left."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._size = shutil.get_terminal_size()

    def __enter__(self) -> Screen:
        sys.stdout.write(_HIDE_CURSOR)
        sys.stdout.flush()
        return self

    def size(self) -> tuple[int, int]:
        """How many columns it has, and how many lines can be shown without its being scrolled."""
        columns, lines = shutil.get_terminal_size()
        return columns, max(1, lines - 1)

    def show(self, lines: Sequence[str]) -> None:
        """Show these lines in place of those before."""
        size = shutil.get_terminal_size()
        if size != self._size:
            # Nobody knows how it has wrapped what was there.
            back, self._size = _CLEAR_ALL, size
        elif self._shown == lines:
            return
        else:
            back = f"\x1b[{len(self._shown)}A" if self._shown else ""
        # Each is cleared before it is written: behind a character in the last column that would take it away.
        text = "".join(f"\r{_CLEAR_LINE}{line}\n" for line in lines)
        sys.stdout.write(f"{back}{text}{_CLEAR_BELOW}")
        sys.stdout.flush()
        self._shown = list(lines)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.write(_SHOW_CURSOR)
        sys.stdout.flush()
