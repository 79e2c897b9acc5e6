"""A page of a search takes as many steps of SQLite where there are ten times the runs."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import count

import pytest

from localexp.store import experiments, schema
from localexp.store.params import number_of
from localexp.store.query.parser import parsed, parsed_order
from localexp.store.query.position import Position
from localexp.store.query.search import Search, records
from localexp.store.query.tree import NEWEST_FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MORE, MOST_SORTED = 200, 2_000, 40
SEARCHES = [
    (None, None),
    ("tags.model = 'm1'", None),
    ("tags.old = '1'", None),
    ("tags.old in ('1', '2') or status = 'Running'", None),
    ("metrics.same = 1", None),
    ("status = 'Failed'", None),
    ("start_time = '1970-01-01' and number > 3", None),
    ("parent = 'run-1'", None),
    ("parent = 'run-1'", "metrics.loss"),
    ("id = 'run-77'", None),
    ("tags.rare = '1'", None),
    ("tags.rare is not null", "duration"),
    ("metrics.step < 6 and metrics.loss.count > 1", None),
    ("metrics.loss in (0.25, 0.5)", "metrics.loss.max"),
    ("params.seed = 7 or params.seed = '9' or tags.rare = '1'", None),
    ("params.seed > 20 and params.seed < 50", "params.seed"),
    (None, "metrics.loss"),
    (None, "metrics.loss desc"),
    (None, "metrics.loss.min"),
    (None, "metrics.same"),
    (None, "metrics.same desc"),
    (None, "params.lr"),
    (None, "params.lr desc"),
    (None, "params.word desc"),
    (None, "tags.model"),
    (None, "properties.kind desc"),
    (None, "start_time"),
    (None, "status desc"),
    ("tags.model = 'm1' and params.lr >= 0.1", "metrics.loss"),
    ("metrics.loss > 0.2 and metrics.loss <= 0.9", "metrics.loss"),
    ("metrics.loss > 0.2 and metrics.same = 1", "metrics.loss desc"),
    ("experiment = 'one'", None),
    ("experiment = 'one' and tags.model = 'm1'", "metrics.loss desc"),
    ("experiment = 'none'", "duration"),
    ("tags.nothing = '1'", "metrics.loss"),
    ("metrics.nothing > 3", None),
]


def many(db: sqlite3.Connection, runs: int) -> None:
    """Two experiments of so many runs each; what is rare or old is so however many there are."""
    db.executescript(schema.MAIN)
    for key, name in enumerate(("one", "two"), 1):
        experiments.get_or_create(db, name, 1)
        for at in range(1, runs + 1):
            run = 2 * at + key - 2
            status = "Failed" if at % 4 == 0 else "Completed"
            db.execute(
                "INSERT INTO _runs (key, id, experiment, parent, number, status, created_at, started_at, ended_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (run, f"run-{run}", key, 1 if run % 2 and run > 1 else None, at, status, at, at % 3, runs),
            )
            # Each place in (0, 1), in an order that is none.
            loss = (at * 7919 % runs) / runs
            # Half of the losses have been one number throughout, and so have the others.
            least = loss if at % 2 else loss / 2
            for name, value, low in (("loss", loss, least), ("same", 1.0, 1.0), ("step", at, at)):
                db.execute(
                    "INSERT INTO _metrics (run, name, kind, count, min, max, last, last_time, last_writer, "
                    "last_position, experiment) VALUES (?, ?, 'scalar', 2, ?, ?, ?, 1, 1, 1, ?)",
                    (run, name, low, value, value, key),
                )
            said = {
                "model": f"m{at % 3}",
                **({"rare": "1"} if at in (5, 6) else {}),
                **({"old": "1"} if at < 60 else {}),
            }
            for name, text in said.items():
                db.execute("INSERT INTO _tags VALUES (?, ?, ?, ?, 0, 1, 0, 0)", (run, name, key, text))
            db.execute("INSERT INTO _properties VALUES (?, 'kind', ?, ?, 1, 0, 0)", (run, key, f"k{at % 2}"))
            for name, text in (("lr", ("0.1", ".1", "0.01")[at % 3]), ("seed", str(at)), ("word", f"w{at % 50}")):
                db.execute(
                    "INSERT INTO _params VALUES (?, ?, ?, ?, ?, 1, 0, 0)", (run, name, key, text, number_of(text))
                )


@pytest.fixture(scope="module")
def sizes() -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    with closing(sqlite3.connect(":memory:")) as few, closing(sqlite3.connect(":memory:")) as more:
        many(few, FEW)
        many(more, MORE)
        yield few, more


def searched(filter: str | None, order_by: str | None, experiment: int | None) -> Search:
    order = NEWEST_FIRST if order_by is None else parsed_order(order_by)
    return Search(experiment, None if filter is None else parsed(filter), order, most_sorted=MOST_SORTED)


def steps(db: sqlite3.Connection, search: Search, after: Position | None = None) -> int:
    """How many steps SQLite takes for a page: unlike times, these are the same each time."""
    ticks = count()
    db.set_progress_handler(lambda: next(ticks) and None, 10)
    records(db, [position.key for position in search.page(db, 20, after)])
    db.set_progress_handler(None, 10)
    return next(ticks)


@pytest.mark.parametrize("experiment", [1, None])
@pytest.mark.parametrize(("filter", "order_by"), SEARCHES)
def test_ten_times_the_runs_are_searched_in_as_many_steps(
    sizes: tuple[sqlite3.Connection, sqlite3.Connection],
    filter: str | None,
    order_by: str | None,
    experiment: int | None,
) -> None:
    search = searched(filter, order_by, experiment)
    first = [steps(db, search) for db in sizes]
    further = [steps(db, search, search.page(db, 20)[-1]) if len(search.page(db, 20)) == 20 else 0 for db in sizes]

    for few, more in (first, further):
        assert more <= few * 1.5 + 60


@pytest.mark.parametrize(("filter", "order_by"), SEARCHES)
def test_nothing_is_sorted_by_sqlite_or_gone_through_without_an_index(
    sizes: tuple[sqlite3.Connection, sqlite3.Connection], filter: str | None, order_by: str | None
) -> None:
    db, said = sizes[0], list[str]()
    db.set_trace_callback(said.append)
    searched(filter, order_by, 1).page(db, 20)
    db.set_trace_callback(None)

    # SQLite writes infinity in a way that it does not read.
    read = [re.sub(r"\bInf\b", "9e999", statement) for statement in said]
    plans = [str(row[3]) for statement in read for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]

    assert not [line for line in plans if "TEMP B-TREE" in line]
    # What is counted is what a condition with an index gives; experiments are few.
    scans = {line for line in plans if line.startswith("SCAN") and not re.match(r"SCAN \(subquery-\d+\)", line)}
    assert scans <= {"SCAN _experiments"}
