"""Move what journals hold into the database, exactly once, whoever does it and however often it is killed."""

from __future__ import annotations

import os
import time

from localexp.errors import UserErrorException
from localexp.journal import frame
from localexp.store import artifacts, journals, points, runs, tags, warnings
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.layout import RunLayout
    from localexp.store.store import Store
    from localexp.store.tags import When

AT_MOST = 2**20
_LONG_SECONDS, _BREATH_SECONDS = 0.01, 0.002
_SECONDS_TO_SAY_WHO = 60


def fold(store: Store, run: int, layout: RunLayout) -> None:
    """Fold every journal of a run up to what stands in it now."""
    writers = _writers(layout)
    if not writers:
        return
    with store.main.reading() as db:
        known = journals.of_run(db, run)
    for writer in writers:
        path = layout.journal(writer)
        # Not to where it will be by then, for its writer may be as fast as we are.
        size = _size(path)
        folded: int | None = known[writer].folded if writer in known else 0
        while folded is not None and folded < size:
            started = time.monotonic()
            folded = _fold_stretch(store, run, writer, path)
            if time.monotonic() - started > _LONG_SECONDS:
                # Others have been waiting for the lock, and would not get it if it were taken again at once.
                time.sleep(_BREATH_SECONDS)


def _fold_stretch(store: Store, run: int, writer: str, path: str) -> int | None:
    """Fold one stretch in one transaction, and return up to where; None if there was nothing whole to fold."""
    with store.main.overlaying() as db:
        journal = journals.known(db, run, writer)
        batch = _read(path, journal.folded)
        if batch.format > frame.FORMAT:
            message = "a newer localexp has logged to this run; update with 'pip install --upgrade localexp' to see it"
            warnings.add(db, run, "journal", message, (0, journal.number, 0))
            return None
        if batch.end == journal.folded:
            return None
        _apply(db, run, journal.number, batch)
        journal.folded = batch.end
        journal.owner = batch.owner or journal.owner
        journal.state = "closed" if batch.is_closed and journal.state == "open" else journal.state
        journals.update(db, run, journal)
    return journal.folded


def _read(path: str, start: int) -> frame.Batch:
    try:
        with open(path, "rb") as file:
            file.seek(start)
            batch = frame.read(file.read(AT_MOST), start)
            if batch.end == start and not batch.is_damaged and _size(path) - start > AT_MOST:
                file.seek(start)
                batch = frame.read(file.read(frame.LARGEST_FRAME + frame.HEAD_SIZE), start)
            return batch
    except FileNotFoundError:
        # Another process has folded it to its end and removed it since the folder was listed.
        return frame.Batch(start)


def _apply(db: sqlite3.Connection, run: int, writer: int, batch: frame.Batch) -> None:
    for (name, kind), said in batch.points.items():
        points.append(db, run, writer, name.decode(), frame.KINDS[kind], said)
    for moment, position, words in batch.words:
        _apply_words(db, run, words, (moment, writer, position))


def _apply_words(db: sqlite3.Connection, run: int, words: dict[str, object], when: When) -> None:
    match words:
        case {"tag": str(key), "value": str() | None as value}:
            tags.put(db, run, key, value, when)
        case {"untag": str(key)}:
            tags.put(db, run, key, None, when, removed=True)
        case {"property": str(key), "value": str() | None as value}:
            tags.add_property(db, run, key, value, when)
        case {"describe": str(name), "description": str(description)}:
            points.describe(db, run, name, description)
        case {"artifact": str(name), "size": int(size), "hash": str(digest)}:
            _add_artifact(db, run, name, size, digest, when)
        case {"warning": str(message), "source": str(source)}:
            warnings.add(db, run, source, message, when)
        case {"lost": int(count), "reason": str(reason)}:
            warnings.add(db, run, "journal", lost_message(count, reason), when)
        case _:
            raise ValueError(f"a journal of this format holds words that mean nothing: {words!r}")


def _add_artifact(db: sqlite3.Connection, run: int, name: str, size: int, digest: str, when: When) -> None:
    try:
        artifacts.add(db, run, artifacts.checked_name(name), size, digest, when[0])
    except UserErrorException as error:
        warnings.add(db, run, "journal", f"an artifact was not recorded: {error}", when)


def lost_message(count: int, reason: str) -> str:
    return f"{count} record(s) that the script logged could not be kept: {reason}"


def mark_done(db: sqlite3.Connection, run: int, layout: RunLayout) -> None:
    """Mark the journals that can go once this transaction is on the disk: those that are folded and finished."""
    for writer in _writers(layout):
        journal = journals.known(db, run, writer)
        if journal.state == "done" or not _is_finished(journal, layout):
            continue
        rest = _read(layout.journal(writer), journal.folded)
        if rest.end > journal.folded:
            continue
        if rest.is_damaged:
            _report_damage(db, run, layout, journal)
        journal.state = "done"
        journals.update(db, run, journal)


def _is_finished(journal: journals.JournalRecord, layout: RunLayout) -> bool:
    """Whether nothing more can come: its writer has closed it or is dead."""
    if journal.state != "open":
        return True
    if journal.owner is not None:
        return Owner.parse(journal.owner).is_known_dead()
    # Its writer is either just about to say who it is, or died before it could.
    return time.time() - os.stat(layout.journal(journal.writer)).st_mtime > _SECONDS_TO_SAY_WHO


def _report_damage(db: sqlite3.Connection, run: int, layout: RunLayout, journal: journals.JournalRecord) -> None:
    """Keep the bytes for whoever can make sense of them, where no fold will look again."""
    name = f"damaged-journal-{journal.writer}"
    message = f"part of what a process logged cannot be read; its bytes are kept as {name} in the run's folder"
    os.replace(layout.journal(journal.writer), os.path.join(layout.folder, name))
    warnings.add(db, run, "journal", message, (0, journal.number, journal.folded))


def remove_done(store: Store, run: int, layout: RunLayout) -> None:
    """Remove the journals that are marked as done; without any left, the run needs no folding any more."""
    with store.main.reading() as db:
        known = journals.of_run(db, run)
    for writer in _writers(layout):
        if writer in known and known[writer].state == "done":
            _unlink(layout.journal(writer))
    with store.main.writing() as db:
        # Who opens a journal for a run that has ended does so inside a write transaction too.
        if _is_removed(layout.journals):
            runs.set_unfolded(db, run, False)
    _is_removed(layout.artifacts)
    _is_removed(layout.folder)


def sweep(store: Store, run: int, layout: RunLayout) -> None:
    """Fold what is left of the journals of an ended run, and remove those that are finished."""
    fold(store, run, layout)
    with store.main.reading() as db:
        known = journals.of_run(db, run)
    writers = _writers(layout)
    if writers and not any(writer in known and _is_finished(known[writer], layout) for writer in writers):
        return
    with store.main.writing(durable=True) as db:
        mark_done(db, run, layout)
    remove_done(store, run, layout)


def _writers(layout: RunLayout) -> list[str]:
    """Names of the journals, the oldest first: writers are numbered as they are first folded."""
    try:
        return sorted(os.listdir(layout.journals))
    except FileNotFoundError:
        return []


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except (FileNotFoundError, PermissionError):
        # Gone already; or on Windows, where some other process is reading it: then a later sweep removes it.
        pass


def _is_removed(folder: str) -> bool:
    """Remove a folder if it is empty; whether it is gone."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
