"""Pages of the runs that a search has found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload
from warnings import warn

from localexp.errors import LocalexpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.experiment import Experiment
    from localexp.run.run import Run
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace


class RunPage(Sequence["Run"]):
    """Runs that were found, in the order that was asked for; ``next`` is for ``after``, None if these are the last."""

    def __init__(self, workspace: Workspace, records: Sequence[RunRecord], next: str | None) -> None:
        self.next = next
        self._workspace = workspace
        self._records = records
        self._experiments: dict[int, Experiment] = {}

    @overload
    def __getitem__(self, at: int) -> Run: ...

    @overload
    def __getitem__(self, at: slice) -> list[Run]: ...

    def __getitem__(self, at: int | slice) -> Run | list[Run]:
        if isinstance(at, slice):
            return [self._run(record) for record in self._records[at]]
        return self._run(self._records[at])

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        more = "; there are more" if self.next else ""
        return f"RunPage({', '.join(record.id for record in self._records)}{more})"

    def _repr_html_(self) -> str:
        from localexp.report.notebook import problem_html, runs_html

        try:
            return runs_html(self._workspace._store, self._records, has_more=self.next is not None)
        except LocalexpError as error:
            return problem_html(str(error))

    def to_frame(self) -> Any:
        """These runs as a pandas frame, one row a run, with the columns of ``experiment.to_frame()``.

        :raises MissingExtraError: pandas is not installed; ``pip install 'localexp[frames]'`` brings it.
        """
        from localexp.report.frames import runs_frame

        return runs_frame(self._workspace._store, self._records)

    def _run(self, record: RunRecord) -> Run:
        from localexp.run.core import experiment_of
        from localexp.run.rehydration import rehydrated

        if record.experiment not in self._experiments:
            self._experiments[record.experiment] = experiment_of(self._workspace, record)
        return rehydrated(self._experiments[record.experiment], record)


def found(
    workspace: Workspace,
    experiment: int | None,
    filter: str | None,
    order_by: str | None,
    limit: int,
    after: str | None,
    include_children: bool,
) -> RunPage:
    """A page of the runs of an experiment, given by its key, or of all. Warns of names that no run has."""
    from localexp.execution.searching import search

    found = search(
        workspace._store,
        experiment=experiment,
        filter=filter,
        order_by=order_by,
        limit=limit,
        after=after,
        include_children=include_children,
    )
    for message in found.warnings:
        warn(message, UserWarning, stacklevel=3)
    return RunPage(workspace, found.records, found.next)
