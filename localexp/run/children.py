"""Runs that a run begins: its children."""

from __future__ import annotations

from itertools import islice
from operator import index

from localexp.errors import UserErrorException
from localexp.run.core import RunCore
from localexp.store.tags import checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from localexp.config import ScriptRunConfig
    from localexp.journal.writer import JournalWriter
    from localexp.run.run import Run
    from localexp.store.runs import RunRecord

_MOST_CHILDREN = 100


class ChildrenOfRun(RunCore):
    """The part of ``Run`` that begins child runs."""

    @property
    def name(self) -> str:
        """``run_<id>``; of a child run the name of its parent, ``>``, and its ``display_name``, which at first is the
        ``name`` that ``child_run`` was given.

        :raises RunNotFound: the run was deleted.
        """
        from localexp.store import runs

        own = []
        with self._workspace._store.main.reading() as db:
            # A run may have been deleted, and its ancestors with it.
            record = runs.anew(db, self._known())
            while record.parent is not None:
                own.append(record.display_name or "")
                record = runs.parent_of(db, record)
        return ">".join([f"run_{record.id}", *reversed(own)])

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: str | os.PathLike[str] | bool | None = None,
    ) -> Run:
        """Start an interactive child run: one that this very process is, in the experiment of its parent.

        It ends on its own: as a run of ``start_logging`` does, and not with its parent, which may have ended already.

        :param name: shown for the run, as its ``display_name``.
        :param run_id: up to 128 letters, digits, ``_`` and ``-``; by default a UUID.
        :param outputs: a folder, made here, whose files are kept at the end; True for ``outputs``. By default none.
            (Azure ML has every child keep ``./outputs``, which they would share.)
        :raises UserErrorException: the id does not fit or is taken, or the folder cannot be made.
        :raises RunNotFound: this run has been deleted.
        """
        from localexp.execution import interactive
        from localexp.execution.outputs import chosen
        from localexp.store.identifiers import checked_run_id

        parent = self._known()
        beginning = interactive.Beginning(
            parent.experiment_name,
            parent=parent,
            run_id=checked_run_id(run_id),
            display_name=None if name is None else str(name),
            folder=None if outputs is None or outputs == "" else chosen(outputs),
        )
        record, writer, _ = interactive.start(self._workspace._store, beginning, None)
        return self._child(record, writer)

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Iterable[str | None] | None = None,
    ) -> list[Run]:
        """Start up to 100 child runs at once, as ``child_run`` starts one: all of them, or none if that fails.

        :param count: how many; their tag ``azureml.batch_child_number`` counts them from 0.
        :param tag_key: instead of ``count``, a tag by which they differ.
        :param tag_values: its value for each.
        :raises UserErrorException: it is neither ``count`` nor both of the others, or there are more than 100.
        :raises RunNotFound: this run has been deleted.
        """
        from localexp.execution import interactive

        tags = _tags_of_children(count, tag_key, tag_values)
        started = interactive.start_children(self._workspace._store, self._known(), tags)
        return [self._child(record, writer) for record, writer in started]

    def submit_child(
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, str | None] | None = None,
        *,
        run_id: str | None = None,
        credential_passthrough: bool = False,
        ignore_parents: bool = False,
        max_snapshot_bytes: int | None = None,
        max_snapshot_files: int | None = None,
        force: bool = False,
        now: bool = False,
    ) -> Run:
        """Submit a script as a child of this run, in its experiment; it goes on when this run ends.

        :param config: what to run; it is not changed.
        :param tags: tags to begin with.
        :param run_id: as for ``Experiment.submit``, like those that follow.
        :raises UserErrorException: a part of the configuration cannot be used; no run is made.
        :raises SnapshotException: the source directory cannot be captured; no run is made.
        :raises ExperimentExecutionException: the run could not be started; it is Failed.
        :raises RunNotFound: this run has been deleted.
        """
        from localexp.experiment import snapshot_options, submitted

        parent = self._known()
        options = snapshot_options(ignore_parents, max_snapshot_bytes, max_snapshot_files, force)
        return submitted(self._workspace, parent.experiment_name, config, tags, run_id, options, parent, now)

    def _child(self, record: RunRecord, writer: JournalWriter) -> Run:
        from localexp.run.run import Run

        return Run._of(self.experiment, record, writer)


def _tags_of_children(count: object, tag_key: object, tag_values: object) -> list[dict[str, str | None]]:
    tags: list[dict[str, str | None]]
    if count is not None and tag_key is None and tag_values is None:
        # Looked at before the list is made, which may be one of millions.
        most = min(_checked_count(count), _MOST_CHILDREN + 1)
        tags = [{"azureml.batch_child_number": str(number)} for number in range(most)]
    elif count is None and tag_key is not None and hasattr(tag_values, "__iter__") and not isinstance(tag_values, str):
        tags = [checked({tag_key: value}) for value in islice(tag_values, _MOST_CHILDREN + 1)]
    else:
        raise UserErrorException("give either count, or both tag_key and a list of tag_values")
    if len(tags) > _MOST_CHILDREN:
        raise UserErrorException(f"{_MOST_CHILDREN} children at most can be created at once; call it several times")
    return tags


def _checked_count(count: object) -> int:
    try:
        number = -1 if isinstance(count, bool) else index(count)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if number < 0:
        raise UserErrorException(f"the count of children is a whole number that is not negative, not {count!r}")
    return number
