"""Bring a run to a place where there is no store."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.execution import handover
from localexp.execution.elsewhere.manifest import CHECKOUT, Manifest, write
from localexp.snapshot import fitting, known
from localexp.store import experiments, settings
from localexp.store.layout import STORE_FOLDER, Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.submission import Submission
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def check(submission: Submission) -> None:
    """Refuse what cannot be brought along; for ``check`` of targets that execute elsewhere.

    :raises UserErrorException: the run has inputs, or an environment is to be built for it.
    """
    if submission.inputs:
        raise UserErrorException(
            f"the input {submission.inputs[0]} cannot be brought to the target {submission.target}; have the snapshot "
            "hold it, or submit to the target 'local'"
        )
    if submission.wanted is not None:
        raise UserErrorException(
            f"no environment is built at the target {submission.target}; give environment.python.interpreter_path one "
            "that has the packages there, or submit to the target 'local'"
        )


def export(store: Store, record: RunRecord, place: str) -> None:
    """Write a run that has not been started, with its snapshot, into a new folder, from which it can be executed.

    What it takes to start the script, values of environment variables among it, is only there from then on.

    :raises UserErrorException: something is there already.
    :raises SnapshotException: the snapshot is damaged.
    """
    assert record.snapshot is not None
    if os.path.lexists(place) and (not os.path.isdir(place) or os.listdir(place)):
        raise UserErrorException(f"a run cannot be exported to {place}, where something is; name a new folder")
    here, there = store.layout, Layout(os.path.join(place, STORE_FOLDER))
    tree = there.checkout(CHECKOUT)
    os.makedirs(tree)
    source = str(record.definition_parts()["sourceDirectory"])
    fitted = fitting.fit(store, record.snapshot, os.fsencode(tree), os.fsencode(source), {})
    write(there.exported_files, known.packed(fitted.records))
    start = handover.taken(here.run(record.experiment_name, record.id))
    handover.keep(there.run(record.experiment_name, record.id), start)
    # Last: without it nothing was exported.
    _manifest(store, record).keep(there)


def _manifest(store: Store, record: RunRecord) -> Manifest:
    definition = record.definition_parts()
    variables = definition["environmentVariables"]
    assert isinstance(variables, list)
    with store.main.reading() as db:
        return Manifest(
            run_id=record.id,
            experiment=record.experiment_name,
            experiment_id=experiments.by_key(db, record.experiment).id,
            workspace_name=settings.workspace_name(db, os.path.dirname(store.layout.root)),
            variables=variables,
            grace_seconds=settings.number(db, settings.GRACE_SECONDS),
            sample_seconds=settings.number(db, settings.SAMPLE_SECONDS),
            max_seconds=record.max_seconds,
            ignores_parents=bool(definition["ignoreParents"]),
        )
