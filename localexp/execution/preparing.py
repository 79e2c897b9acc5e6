"""What a script finds when it is started: its checkout, and its environment."""

from __future__ import annotations

import os

from localexp.execution import context, fence, pythonpath
from localexp.snapshot import checkout
from localexp.store import determinism, experiments, runs, settings
from localexp.store.layout import LIVE_FOLDERS

# From this number on are the warnings of a rerun that were not known when it was submitted.
_OF_BUILD = 1000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.execution.handover import Start
    from localexp.journal.writer import JournalWriter
    from localexp.store.layout import Layout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def has_interpreter(store: Store, record: RunRecord, start: Start, is_canceled: Callable[[], bool]) -> bool:
    """Have the virtual environment that the run wants, if it wants one; False if the run was canceled meanwhile.

    :raises UserErrorException: it cannot be built.
    """
    if start.wanted is None:
        return True
    from localexp.execution.environments import build

    interpreter = build.ready(store, record, start.wanted, start.environment, is_canceled)
    if interpreter is not None:
        _say_packages(store, record, build.packages(store, start.wanted.id) or {})
        start.run_by(interpreter)
    return interpreter is not None


def _say_packages(store: Store, record: RunRecord, packages: dict[str, str]) -> None:
    """What the requirements of a run have come to is known as soon as its environment is there, and not before."""
    from localexp.execution.facts.comparison import differences, warnings_of_rerun
    from localexp.store import facts
    from localexp.store import warnings as recorded_warnings

    if determinism.current is not None:
        return
    now: dict[str, dict[str, object] | str] = {"packages": dict(packages)}
    with store.main.writing() as db:
        facts.keep(db, record.key, now)
        origin = None if record.origin is None else runs.find(db, record.origin)
        if origin is None:
            return
        for number, text in enumerate(warnings_of_rerun(origin.id, differences(facts.of_run(db, origin.key), now))):
            recorded_warnings.add_once(db, record.key, "rerun", text, (record.created_at, 0, _OF_BUILD + number))


def checkout_of(store: Store, record: RunRecord, me: str, start: Start, writer: JournalWriter) -> str:
    """A checkout of the run's snapshot in which the script finds what it may expect.

    :raises UserErrorException: an input is gone.
    """
    assert record.snapshot is not None
    tree, warnings = checkout.lease(store, record.key, record.snapshot, start.source, me)
    for message in warnings:
        writer.say(warning=message, source="snapshot")
    folder = store.layout.checkout(tree.folder)
    make_output_folders(folder, writer)
    if start.inputs:
        from localexp.execution import inputs

        inputs.link(folder, start.source, start.inputs)
        _say_changes(store, record, inputs.changes(store, record.key, start.source, start.inputs), writer)
    return folder


def make_output_folders(folder: str, writer: JournalWriter) -> None:
    for name in LIVE_FOLDERS:
        _make_output_folder(folder, name, writer)


def _say_changes(store: Store, record: RunRecord, messages: list[str], writer: JournalWriter) -> None:
    """Of a run with other inputs than were recorded nobody is to be given the outcome for those."""
    if not messages:
        return
    with store.main.writing() as db:
        runs.forget_identity(db, record.key)
    for message in messages:
        writer.say(warning=message, source="inputs")


def _make_output_folder(folder: str, name: str, writer: JournalWriter) -> None:
    path = os.path.join(folder, name)
    # A source may have something else of its own by that name.
    if not os.path.lexists(path):
        os.mkdir(path)
    elif os.path.islink(path):
        message = f"{name} is a link, to {os.readlink(path)}: what the script writes there is not kept with the run"
        writer.say(warning=message, source="capture")


def environment(store: Store, record: RunRecord, start: Start, folder: str) -> dict[str, str]:
    """The environment of a script that is to run in a checkout."""
    with store.main.reading() as db:
        workspace_name = settings.workspace_name(db, os.path.dirname(store.layout.root))
        experiment_id = experiments.by_key(db, record.experiment).id
    name = record.experiment_name
    of_run = context.variables(store.layout, record.id, name, experiment_id, workspace_name)
    return environment_in(store.layout, {**start.environment, **of_run}, start, folder)


def environment_in(layout: Layout, given: dict[str, str], start: Start, folder: str) -> dict[str, str]:
    """What a script that is given these variables gets, so that it imports and finds what is in its checkout."""
    found = dict(given)
    fence.let_in(found, layout.root)
    # Bytecode that is kept elsewhere would outlive the files that it was compiled of, unnoticed.
    found.pop("PYTHONPYCACHEPREFIX", None)
    inherited = found.get("PYTHONPATH", "")
    found["PYTHONPATH"] = pythonpath.variable(layout, start.source, start.places, folder, inherited)
    if start.wanted is not None:
        # As if it had been activated.
        found["VIRTUAL_ENV"] = os.path.dirname(os.path.dirname(start.interpreter))
        found.pop("PYTHONHOME", None)
    if start.wanted is not None or isinstance(start.command, str):
        found["PATH"] = context.search_path(start.interpreter, found)
    return found
