"""Where a run is at home while its script runs: who supervises it asks and tells its home, and knows nothing else."""

from __future__ import annotations

from localexp.execution import ending, preparing, processes
from localexp.execution.leash import Leash
from localexp.store import checkouts, clock, determinism, owners, runs, settings, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from localexp.execution.ending import Outcome
    from localexp.execution.handover import Start
    from localexp.journal.writer import JournalWriter
    from localexp.store.layout import Layout, RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

    class Home(Protocol):
        """A store, or a folder that was exported of one. What fails in it raises LocalexpError or OSError."""

        layout: Layout
        run: RunLayout
        run_id: str

        @property
        def max_seconds(self) -> float | None:
            """How long the script may run."""

        @property
        def ignores_parents(self) -> bool:
            """Whether the snapshot was taken by the rules of ignore files above the source directory too."""

        def exists(self) -> bool:
            """Whether it is still where it was."""

        def writer(self) -> JournalWriter:
            """A new journal."""

        def is_canceled(self) -> bool:
            """Whether the script is to end, or not to begin."""

        def leash(self, start: Start) -> Leash:
            """The processes without which the script is not to go on."""

        def has_interpreter(self, start: Start, is_to_end: Callable[[], bool]) -> bool:
            """Have the interpreter of the script be there, built if need be; False if that is not to be any more.

            :raises UserErrorException: it cannot be built.
            """

        def prepared(self, start: Start, writer: JournalWriter) -> str:
            """The checkout in which the script is to run.

            :raises UserErrorException: something that it needs is gone.
            """

        def environment(self, start: Start, folder: str) -> dict[str, str]:
            """The environment of the script."""

        def say_running(self, script: int, started_at: int) -> bool:
            """Record the process of the script; False if the run was canceled meanwhile."""

        def tidy(self) -> None:
            """Do what nobody is to wait for."""

        def look_up(self) -> bool:
            """Take in what was said of the run so far; ``is_canceled``."""

        def grace_seconds(self) -> float:
            """How long a script that is to end may take for it."""

        def sample_seconds(self) -> float:
            """How often what the script takes is sampled, 0 for never."""

        def say_canceled(self, outcome: Outcome) -> None:
            """Record why the script is being ended though nobody asked for it, for whoever takes over from here."""

        def say_finalizing(self, outcome: Outcome) -> None:
            """Record that the script has ended, and of a failure why, for whoever takes over from here."""

        def end(self, outcome: Outcome, writer: JournalWriter, has_run: bool) -> None:
            """Keep what the script made, and record how the run ended.

            :param has_run: false if it is not known what became of the script.
            """


class StoreHome:
    """The store in which a run is recorded, for the process ``me`` that owns the run."""

    def __init__(self, store: Store, record: RunRecord, me: str) -> None:
        self.layout = store.layout
        self.run = store.layout.run(record.experiment_name, record.id)
        self.run_id = record.id
        self._store = store
        self._record = record
        self._me = me

    @property
    def max_seconds(self) -> float | None:
        return self._record.max_seconds

    @property
    def ignores_parents(self) -> bool:
        return bool(self._record.definition_parts().get("ignoreParents"))

    def exists(self) -> bool:
        return self._store.exists()

    def writer(self) -> JournalWriter:
        return ending.journal_writer(self._store, self._record)

    def is_canceled(self) -> bool:
        with self._store.main.reading() as db:
            return states.is_cancel_requested(db, self._record.key)

    def leash(self, start: Start) -> Leash:
        return Leash(start.environment, self.layout.goes_with)

    def has_interpreter(self, start: Start, is_to_end: Callable[[], bool]) -> bool:
        return preparing.has_interpreter(self._store, self._record, start, is_to_end)

    def prepared(self, start: Start, writer: JournalWriter) -> str:
        return preparing.checkout_of(self._store, self._record, self._me, start, writer)

    def environment(self, start: Start, folder: str) -> dict[str, str]:
        return preparing.environment(self._store, self._record, start, folder)

    def say_running(self, script: int, started_at: int) -> bool:
        with self._store.main.writing() as db:
            runs.set_process(db, self._record.key, str(owners.process(script)))
            return states.move(db, self._record.key, self._me, "Running", time=started_at)

    def tidy(self) -> None:
        self._store.blobs.tidy()

    def look_up(self) -> bool:
        from localexp.journal import fold

        # Of several ranks it would fold first what happens to be there first.
        if determinism.current is None:
            fold.fold(self._store, self._record.key, self.run)
        return self.is_canceled()

    def grace_seconds(self) -> float:
        with self._store.main.reading() as db:
            return settings.number(db, settings.GRACE_SECONDS)

    def sample_seconds(self) -> float:
        with self._store.main.reading() as db:
            return settings.number(db, settings.SAMPLE_SECONDS)

    def say_canceled(self, outcome: Outcome) -> None:
        with self._store.main.writing() as db:
            states.move(db, self._record.key, self._me, "CancelRequested", time=clock.now())
            runs.set_outcome(db, self._record.key, None, outcome.error)

    def say_finalizing(self, outcome: Outcome) -> None:
        status = "CancelRequested" if outcome.status == "Canceled" else "Finalizing"
        with self._store.main.writing() as db:
            if states.move(db, self._record.key, self._me, status, time=clock.now()) and outcome.error is not None:
                runs.set_outcome(db, self._record.key, outcome.exit_code, outcome.error)

    def end(self, outcome: Outcome, writer: JournalWriter, has_run: bool) -> None:
        is_tree_clean = has_run and not self._is_tree_lived_in()
        ending.end(self._store, self._record, self._me, outcome, writer, is_tree_clean)

    def _is_tree_lived_in(self) -> bool:
        with self._store.main.reading() as db:
            tree = checkouts.of_run(db, self._record.key)
        return tree is not None and processes.any_lives_in(self.layout.checkout(tree.folder))
