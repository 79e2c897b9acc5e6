"""Working trees, each leased to one run at a time."""

from __future__ import annotations

import os

from localexp.snapshot import restore
from localexp.store import checkouts, clock
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.store import Store


def lease(store: Store, run: int, snapshot: str, source: str, owner: str) -> tuple[checkouts.CheckoutRecord, list[str]]:
    """Make a tree of a snapshot for a run; with it come warnings for the user.

    :param source: the directory of which the snapshot was taken.
    """
    _retire_abandoned(store)
    folder = os.urandom(6).hex()
    with store.main.writing() as db:
        key = checkouts.add(db, folder, run, owner, source, snapshot, clock.now())
    os.makedirs(store.layout.checkouts, exist_ok=True)
    warnings = restore.write(store, snapshot, store.layout.checkout(folder), source)
    with store.main.writing() as db:
        checkouts.set_ready(db, key, clock.now())
        record = checkouts.of_run(db, run)
    assert record is not None
    return record, warnings


def retire(store: Store, checkout: checkouts.CheckoutRecord) -> bool:
    """Remove a tree, and then the word of it; False if something in it cannot be removed, for a later lease to try."""
    try:
        _remove_tree(store.layout.checkout(checkout.folder))
    except (OSError, RecursionError):
        return False
    with store.main.writing() as db:
        checkouts.remove(db, checkout.key)
    return True


def _retire_abandoned(store: Store) -> None:
    with store.main.reading() as db:
        left = checkouts.of_ended_runs(db)
    for checkout in left:
        if Owner.parse(checkout.owner).is_known_dead() and _is_claimed(store, checkout):
            retire(store, checkout)


def _is_claimed(store: Store, checkout: checkouts.CheckoutRecord) -> bool:
    with store.main.writing() as db:
        return checkouts.claim(db, checkout.key, checkout.owner, str(this_process()))


def _remove_tree(path: str) -> None:
    import shutil

    if not os.path.lexists(path):
        return
    # A script may have taken from a folder the permission to remove what is in it.
    _make_writable(path)
    for folder, below, _ in os.walk(path):
        for name in below:
            _make_writable(os.path.join(folder, name))
    shutil.rmtree(path)


def _make_writable(folder: str) -> None:
    if not os.path.islink(folder) and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        os.chmod(folder, 0o700)
