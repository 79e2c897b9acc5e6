"""Queries of somebody else's: through a connection that cannot write, and that stops what takes too long."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from localexp.errors import SqlError, SqlRefusedError, SqlTimeoutError
from localexp.store.views import VIEWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, NoReturn

    import sqlite_utils

    from localexp.store.database import Database

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_FUNCTIONS_REFUSED = {"load_extension", "fts3_tokenizer"}
# What SQLite itself refuses before anybody is asked.
_REFUSALS = ("cannot modify", "may not be modified")
_STEPS_BETWEEN_LOOKS = 300
_FOREVER = 1e9
_LARGEST_VALUE = 100_000_000
# Where SQLite keeps the number of this limit: Python has a name for it since 3.11.
_LIMIT_OF_LENGTH = 0
_UNKNOWN = re.compile(r"no such (table|column): (?:\w+\.)?(.+)", re.DOTALL)


class Answer(NamedTuple):
    """What a query gives: rows, and the names of their columns, of which the second ``x`` is ``x_2``."""

    names: list[str]
    rows: list[tuple[object, ...]]


def answer(database: Database, query: object, params: object, seconds: float) -> Answer:
    """What one query gives.

    :raises SqlRefusedError: it would do more than read.
    :raises SqlTimeoutError: it takes more than so many seconds.
    :raises SqlError: SQLite cannot make sense of it.
    """
    text, bound = _checked_query(query), _checked_params(params)
    with database.reading():
        connection = database.unwritable()
        try:
            return _Guard(connection, seconds).answer(text, bound)
        finally:
            connection.close()


def explorer(database: Database) -> sqlite_utils.Database:
    """A ``Database`` of sqlite-utils through which nothing can be written."""
    from sqlite_utils import Database as Explorer

    return Explorer(database.unwritable(), recursive_triggers=False, execute_plugins=False)


class _Guard:
    """Looks at what a connection is told to do, and stops it when the time is up."""

    def __init__(self, connection: sqlite3.Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._deadline = time.monotonic() + min(seconds, _FOREVER)
        self._has_refused = False
        # SQLite makes these tables when they are first used, and then asks as if somebody changed the schema.
        connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')")
        connection.set_authorizer(self._judgement)
        connection.set_progress_handler(self._is_over, _STEPS_BETWEEN_LOOKS)
        if hasattr(connection, "setlimit"):
            connection.setlimit(_LIMIT_OF_LENGTH, _LARGEST_VALUE)

    def answer(self, query: str, params: Sequence[Any] | Mapping[str, Any]) -> Answer:
        try:
            cursor = self._connection.execute(query, params)
            if cursor.description is None:
                raise SqlError("there is no query in this text; try SELECT * FROM runs")
            return Answer(_distinct(column[0] for column in cursor.description), list(self._in_time(cursor)))
        except UnicodeEncodeError as error:
            raise SqlError(f"a param holds {error.object[error.start]!r}, which is half a character") from None
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            self._explain(error, query)

    def _in_time(self, rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
        for row in rows:
            if self._is_over():
                raise self._timeout()
            yield row

    def _judgement(self, action: int, first: str | None, second: str | None, *place: object) -> int:
        if action in _ALLOWED and not (action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS_REFUSED):
            return sqlite3.SQLITE_OK
        self._has_refused = True
        return sqlite3.SQLITE_DENY

    def _is_over(self) -> bool:
        return time.monotonic() > self._deadline

    def _explain(self, error: Exception, query: str) -> NoReturn:
        if self._has_refused or any(refusal in str(error) for refusal in _REFUSALS):
            raise SqlRefusedError(
                "this would do more than read, and a query here is one SELECT; runs and experiments are changed by "
                "their own calls and commands"
            ) from None
        if str(error) == "interrupted":
            if not self._is_over():
                # Python swallows what is raised while SQLite asks whether the time is up: Ctrl-C.
                raise KeyboardInterrupt from None
            raise self._timeout() from None
        raise SqlError(_reason(str(error), query)) from error

    def _timeout(self) -> SqlTimeoutError:
        return SqlTimeoutError(f"stopped after {self._seconds:g} s: narrow the query, or pass a longer timeout")


def _distinct(names: Iterable[str]) -> list[str]:
    """As sqlite-utils names the columns of a row."""
    found: dict[str, None] = {}
    for name in names:
        number, distinct = 1, name
        while distinct in found:
            number += 1
            distinct = f"{name}_{number}"
        found[distinct] = None
    return list(found)


def _checked_query(query: object) -> str:
    if not isinstance(query, str):
        raise SqlError(f"a query is a text, not {query!r}")
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise SqlError(f"the query holds {query[error.start]!r}, which is half a character") from None
    if "\0" in query:
        raise SqlError("the query holds a NUL character; bind a value that has one as a param")
    return query


def _checked_params(params: object) -> Sequence[Any] | Mapping[str, Any]:
    if params is None:
        return ()
    if isinstance(params, (str, bytes)) or not isinstance(params, (Sequence, Mapping)):
        raise SqlError(f"params are a list of values for ?, or a dict of them for :name, not {params!r}")
    return params


def _reason(said: str, query: str) -> str:
    if "one statement at a time" in said:
        return "there are several statements in this text; give them one by one"
    unknown = _UNKNOWN.fullmatch(said)
    if unknown is None:
        return f"SQLite says: {said}"
    kind, name = unknown[1], unknown[2]
    known = list(VIEWS) if kind == "table" else _columns_meant(query)
    close = _close_to(name, known)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known)}"
    return f"there is no {kind} {name!r}; {hint}"


def _columns_meant(query: str) -> list[str]:
    """The columns of the views that a query speaks of."""
    words = set(re.findall(r"\w+", query.lower()))
    meant = [view for name, view in VIEWS.items() if name in words] or VIEWS.values()
    return list(dict.fromkeys(column for view in meant for column in view.columns))


def _close_to(name: str, known: list[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
