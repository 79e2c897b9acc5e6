"""Move what journals hold into the database, exactly once, whoever does it and however often it is killed."""

from __future__ import annotations

import atexit
import os
import time

from localexp.errors import LocalexpError, UserErrorException
from localexp.journal import frame
from localexp.store import artifacts, journals, params, points, runs, tags, warnings
from localexp.store.owners import Owner
from localexp.store.values import family, with_article

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.layout import RunLayout
    from localexp.store.store import Store
    from localexp.store.tags import When

AT_MOST = 2**20
_LITTLE = 2**16
_LONG_SECONDS, _BREATH_SECONDS = 0.01, 0.002
_SECONDS_TO_SAY_WHO = 60
# Runs whose last journal this process has removed.
_emptied: list[tuple[str, int, RunLayout]] = []


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


def fold_unless_little(store: Store, run: int, layout: RunLayout) -> None:
    """Fold as ``fold`` does what would keep others waiting if it were left to the transaction that ends the run."""
    if sum(_size(layout.journal(writer)) for writer in _writers(layout)) > _LITTLE:
        fold(store, run, layout)


def _fold_stretch(store: Store, run: int, writer: str, path: str) -> int | None:
    """Fold one stretch in one transaction, and return up to where; None if there was nothing whole to fold."""
    with store.main.overlaying() as db:
        if not runs.exists(db, run):
            return None
        journal = journals.known(db, run, writer)
        start = journal.folded
        _advance(db, run, journal, path)
        if journal.folded == start:
            return None
        journals.update(db, run, journal)
    return journal.folded


def _advance(db: sqlite3.Connection, run: int, journal: journals.JournalRecord, path: str) -> frame.Batch:
    """Fold one stretch and note it in ``journal``, whose row is the caller's to update."""
    batch = _read(path, journal.folded)
    if batch.format > frame.FORMAT:
        message = "a newer localexp has logged to this run; update with 'pip install --upgrade localexp' to see it"
        warnings.add(db, run, "journal", message, (0, journal.number, 0))
        return batch
    _apply(db, run, journal.number, batch)
    journal.folded = batch.end
    journal.owner = batch.owner or journal.owner
    journal.state = "closed" if batch.is_closed and journal.state == "open" else journal.state
    return batch


def _read(path: str, start: int) -> frame.Batch:
    try:
        with open(path, "rb") as file:
            file.seek(start)
            # Not blindly as much as may be read, for which room would be made and given back.
            data = file.read(min(AT_MOST, max(_size(path) - start, 0)))
            batch = frame.read(data, start)
            if batch.end == start and not batch.is_damaged and len(data) == AT_MOST:
                data += file.read(frame.size_of_first(data) - len(data))
                batch = frame.read(data, start)
            return batch
    except FileNotFoundError:
        # Another process has folded it to its end and removed it since the folder was listed.
        return frame.Batch(start)


def _apply(db: sqlite3.Connection, run: int, writer: int, batch: frame.Batch) -> None:
    for (name, kind), said in batch.points.items():
        first = points.append(db, run, writer, name.decode(), frame.KINDS[kind], said)
        if family(first) != family(frame.KINDS[kind]):
            message = mixed_message(name.decode(), first, frame.KINDS[kind])
            warnings.add_once(db, run, "journal", message, (said[0][0], writer, said[0][1]))
    for moment, position, words in batch.words:
        _apply_words(db, run, words, (moment, writer, position))


def _apply_words(db: sqlite3.Connection, run: int, words: dict[str, object], when: When) -> None:
    match words:
        case {"tag": str(key), "value": str() | None as value}:
            tags.put(db, run, key, value, when)
        case {"untag": str(key)}:
            tags.put(db, run, key, None, when, removed=True)
        case {"property": str(key), "value": str() | None as value}:
            _add_property(db, run, key, value, when)
        case {"param": str(name), "value": str() | None as value}:
            params.put(db, run, name, value, when)
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


def _add_property(db: sqlite3.Connection, run: int, key: str, value: str | None, when: When) -> None:
    if tags.properties_of_run(db, run).get(key, value) != value:
        message = f"two values were given for the property {key!r}; the first stands"
        warnings.add_once(db, run, "journal", message, when)
    tags.add_property(db, run, key, value, when)


def _add_artifact(db: sqlite3.Connection, run: int, name: str, size: int, digest: str, when: When) -> None:
    try:
        artifacts.add(db, run, artifacts.checked_name(name), size, digest, when[0])
    except UserErrorException as error:
        warnings.add(db, run, "journal", f"an artifact was not recorded: {error}", when)


def mixed_message(name: str, first: str, other: str) -> str:
    return (
        f"the metric {name!r} was logged as {with_article(first)} and as {with_article(other)}; get_metrics gives what "
        f"was logged as {first}"
    )


def lost_message(count: int, reason: str) -> str:
    return f"{count} record(s) that the script logged could not be kept: {reason}"


def mark_done(db: sqlite3.Connection, run: int, layout: RunLayout) -> list[str]:
    """Fold what is left, and mark the journals that are finished: they can go once this transaction is on the disk.

    Returns the names of all that are marked.
    """
    done = []
    for writer in _writers(layout):
        journal = journals.known(db, run, writer)
        if journal.state != "done" and _is_folded_to_its_end(db, run, layout, journal):
            journal.state = "done"
        journals.update(db, run, journal)
        if journal.state == "done":
            done.append(writer)
    return done


def close_all(db: sqlite3.Connection, run: int, layout: RunLayout) -> None:
    """Have nothing more be waited for: all that wrote the journals of a run are known to have ended, as elsewhere."""
    for writer in _writers(layout):
        journal = journals.known(db, run, writer)
        if journal.state == "open":
            journal.state = "closed"
            journals.update(db, run, journal)


def _is_folded_to_its_end(db: sqlite3.Connection, run: int, layout: RunLayout, journal: journals.JournalRecord) -> bool:
    """Whether nothing can come any more, and everything that came is folded: here, as far as it has not been."""
    path, was_finished = layout.journal(journal.writer), False
    while True:
        start, batch = journal.folded, _advance(db, run, journal, path)
        if batch.format > frame.FORMAT:
            return False
        # Before it died, its writer may have said something more than was just read.
        if journal.state == "open" and not was_finished:
            was_finished = _is_finished(journal, layout)
            if not was_finished:
                return False
        elif journal.folded == start or journal.folded == _size(path):
            break
    if batch.is_damaged:
        _report_damage(db, run, layout, journal)
    return True


def _is_finished(journal: journals.JournalRecord, layout: RunLayout) -> bool:
    """Whether nothing more can come: its writer has closed it or is dead."""
    if journal.state != "open":
        return True
    if journal.owner is not None:
        return Owner.parse(journal.owner).is_known_dead()
    # Its writer is either just about to say who it is, or died before it could.
    try:
        return time.time() - os.stat(layout.journal(journal.writer)).st_mtime > _SECONDS_TO_SAY_WHO
    except FileNotFoundError:
        # It could not be written at all, and its writer has taken it back.
        return True


def _report_damage(db: sqlite3.Connection, run: int, layout: RunLayout, journal: journals.JournalRecord) -> None:
    """Keep the bytes for whoever can make sense of them.

    It is a copy that is kept: should it not come to the commit, what is whole in the journal has to be folded again.
    """
    import shutil

    name = f"damaged-journal-{journal.writer}"
    message = f"part of what a process logged cannot be read; its bytes are kept as {name} in the run's folder"
    path = os.path.join(layout.folder, name)
    with open(layout.journal(journal.writer), "rb") as source, open(path, "wb") as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    warnings.add(db, run, "journal", message, (0, journal.number, journal.folded))


def remove_done(store: Store, run: int, layout: RunLayout, done: list[str]) -> None:
    """Remove the journals that are marked as done; without any left, the run needs no folding any more.

    That is said with the next write of this process, or when it exits. Should it die before, whoever reads the run
    looks in vain, and says it.
    """
    for writer in done:
        _unlink(layout.journal(writer))
    if _is_removed(layout.journals):
        _emptied.append((store.layout.root, run, layout))
    _is_removed(layout.artifacts)
    _is_removed(layout.folder)


def say_emptied(db: sqlite3.Connection, store: Store) -> None:
    """Within a write transaction: say of runs without a journal that they need no folding."""
    for one in [one for one in _emptied if one[0] == store.layout.root]:
        _, run, layout = one
        # Who opens a journal for a run that has ended makes its folder inside a write transaction too.
        if not os.path.isdir(layout.journals):
            runs.say_folded(db, run)
        _emptied.remove(one)


@atexit.register
def _say_all_emptied() -> None:
    if not _emptied:
        return
    from localexp.store.store import Store

    for store in [Store(root) for root in {one[0] for one in _emptied}]:
        try:
            # Of an ephemeral one nobody will ask, and a test session may have made hundreds.
            if store.exists() and not store.is_ephemeral and not store.is_read_only:
                with store.main.writing() as db:
                    say_emptied(db, store)
        except LocalexpError:
            # Whoever reads the runs next will say it.
            continue
        finally:
            store.close()


def sweep(store: Store, run: int, layout: RunLayout) -> None:
    """Fold what is left of the journals of an ended run, and remove those that are finished."""
    fold(store, run, layout)
    done: list[str] = []
    if writers := _writers(layout):
        with store.main.reading() as db:
            known = journals.of_run(db, run)
        if not any(writer in known and _is_finished(known[writer], layout) for writer in writers):
            return
        with store.main.writing(durable=True) as db:
            done = mark_done(db, run, layout)
    remove_done(store, run, layout, done)
    with store.main.writing() as db:
        say_emptied(db, store)


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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_emptied.clear)
