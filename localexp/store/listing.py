"""Lists of runs: page by page, newest first, by experiment or parent and by what the runs are to have.

A list is read along one index in the order of the runs, that of the condition which the fewest rows meet, and each of
its rows is asked for the other conditions. So neither a first page nor a rare tag costs more where there are more runs.
"""

from __future__ import annotations

from localexp.store.runs import COLUMNS_OF_RECORD, RunRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_PAGE = 100
# Of two conditions that more rows meet, either will do; to count on would cost what it is to save.
_MOST_COUNTED = 300
_BEYOND_EVERY_KEY = 2**63 - 1
# CROSS JOIN keeps SQLite from beginning with another table than the one that has the order.
_WITH_NAME = "CROSS JOIN _experiments ON _experiments.key = _runs.experiment"
_ALL_DESCENDANTS = (
    "WITH RECURSIVE family (key) AS ("
    "SELECT key FROM _runs INDEXED BY runs_children WHERE parent = ? "
    "UNION ALL SELECT _runs.key FROM family CROSS JOIN _runs INDEXED BY runs_children ON _runs.parent = family.key"
    ") SELECT key FROM family"
)


class Scope:
    """Whose runs: those of one experiment, or of all if it is None; of a run, if ``parent`` is given, its children.

    With ``is_deep`` runs are not only those without a parent, and children have theirs with them.
    """

    def __init__(self, experiment: int | None, parent: int | None = None, *, is_deep: bool = False) -> None:
        self.experiment = experiment
        self.parent = parent
        self.is_deep = is_deep


class Mark:
    """A tag or property that a run is to have, with this value or, if ``has_any_value``, whatever its value is."""

    def __init__(self, table: str, key: str, value: str | None = None, *, has_any_value: bool = False) -> None:
        self.key = key
        self.has_any_value = has_any_value
        self.table = table
        self.bound = (key,) if has_any_value else (key, value)
        live = " AND mark.removed = 0" if table == "tags" else ""
        self.condition = f"mark.key = ?{live}" + ("" if has_any_value else " AND mark.value IS ?")


class Filter:
    """What the runs of a list are to have, all of it. A type is that of the run, or its property of that name."""

    def __init__(self, type: str | None = None, status: str | None = None, marks: Sequence[Mark] = ()) -> None:
        self.type = type
        self.status = status
        self.marks = marks


class _Rows:
    """Rows of an index that stand for runs, in the order of the runs; ``run`` is the column that has their keys."""

    def __init__(self, table: str, condition: str, bound: Sequence[object], run: str = "_runs.key") -> None:
        self.table = table
        self.condition = condition
        self.bound = bound
        self.run = run

    def count(self, db: sqlite3.Connection, at_most: int) -> int:
        counted = f"SELECT count(*) FROM (SELECT 1 FROM {self.table} WHERE {self.condition} LIMIT ?)"
        return int(db.execute(counted, (*self.bound, at_most)).fetchone()[0])

    def keys(self, db: sqlite3.Connection) -> list[int]:
        rows = db.execute(f"SELECT {self.run} FROM {self.table} WHERE {self.condition}", self.bound)
        return sorted((row[0] for row in rows), reverse=True)


class Listing:
    """One list of runs, read in pages of so many; up to ``most_counted`` rows are counted to choose the index."""

    def __init__(self, scope: Scope, wanted: Filter, page_size: int = _PAGE, most_counted: int = _MOST_COUNTED) -> None:
        # Who wants the newest run alone is not to wait for a hundred.
        self._rows_to_read = max(1, page_size // 10)
        self._page_size = page_size
        self._most_counted = most_counted
        self._scope = scope
        self._wanted = wanted
        self._rows: _Rows | None = None
        self._keys: list[int] | None = None
        self._before = _BEYOND_EVERY_KEY
        self._conditions, self._bound = _conditions(scope, wanted)
        self.is_at_end = False

    def page(self, db: sqlite3.Connection) -> list[RunRecord]:
        """The next runs, which may be none though ``is_at_end`` says that there are more."""
        if self._rows is None:
            self._choose_rows(db)
        found = self._along_index(db) if self._keys is None else self._among_keys(db)
        records = sorted(map(RunRecord, found), key=lambda record: record.key, reverse=True)
        if records:
            self._before = records[-1].key
        return records

    def _choose_rows(self, db: sqlite3.Connection) -> None:
        scope, marks = self._scope, self._wanted.marks
        if scope.parent is not None and scope.is_deep:
            # To know the newest, all have to be known.
            self._keys = sorted((row[0] for row in db.execute(_ALL_DESCENDANTS, (scope.parent,))), reverse=True)
        self._rows = _rows_of_scope(scope)
        if self._keys is not None or scope.experiment is None or not marks:
            return
        # Whatever their value is: these rows are in the order of the values, so only few of them are of use.
        loose = [_rows_of_mark(scope.experiment, mark) for mark in marks if mark.has_any_value]
        strict = [_rows_of_mark(scope.experiment, mark) for mark in marks if not mark.has_any_value]
        counts = {rows: rows.count(db, self._most_counted) for rows in [*strict, self._rows, *loose]}
        self._rows = min([*strict, self._rows], key=counts.__getitem__)
        fewest = min(counts, key=counts.__getitem__)
        if fewest in loose and counts[fewest] < self._most_counted:
            self._keys = fewest.keys(db)

    def _along_index(self, db: sqlite3.Connection) -> list[tuple[object, ...]]:
        assert self._rows is not None
        rows = self._rows
        joined = "" if rows.run == "_runs.key" else f"CROSS JOIN _runs ON _runs.key = {rows.run} "
        found = db.execute(
            f"SELECT {COLUMNS_OF_RECORD} FROM {rows.table} {joined}{_WITH_NAME} "
            f"WHERE {rows.condition} AND {rows.run} < ? AND {self._conditions} ORDER BY {rows.run} DESC LIMIT ?",
            (*rows.bound, self._before, *self._bound, self._rows_to_read),
        ).fetchall()
        self.is_at_end = len(found) < self._rows_to_read
        self._rows_to_read = self._page_size
        return found

    def _among_keys(self, db: sqlite3.Connection) -> list[tuple[object, ...]]:
        assert self._keys is not None
        keys, self._keys = self._keys[: self._page_size], self._keys[self._page_size :]
        self.is_at_end = not self._keys
        return db.execute(
            f"SELECT {COLUMNS_OF_RECORD} FROM _runs NOT INDEXED {_WITH_NAME} "
            f"WHERE _runs.key IN ({', '.join('?' * len(keys))}) AND {self._conditions}",
            (*keys, *self._bound),
        ).fetchall()


def _rows_of_scope(scope: Scope) -> _Rows:
    if scope.parent is not None:
        return _Rows("_runs INDEXED BY runs_children", "_runs.parent = ?", (scope.parent,))
    if scope.experiment is None:
        return _Rows(
            "_runs NOT INDEXED", "_runs.key > ?" + ("" if scope.is_deep else " AND _runs.parent IS NULL"), (0,)
        )
    if scope.is_deep:
        return _Rows("_runs INDEXED BY runs_of_experiment", "_runs.experiment = ?", (scope.experiment,))
    return _Rows("_runs INDEXED BY runs_top", "_runs.experiment = ? AND _runs.parent IS NULL", (scope.experiment,))


def _rows_of_mark(experiment: int, mark: Mark) -> _Rows:
    table = f"_{mark.table} AS mark INDEXED BY {mark.table}_by_key"
    return _Rows(table, f"mark.experiment = ? AND {mark.condition}", (experiment, *mark.bound), "mark.run")


def _conditions(scope: Scope, wanted: Filter) -> tuple[str, list[object]]:
    """What is asked of each row, whichever index led to it."""
    conditions, bound = ["1"], list[object]()
    if not scope.is_deep and scope.experiment is not None:
        conditions.append("_runs.parent IS ?")
        bound.append(scope.parent)
    if wanted.type is not None:
        conditions.append(
            "(_runs.type = ? OR EXISTS (SELECT 1 FROM _properties WHERE _properties.run = _runs.key "
            "AND _properties.key = 'azureml.runsource' AND _properties.value = ?))"
        )
        bound += [wanted.type, wanted.type]
    if wanted.status is not None:
        conditions.append("_runs.status = ?")
        bound.append(wanted.status)
    for mark in wanted.marks:
        conditions.append(
            f"EXISTS (SELECT 1 FROM _{mark.table} AS mark WHERE mark.run = _runs.key AND {mark.condition})"
        )
        bound += mark.bound
    return " AND ".join(conditions), bound
