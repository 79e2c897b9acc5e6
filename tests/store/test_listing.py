"""A list of runs holds what a plain look at each run finds, in the order of the runs, whichever index it goes along."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp.store import experiments, schema, tags
from localexp.store.listing import Filter, Listing, Mark, Scope
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = st.sampled_from(["", "a", "b"])
VALUES = st.sampled_from([None, "", "1", "1.0"])
TYPES = st.sampled_from([None, "sweep", "azureml.scriptrun"])
STATES = st.sampled_from(["Completed", "Failed"])
MARKS = st.lists(
    st.builds(Mark, st.sampled_from(["tags", "properties"]), KEYS, VALUES, has_any_value=st.booleans()), max_size=3
)
FILTERS = st.builds(Filter, TYPES, st.one_of(st.none(), STATES), MARKS)


class Made:
    """One run as it was made: in one of two experiments, maybe below an earlier run of the same one."""

    def __init__(
        self,
        experiment: int,
        below: int | None,
        type: str | None,
        status: str,
        said: dict[str, str | None],
        removed: set[str],
        properties: dict[str, str | None],
    ) -> None:
        self.experiment = experiment
        self.below = below
        self.type = type
        self.status = status
        self.said = said
        self.removed = removed
        self.properties = properties
        self.key = 0
        self.parent: Made | None = None

    def __repr__(self) -> str:
        return f"Made{tuple(vars(self).values())}"

    @property
    def marks(self) -> dict[str, dict[str, str | None]]:
        kept = {key: value for key, value in self.said.items() if key not in self.removed}
        return {"tags": kept, "properties": self.properties}

    def is_below(self, key: int) -> bool:
        return self.parent is not None and (self.parent.key == key or self.parent.is_below(key))


MADE = st.builds(
    Made,
    st.sampled_from([1, 2]),
    st.one_of(st.none(), st.integers(1, 4)),
    TYPES,
    STATES,
    st.dictionaries(KEYS, VALUES),
    st.sets(KEYS),
    st.dictionaries(st.one_of(KEYS, st.just("azureml.runsource")), st.one_of(VALUES, st.just("sweep"))),
)


def store(db: sqlite3.Connection, every: list[Made]) -> None:
    db.executescript(schema.MAIN)
    for number in (1, 2):
        experiments.get_or_create(db, f"experiment-{number}", 1)
    for at, made in enumerate(every):
        above = None if made.below is None or made.below > at else every[at - made.below]
        made.parent = above if above is not None and above.experiment == made.experiment else None
        made.key = add_run(
            db,
            made.experiment,
            f"run-{at}",
            parent=None if made.parent is None else made.parent.key,
            type=made.type,
            status=made.status,
            said=made.said,
            properties=made.properties,
        )
        for key in made.removed:
            tags.put(db, made.key, key, None, (2, 0, 0), removed=True)


def is_in(made: Made, scope: Scope) -> bool:
    if scope.experiment is not None and made.experiment != scope.experiment:
        return False
    if scope.parent is not None:
        is_child = made.parent is not None and made.parent.key == scope.parent
        return is_child or (scope.is_deep and made.is_below(scope.parent))
    return scope.is_deep or made.parent is None or scope.experiment is None


def has(made: Made, wanted: Filter) -> bool:
    types = (made.type, made.properties.get("azureml.runsource"))
    return (
        (wanted.type is None or wanted.type in types)
        and wanted.status in (None, made.status)
        and all(
            mark.key in made.marks[mark.table]
            and (mark.has_any_value or made.marks[mark.table][mark.key] == mark.bound[-1])
            for mark in wanted.marks
        )
    )


def pages(db: sqlite3.Connection, listing: Listing) -> Iterator[int]:
    while not listing.is_at_end:
        yield from [record.key for record in listing.page(db)]


@given(st.lists(MADE, max_size=14), FILTERS, st.data(), st.integers(1, 5), st.integers(0, 9))
@settings(max_examples=50)
def test_a_list_holds_what_a_plain_look_at_each_run_finds(
    every: list[Made], wanted: Filter, data: st.DataObject, page_size: int, most_counted: int
) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        store(db, every)
        parents = [Scope(made.experiment, made.key, is_deep=deep) for made in every for deep in (False, True)]
        scope = data.draw(
            st.sampled_from([Scope(1), Scope(1, is_deep=True), Scope(2), Scope(None, is_deep=True), *parents])
        )

        found = [*pages(db, Listing(scope, wanted, page_size, most_counted))]

    assert found == sorted((made.key for made in every if is_in(made, scope) and has(made, wanted)), reverse=True)


class Statements:
    """The statements that a connection has run, each with what SQLite says of how it goes about them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.run: list[str] = []
        db.set_trace_callback(self.run.append)

    def plans(self) -> str:
        self._db.set_trace_callback(None)
        return "\n".join(
            str(row[3]) for statement in self.run for row in self._db.execute(f"EXPLAIN QUERY PLAN {statement}")
        )


@pytest.mark.parametrize(
    "scope",
    [Scope(1), Scope(1, is_deep=True), Scope(1, 1), Scope(1, 1, is_deep=True), Scope(None, is_deep=True)],
    ids=["top", "experiment", "children", "descendants", "all"],
)
@pytest.mark.parametrize(
    "marks",
    [
        [],
        [Mark("tags", "common", "1")],
        [Mark("tags", "rare", "1"), Mark("properties", "common", "1")],
        [Mark("tags", "rare", has_any_value=True)],
        [Mark("properties", "rare", None)],
    ],
    ids=["no mark", "common tag", "rare tag", "rare key", "rare property"],
)
def test_no_list_is_sorted_or_searched_through(scope: Scope, marks: list[Mark]) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        store(db, [])
        for at in range(30):
            said = {"common": "1", **({"rare": None} if at == 7 else {})}
            add_run(db, 1, f"run-{at}", parent=1 if at % 2 else None, said=said, properties=said)
        statements = Statements(db)

        for _ in pages(db, Listing(scope, Filter(marks=marks), most_counted=5)):
            pass
        plans = statements.plans()
    assert "TEMP B-TREE" not in plans
    # Of the steps of a recursion one goes through what the one before has found.
    assert {line for line in plans.splitlines() if line.startswith("SCAN")} <= {"SCAN family", "SCAN (subquery-1)"}


def steps(db: sqlite3.Connection, scope: Scope, marks: list[Mark]) -> int:
    """How many steps SQLite takes for a first page: unlike times, these are the same each time."""
    ticks = count()
    db.set_progress_handler(lambda: next(ticks) and None, 10)
    Listing(scope, Filter(marks=marks)).page(db)
    db.set_progress_handler(None, 10)
    return next(ticks)


def many(db: sqlite3.Connection, runs: int) -> None:
    """Two experiments of so many runs each, of which the second alone has what is common there."""
    store(db, [])
    for at in range(runs):
        said = {"model": f"m{at % 3}", "lr": str(at), **({"rare": "1"} if at in (5, 6) else {})}
        add_run(db, 1, f"one-{at}", said=said, properties=said)
        add_run(db, 2, f"two-{at}", said={"elsewhere": "1", "model": "other"})


@pytest.mark.parametrize(
    "marks",
    [
        [],
        [Mark("tags", "model", "m1")],
        [Mark("tags", "model", has_any_value=True)],
        [Mark("tags", "rare", "1")],
        [Mark("tags", "rare", has_any_value=True)],
        [Mark("tags", "rare", "1"), Mark("tags", "model", "m1")],
        [Mark("properties", "rare", "1"), Mark("tags", "model", has_any_value=True)],
        [Mark("tags", "lr", "77")],
        [Mark("tags", "elsewhere", "1")],
        [Mark("tags", "elsewhere", has_any_value=True)],
        [Mark("tags", "model", "other"), Mark("tags", "lr", has_any_value=True)],
        [Mark("tags", "nothing", "1")],
    ],
    ids=lambda marks: " ".join(f"{mark.key}{'' if mark.has_any_value else '=' + mark.bound[-1]}" for mark in marks),
)
def test_ten_times_the_runs_are_listed_in_as_many_steps(
    sizes: tuple[sqlite3.Connection, sqlite3.Connection], marks: list[Mark]
) -> None:
    few, more = (steps(db, Scope(1), marks) for db in sizes)

    assert more <= few * 1.1 + 2


@pytest.fixture(scope="module")
def sizes() -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    with closing(sqlite3.connect(":memory:")) as few, closing(sqlite3.connect(":memory:")) as more:
        many(few, 1_000)
        many(more, 10_000)
        yield few, more
