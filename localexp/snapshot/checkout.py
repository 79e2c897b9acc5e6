"""Working trees, each leased to one run at a time."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException
from localexp.snapshot import fitting, known
from localexp.store import checkouts, clock, settings
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.snapshot.known import Record
    from localexp.store.checkouts import CheckoutRecord
    from localexp.store.store import Store


# What the cache knows of trees by, before the name of the folder.
KEY = b"checkout "


def lease(store: Store, run: int, snapshot: str, source: str, owner: str) -> tuple[CheckoutRecord, list[str]]:
    """Have a tree hold a snapshot, for a run; with it come warnings for the user.

    A tree that an earlier run of the same source directory has left is made to hold this snapshot, if there is one.

    :param source: the directory of which the snapshot was taken.
    :raises SnapshotException: the snapshot is damaged.
    """
    retire_left(store)
    with store.main.writing() as db:
        key = checkouts.lease_idle(db, run, owner, source, snapshot, clock.real())
        record = None if key is None else checkouts.by_key(db, key)
    if record is not None:
        try:
            return _fitted(store, record, source)
        except SnapshotException:
            raise
        except (OSError, RecursionError):
            # A script has left it so that it cannot be put right, as with folders that may not be written to.
            _condemn_and_retire(store, record)
    with store.main.writing() as db:
        key = checkouts.add(db, os.urandom(6).hex(), run, owner, source, snapshot, clock.real())
        record = checkouts.by_key(db, key)
    os.makedirs(store.layout.checkout(record.folder))
    return _fitted(store, record, source)


def records(store: Store, checkout: CheckoutRecord) -> dict[bytes, Record]:
    """What a tree held when its run began, by directory."""
    found = known.read(store, _key(checkout))
    if b"" in found and found[b""].digest.hex() == checkout.snapshot:
        return found
    # They could not be kept, and at best are those of an earlier run.
    return fitting.records_of_snapshot(store, checkout.snapshot, os.fsencode(checkout.source))


def retire(store: Store, checkout: CheckoutRecord) -> bool:
    """Remove a tree, and then the word of it; False if something in it cannot be removed, for a later lease to try."""
    try:
        fitting.remove_tree(store.layout.checkout(checkout.folder))
    except (OSError, RecursionError):
        return False
    known.forget(store, _key(checkout))
    with store.main.writing() as db:
        checkouts.remove(db, checkout.key)
    return True


def trim(store: Store) -> None:
    """Remove the trees that were not used for the longest time, until all together are no larger than they may be."""
    with store.main.reading() as db:
        excess = checkouts.total_bytes(db) - settings.number(db, settings.CHECKOUT_BYTES)
        idle = checkouts.idle(db) if excess > 0 else []
    for checkout in idle:
        # If somebody else has claimed it, what there is too much of is not what it was.
        if excess <= 0 or not _is_claimed(store, checkout):
            return
        if retire(store, checkout):
            excess -= checkout.size


def clear(store: Store, with_idle: bool, dry_run: bool) -> tuple[int, int]:
    """Remove trees that nobody will be leased: how many, and their bytes.

    That is what nobody answers for, and idle trees whose source directory is gone, or with ``with_idle`` all of them. A
    folder that no row knows stays: it has what a run has made and could not be kept, as the run says.
    """
    with store.main.reading() as db:
        unwanted = [one for one in checkouts.idle(db) if with_idle or not os.path.lexists(one.source)]
    unwanted += [one for one in doubtful(store) if one.key not in {other.key for other in unwanted}]
    sizes = []
    for one in unwanted:
        size = fitting.size_of_tree(store.layout.checkout(one.folder))
        if dry_run or (_is_claimed(store, one) and retire(store, one)):
            sizes.append(size)
    return len(sizes), sum(sizes)


def _fitted(store: Store, record: CheckoutRecord, source: str) -> tuple[CheckoutRecord, list[str]]:
    result = fitting.fit(
        store,
        record.snapshot,
        os.fsencode(store.layout.checkout(record.folder)),
        os.fsencode(source),
        known.read(store, _key(record)),
    )
    if result.is_changed:
        known.keep(store, _key(record), result.records)
    with store.main.writing() as db:
        checkouts.set_ready(db, record.key, result.size, clock.real())
        return checkouts.by_key(db, record.key), result.warnings


def _key(checkout: CheckoutRecord) -> bytes:
    # No absolute path, so that it stays true when the workspace is moved.
    return KEY + checkout.folder.encode()


def _condemn_and_retire(store: Store, checkout: CheckoutRecord) -> None:
    with store.main.writing() as db:
        checkouts.condemn(db, checkout.key)
    retire(store, checkout)


def retire_left(store: Store) -> None:
    """Remove the trees that are doubtful."""
    for checkout in doubtful(store):
        if _is_claimed(store, checkout):
            retire(store, checkout)


def doubtful(store: Store) -> list[CheckoutRecord]:
    """What nobody answers for, and trees from before the machine was restarted: power may have gone."""
    with store.main.reading() as db:
        left, idle = checkouts.left(db), checkouts.idle(db)
    doubtful = [checkout for checkout in left if Owner.parse(checkout.owner).is_known_dead()]
    return doubtful + [checkout for checkout in idle if Owner.parse(checkout.owner).was_rebooted()]


def _is_claimed(store: Store, checkout: CheckoutRecord) -> bool:
    with store.main.writing() as db:
        return checkouts.claim(db, checkout, str(this_process()))
