"""One opened store: its paths and its three databases."""

from __future__ import annotations

import os

from localexp.errors import ReplacedStoreError
from localexp.store import schema
from localexp.store.database import Database
from localexp.store.layout import Layout

# 64 MiB: to move it over after each batch of a first snapshot would double the time that this takes.
_BLOB_CHECKPOINT_PAGES = 16_384


class Store:
    """The ``.localexp`` folder at ``root``, made with its first files when it is first written to.

    ``main`` is the record; ``blobs`` holds small file contents and trees; ``cache`` may be deleted at any time.
    """

    def __init__(self, root: str) -> None:
        self.layout = Layout(root)
        self._databases: dict[str, Database] = {}
        self._is_retired = False

    @property
    def main(self) -> Database:
        return self._database(self.layout.database, schema.MAIN, schema.VERSION, migration="migrate_main")

    @property
    def blobs(self) -> Database:
        return self._database(
            self.layout.blob_database, schema.BLOBS, schema.BLOB_VERSION, _BLOB_CHECKPOINT_PAGES, "migrate_blobs"
        )

    @property
    def cache(self) -> Database:
        return self._database(self.layout.cache_database, schema.CACHE, schema.CACHE_VERSION, may_be_deleted=True)

    @property
    def is_ephemeral(self) -> bool:
        return self.layout.is_ephemeral

    @property
    def is_read_only(self) -> bool:
        return self.main.is_read_only

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        # For another process only the place counts: connections are its own affair.
        return type(self), (self.layout.root,)

    def close(self) -> None:
        """Close every connection that no thread is using; the next use opens new ones."""
        for database in self._databases.values():
            database.close()

    def retire(self) -> None:
        """As ``close``; whoever uses this object afterwards is told that the store was removed."""
        self._is_retired = True
        self.close()

    def exists(self) -> bool:
        return os.path.isfile(self.layout.database)

    def make_folder(self) -> None:
        """Make the folder, hidden from git; fine if it is there."""
        os.makedirs(self.layout.root, exist_ok=True)
        ignore_file = os.path.join(self.layout.root, ".gitignore")
        if not os.path.exists(ignore_file):
            with open(ignore_file, "w", encoding="ascii") as file:
                file.write("*\n")

    def make_ephemeral(self, goes_with: str = "") -> None:
        """Make the folder, marked before there is any database in it; nobody has temporary files in git.

        Runs in it end with the process whose owner text ``goes_with`` is.
        """
        os.makedirs(self.layout.root, exist_ok=True)
        self.layout.mark(goes_with)

    def _database(
        self,
        path: str,
        tables: str,
        version: int,
        checkpoint_pages: int = 1000,
        migration: str | None = None,
        may_be_deleted: bool = False,
    ) -> Database:
        if self._is_retired:
            raise ReplacedStoreError(
                f"the ephemeral workspace {os.path.dirname(self.layout.root)} was closed, and is gone with all that "
                "was in it; use it before that, or a workspace that stays"
            )
        known = self._databases.get(path)
        if known is not None:
            return known
        made = Database(path, tables, version, checkpoint_pages, migration, may_be_deleted, self.is_ephemeral)
        # Two threads may both make one here; setdefault has them use the same.
        return self._databases.setdefault(path, made)
