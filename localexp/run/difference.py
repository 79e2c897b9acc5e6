"""What changed from one run to another."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from localexp.execution.comparing import Row
    from localexp.execution.explaining import Changes
    from localexp.metrics.comparison import Sides
    from localexp.run.run import Run
    from localexp.snapshot.diff import SnapshotDiff


class RunDiff:
    """What changed from one run to another, as ``run.diff`` gives it; false if that is nothing. As a text it is the
    summary.

    ``old`` and ``new`` are the runs. ``source`` is what changed from snapshot to snapshot, None if a run has none any
    more; ``note`` says which then. ``rows`` are what else changed, each with ``section``, ``name`` and two ``values``,
    ``metrics`` those metrics that are not the same, each with ``name``, what is known of it as ``then`` and ``now``,
    and, if only their points tell, the ``first`` difference.
    """

    def __init__(self, old: Run, new: Run, changes: Changes) -> None:
        self.old = old
        self.new = new
        self._changes = changes

    @property
    def source(self) -> SnapshotDiff | None:
        return self._changes.source

    @property
    def note(self) -> str | None:
        return self._changes.note

    @property
    def rows(self) -> list[Row]:
        return self._changes.rows

    @property
    def metrics(self) -> list[Sides]:
        return self._changes.metrics

    def __bool__(self) -> bool:
        return bool(self.rows or self.metrics or self.source or self.note)

    def __str__(self) -> str:
        from localexp.report.changes import summary_text

        return summary_text(self._changes)

    def __repr__(self) -> str:
        return f"RunDiff({self.old.id}, {self.new.id}; {'; '.join(str(self).splitlines())})"

    def _repr_html_(self) -> str:
        from localexp.report.changes import changes_html

        return changes_html(self.old.id, self.new.id, self._changes)

    def as_dict(self) -> dict[str, Any]:
        """It as plain data: ``old``, ``new``, ``summary``, ``source`` and a dict of pairs, old and new, a section."""
        from localexp.report.changes import plain

        return {"old": self.old.id, "new": self.new.id, **plain(self._changes)}


class DifferenceOfRun(RunCore):
    """The part of ``Run`` that says what changed. Azure ML has nothing like it."""

    def diff(self, other: Run) -> RunDiff:
        """What changed from this run to another one of the same workspace: source, arguments, params, tags, Python,
        packages, machine, environment, git, inputs and metrics.

        ``print`` shows the summary; ``.source.text()`` is the patch. Of facts that are not known of both runs nothing
        counts as changed. A metric whose points are the same in number, range and end is read point by point.

        :raises UserErrorException: the other one is no run, the same, or of another workspace.
        :raises SnapshotException: what is stored of a snapshot is damaged; 'localexp fsck' says what.
        """
        from localexp.execution.explaining import changes
        from localexp.run.comparison import check_same_workspace
        from localexp.run.run import Run

        if not isinstance(other, Run):
            raise UserErrorException(f"a run is compared with another run, as Run.get gives it, not {other!r}")
        assert isinstance(self, Run)
        check_same_workspace([self, other])
        if self.id == other.id:
            raise UserErrorException(f"run {self.id} is compared with itself: name two runs")
        return RunDiff(self, other, changes(self._workspace._store, self._current(), other._current()))
