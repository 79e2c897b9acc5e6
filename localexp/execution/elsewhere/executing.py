"""Execute a run in the place to which it was exported: ``python -m localexp.execution.elsewhere PLACE``."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.execution import context, ending, preparing
from localexp.execution.bell import Bell
from localexp.execution.elsewhere.manifest import CHECKOUT, End, manifest_of
from localexp.execution.leash import Leash
from localexp.execution.supervising import supervise
from localexp.journal.writer import JournalWriter
from localexp.snapshot import known
from localexp.store import clock
from localexp.store.layout import STORE_FOLDER, Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.execution.ending import Outcome
    from localexp.execution.handover import Start


def execute(place: str) -> None:
    """Run the script of the run that was exported to a place, until it has ended.

    :raises UserErrorException: no run was exported to it, or that one has been executed.
    """
    home = FolderHome(place)
    home.claim()
    supervise(home, Bell())


class FolderHome:
    """A place to which a run was exported, as the home of the run."""

    def __init__(self, place: str) -> None:
        self.layout = Layout(os.path.join(place, STORE_FOLDER))
        self._manifest = manifest_of(self.layout)
        self.run = self.layout.run(self._manifest.experiment, self._manifest.run_id)
        self.run_id = self._manifest.run_id
        self.max_seconds = self._manifest.max_seconds
        self.ignores_parents = self._manifest.ignores_parents
        self._tree = self.layout.checkout(CHECKOUT)
        self._started_at: int | None = None

    def claim(self) -> None:
        """See to it that this process alone executes the run.

        :raises UserErrorException: another has.
        """
        try:
            open(self.run.claim, "xb").close()
        except FileExistsError:
            raise UserErrorException(
                f"run {self.run_id} has been executed here, or is being executed; bring it back"
            ) from None

    def exists(self) -> bool:
        return os.path.exists(self.layout.exported)

    def writer(self) -> JournalWriter:
        return JournalWriter(self.run, self.run_id, lambda: os.makedirs(self.run.journals, exist_ok=True))

    def is_canceled(self) -> bool:
        return os.path.exists(self.run.cancel)

    def leash(self, start: Start) -> Leash:
        """That of whoever executes it: the one who submitted it is on another machine, or done with it."""
        return Leash(os.environ)

    def has_interpreter(self, start: Start, is_to_end: Callable[[], bool]) -> bool:
        """Nothing that has to be built is exported."""
        return True

    def prepared(self, start: Start, writer: JournalWriter) -> str:
        os.makedirs(self.run.journals, exist_ok=True)
        os.makedirs(os.path.dirname(self.run.log), exist_ok=True)
        preparing.make_output_folders(self._tree, writer)
        return self._tree

    def environment(self, start: Start, folder: str) -> dict[str, str]:
        known_by = self._manifest
        given = {name: start.environment[name] for name in known_by.variables}
        of_run = context.variables(
            self.layout, self.run_id, known_by.experiment, known_by.experiment_id, known_by.workspace_name
        )
        here = context.without_run(dict(os.environ))
        return preparing.environment_in(self.layout, {**here, **given, **of_run}, start, folder)

    def say_running(self, script: int, started_at: int) -> bool:
        self._started_at = started_at
        return not self.is_canceled()

    def tidy(self) -> None:
        """There is nothing."""

    def look_up(self) -> bool:
        return self.is_canceled()

    def grace_seconds(self) -> float:
        return self._manifest.grace_seconds

    def sample_seconds(self) -> float:
        return self._manifest.sample_seconds

    def say_canceled(self, outcome: Outcome) -> None:
        """Nobody could take over."""

    def say_finalizing(self, outcome: Outcome) -> None:
        """Nobody would hear of it."""

    def end(self, outcome: Outcome, writer: JournalWriter, has_run: bool) -> None:
        with open(self.layout.exported_files, "rb") as file:
            records = known.unpacked(file.read())
        problem = ending.problem_with_files(self.run, self._tree, records, writer)
        if self.is_canceled():
            outcome = ending.canceled(outcome.exit_code)
        outcome.ended_at = clock.now()
        lost = writer.close()
        if lost:
            unsaid = f"{lost} record(s) of the supervisor could not be kept: {writer.problem}"
            problem = unsaid if problem is None else f"{problem}; {unsaid}"
        End(outcome, self._started_at, problem).keep(self.run)
