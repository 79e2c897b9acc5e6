"""The columns of a filter: what there is, of which kind, and what may be asked of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from localexp.store.query.tree import ATTRIBUTES, FIELDS, LAST, MAX, METRICS, MIN, PARAMS, PROPERTIES, TAGS, Column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.query.tree import Literal

ANY, NUMBER, TEXT, TIME, STATUS = "any", "number", "text", "time", "status"
GROUPS = (METRICS, PARAMS, TAGS, PROPERTIES)
_STATES = (
    "NotStarted",
    "Queued",
    "Preparing",
    "Provisioning",
    "Starting",
    "Running",
    "CancelRequested",
    "Finalizing",
    "Completed",
    "Failed",
    "Canceled",
)
# Each with its kind, and where it is kept.
_ATTRIBUTES = {
    "status": (STATUS, "_runs.status"),
    "name": (TEXT, "_runs.display_name"),
    "id": (TEXT, "_runs.id"),
    "number": (NUMBER, "_runs.number"),
    "experiment": (TEXT, "(SELECT e.name FROM _experiments AS e WHERE e.key = _runs.experiment)"),
    "start_time": (TIME, "_runs.started_at"),
    "end_time": (TIME, "_runs.ended_at"),
    "created": (TIME, "_runs.created_at"),
    "duration": (NUMBER, "(_runs.ended_at - _runs.started_at) / 1e6"),
    "parent": (TEXT, "(SELECT p.id FROM _runs AS p WHERE p.key = _runs.parent)"),
    "exit_code": (NUMBER, "_runs.exit_code"),
    "snapshot": (TEXT, "iif(json_extract(_runs.definition, '$.snapshotProject') IS 0, NULL, _runs.snapshot)"),
    "type": (TEXT, "_runs.type"),
    "target": (TEXT, "_runs.target"),
    "description": (TEXT, "_runs.description"),
    "error": (TEXT, "json_extract(_runs.error, '$.error.message')"),
    "origin": (TEXT, "_runs.origin"),
}
# As other places of localexp call them.
_ALIASES = {"display_name": "name", "started": "start_time", "ended": "end_time"}
_BARE = re.compile(r"[\w/.:-]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?")
_SIGNS = ("=", "!=", "<", "<=", ">", ">=")
_IN, _LIKE, _NULL = ("in", "not in"), ("like", "not like"), ("null", "not null")
_OPERATORS = {
    ANY: (*_SIGNS, *_IN, *_LIKE, *_NULL),
    NUMBER: (*_SIGNS, *_IN, *_NULL),
    TEXT: (*_SIGNS, *_IN, *_LIKE, *_NULL),
    TIME: (*_SIGNS, *_IN, *_NULL),
    STATUS: ("=", "!=", *_IN, *_LIKE, *_NULL),
}
# SQLite refuses longer ones.
_LONGEST_PATTERN = 50_000


def named(word: str) -> Column:
    """The column that a bare word is.

    :raises ValueError: there is none; the text says what there is.
    """
    group, point, name = word.partition(".")
    if not point or group not in GROUPS:
        return _attribute(word)
    if not name:
        raise ValueError(f"here a name is missing, as in {group}.loss")
    if group != METRICS:
        return Column(group, name)
    before, _, field = name.rpartition(".")
    return Column(group, before, field) if before and field in FIELDS else Column(group, name, LAST)


def quoted(group: str, name: str, suffix: str) -> Column:
    """The column that has its name in quotes.

    :raises ValueError: there is none; the text says what there is.
    """
    if group not in GROUPS:
        raise ValueError(f"only names of {', '.join(GROUPS)} are quoted, not of {group!r}")
    if group != METRICS:
        if suffix:
            raise ValueError(f"{group} have no {suffix!r}; metrics have .last, .min, .max and .count")
        return Column(group, name)
    if suffix[1:] not in ("", *FIELDS):
        raise ValueError(f"a metric has .last, .min, .max and .count, not {suffix!r}")
    return Column(group, name, suffix[1:] or LAST)


def written(column: Column) -> str:
    """The column as a filter has it."""
    if column.group == ATTRIBUTES:
        return column.name
    field = f".{column.field}" if column.field not in ("", LAST) else ""
    alone = Column(column.group, column.name, LAST if column.group == METRICS else "")
    is_bare = _BARE.fullmatch(column.name) and named(f"{column.group}.{column.name}") == alone
    name = column.name if is_bare else "`" + column.name.replace("`", "``") + "`"
    return f"{column.group}.{name}{field}"


def _attribute(word: str) -> Column:
    name = _ALIASES.get(word, word)
    if name in _ATTRIBUTES:
        return Column(ATTRIBUTES, name)
    import difflib

    group, point, rest = word.partition(".")
    if point:
        close = [f"{one}.{rest}" for one in difflib.get_close_matches(group.lower(), GROUPS, n=1)]
    else:
        close = difflib.get_close_matches(word.lower(), [*_ATTRIBUTES, *_ALIASES, *GROUPS], n=3)
    if close:
        raise ValueError(f"there is no column {word!r}; did you mean {', '.join(close)}?")
    groups = ", ".join(f"{one}.<name>" for one in GROUPS)
    raise ValueError(f"there is no column {word!r}; there are {', '.join(_ATTRIBUTES)}, {groups}")


def kind_of(column: Column) -> str:
    """What its values are: ``any`` is numbers, texts and bools."""
    if column.group == ATTRIBUTES:
        return _ATTRIBUTES[column.name][0]
    if column.group == METRICS:
        return ANY if column.field == LAST else NUMBER
    return ANY if column.group == PARAMS else TEXT


def attribute_sql(column: Column) -> str:
    return _ATTRIBUTES[column.name][1]


def check_operator(column: Column, operator: str) -> None:
    """:raises ValueError: nobody can ask that of this column."""
    kind = kind_of(column)
    if operator not in _OPERATORS[kind]:
        said = written(column)
        raise ValueError(
            f"{said} is one of a few states: compare it with =, !=, in or like"
            if kind == STATUS
            else f"{said} is a {kind}, and {operator!r} is for texts: compare it with =, !=, <, <=, > or >="
        )


def fitted(column: Column, operator: str, value: Literal) -> Literal:
    """What a column is compared with, as it is kept.

    :raises ValueError: it does not fit.
    """
    kind, said = kind_of(column), written(column)
    if operator in _LIKE:
        return _pattern(value)
    if kind == ANY:
        if isinstance(value, bool) and operator in ("<", "<=", ">", ">="):
            raise ValueError("true and false are compared with = or !=")
        return value
    if kind == NUMBER:
        if isinstance(value, (bool, str)):
            is_quoted = isinstance(value, str) and re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", value)
            raise ValueError(f"{said} is a number: write it {'without quotes' if is_quoted else 'as 3 or 0.5'}")
        # As they are kept: an index would round what a row does not.
        return float(value) if column.field in (MIN, MAX) else value
    if not isinstance(value, str):
        shape = "'2026-11-01' or '2026-11-01 12:30'" if kind == TIME else f"'{value}'"
        raise ValueError(f"{said} is a {'time' if kind == TIME else 'text'}: write {shape}")
    if kind == TIME:
        return _moment(said, value)
    return _state(value) if kind == STATUS else value


def _pattern(value: Literal) -> str:
    if not isinstance(value, str):
        raise ValueError("like takes a text, in which % stands for any characters and _ for one")
    if len(value.encode()) > _LONGEST_PATTERN:
        raise ValueError(f"this pattern has more than {_LONGEST_PATTERN:,} bytes")
    return value


def _moment(said: str, value: str) -> int:
    try:
        if not _MOMENT.fullmatch(value):
            raise ValueError(value)
        head, point, rest = value.replace("Z", "+00:00").partition(".")
        digits = re.match(r"\d*", rest)
        assert digits is not None
        # Python 3.10 reads three or six digits behind the point alone.
        moment = datetime.fromisoformat(f"{head}.{digits[0]:0<6}{rest[digits.end() :]}" if point else head)
    except ValueError:
        raise ValueError(
            f"{said} is a time, which {value!r} is not: write '2026-11-01', '2026-11-01 12:30' or "
            "'2026-11-01T12:30:00+01:00'; without a zone it is UTC"
        ) from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    return (aware - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def _state(value: str) -> str:
    if value in _STATES:
        return value
    import difflib

    likely = {state.lower(): state for state in _STATES}
    close = difflib.get_close_matches(value.lower(), likely, n=1)
    hint = f"did you mean {likely[close[0]]!r}?" if close else f"there are {', '.join(_STATES)}"
    raise ValueError(f"there is no status {value!r}; {hint}")
