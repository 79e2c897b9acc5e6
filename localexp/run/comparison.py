"""Runs side by side."""

from __future__ import annotations

import os
from collections.abc import Iterable

from localexp.errors import UserErrorException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from localexp.execution.comparing import Row
    from localexp.run.run import Run


class Comparison:
    """Runs side by side, as ``compare_runs`` gives it.

    ``runs`` are the runs, ``rows`` what is known of them: each has ``section``, ``name``, ``values``, one a run, and
    ``differs``. Sections are run, arguments, params, tags, python, packages, machine, environment, git, inputs,
    snapshot, metrics (their last values) and ranges (min, max and number of values of each metric). What a run has not
    is None, a tag without a value is an empty text, ``seconds`` is how long a run took, or has taken by now.
    """

    def __init__(self, runs: Sequence[Run], rows: Sequence[Row]) -> None:
        self.runs = list(runs)
        self.rows = list(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __str__(self) -> str:
        from localexp.report.side_by_side import plain_table

        if not self.rows:
            return f"nothing that is known of {', '.join(self._ids())} differs"
        return plain_table(self._ids(), self.rows)

    def __repr__(self) -> str:
        return f"Comparison({', '.join(self._ids())}; rows={len(self.rows)})"

    def _repr_html_(self) -> str:
        from localexp.report.side_by_side import comparison_html

        return comparison_html(self._ids(), self.rows)

    def as_dict(self) -> dict[str, Any]:
        """It as plain data: ``runs`` is a list of ids, and each section a dict of lists of values in that order."""
        found: dict[str, Any] = {"runs": self._ids()}
        for row in self.rows:
            found.setdefault(row.section, {})[row.name] = row.values
        return found

    def to_frame(self) -> Any:
        """It as a pandas DataFrame, one row a section and name, one column a run.

        :raises MissingExtraError: pandas is not installed; it comes with ``localexp[frames]``.
        """
        from localexp.report.frames import comparison_frame

        return comparison_frame(self._ids(), self.rows)

    def _ids(self) -> list[str]:
        return [run.id for run in self.runs]


def compare_runs(*runs: Run | Sequence[Run], differences_only: bool = True) -> Comparison:
    """What is known of runs, side by side: arguments, params, tags, environment, inputs, metrics and more.

    Of what a run knows nothing, as of the packages of one that was made elsewhere, nothing counts as different. NaN
    equals NaN, and 1 equals 1.0. Arguments as a whole are left out of the differences where params say it all, and
    the range of a metric where its last values differ. An active run is shown as it stands. Azure ML has nothing
    like it.

    :param runs: runs of one workspace, or one list of them.
    :param differences_only: leave out what is the same in all of them.
    :raises UserErrorException: there is no run, one is given twice, or they are of several workspaces.
    """
    from localexp.config.texts import check_flags
    from localexp.execution.comparing import compared

    check_flags(differences_only=differences_only)
    given = _listed(runs)
    store = given[0]._workspace._store
    # Of one run nothing differs.
    wants_all = not differences_only or len(given) == 1
    rows = compared(store, [run._current() for run in given])
    return Comparison(given, [row for row in rows if wants_all or row.differs])


def check_same_workspace(runs: Sequence[Run]) -> None:
    """:raises UserErrorException: the runs are of several workspaces."""
    folders = list(dict.fromkeys(os.path.realpath(run._workspace._store.layout.root) for run in runs))
    if len(folders) > 1:
        raise UserErrorException(
            f"the runs are of several workspaces, {' and '.join(folders)}: only runs of one can be compared"
        )


def _listed(given: tuple[object, ...]) -> list[Run]:
    found = [_checked(one) for one in _spread(given)]
    if not found:
        raise UserErrorException("there is no run to compare: give two or more, as compare_runs(a, b)")
    ids = [run.id for run in found]
    twice = next((run_id for run_id in ids if ids.count(run_id) > 1), None)
    if twice is not None:
        raise UserErrorException(f"run {twice} is given twice: name each run once")
    check_same_workspace(found)
    return found


def _spread(given: tuple[object, ...]) -> Iterable[object]:
    """What is in a single list, tuple or page of runs; or what was given."""
    only = given[0] if len(given) == 1 else None
    return only if isinstance(only, Iterable) and not isinstance(only, (RunCore, str)) else given


def _checked(one: object) -> Run:
    from localexp.run.run import Run

    if not isinstance(one, Run):
        raise UserErrorException(f"what is compared are runs, as Run.get gives them, not {one!r}")
    return one
