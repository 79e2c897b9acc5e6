"""What is to be run, as plain data."""

from __future__ import annotations

from localexp.execution import interpreters, pythonpath
from localexp.snapshot import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.environments.wanted import Wanted
    from localexp.execution.interpreters import Python
    from localexp.execution.ranks import Ranks
    from localexp.store.runs import RunRecord


class Submission:
    """All that a run needs, as plain data: either ``script`` with ``arguments`` or ``command`` is given.

    ``script`` is relative to ``source``, which is absolute; ``arguments`` are texts; ``command`` goes to a shell, and
    begins with ``program`` if that has to be there. The run has a snapshot in any case while it goes on, for its
    checkout; ``keeps_snapshot`` says whether also afterwards. ``parent`` is the run that it is a child of,
    ``environment`` the name of the environment. With ``now`` it does not wait for its turn; after ``max_seconds`` of
    running it is canceled. ``inputs`` are paths in ``source``. ``wanted`` is the virtual environment that is built for
    it, by ``interpreter``, unless it is there; ``ranks`` the processes that it is to be, None for a single one.

    With ``reuses`` a Completed run of the same identity will do. ``origin`` is the id of the run that it is a rerun of,
    ``warnings`` what is to be known of that, and ``places`` the ``pythonPath`` which that one had.
    """

    def __init__(
        self,
        *,
        source: str,
        script: str | None,
        arguments: list[str],
        command: str | None,
        interpreter: str,
        variables: dict[str, str],
        target: str = "local",
        tags: dict[str, str | None] | None = None,
        run_id: str | None = None,
        parent: RunRecord | None = None,
        snapshot: take.Options | None = None,
        keeps_snapshot: bool = True,
        environment: str = "default-environment",
        inputs: list[str] | None = None,
        now: bool = False,
        max_seconds: float | None = None,
        program: str | None = None,
        wanted: Wanted | None = None,
        ranks: Ranks | None = None,
        reuses: bool = False,
        origin: str | None = None,
        places: list[str] | None = None,
        warnings: list[str] | None = None,
    ) -> None:
        self.source = source
        self.script = script
        self.arguments = arguments
        self.command = command
        self.interpreter = interpreter
        self.variables = variables
        self.target = target
        self.tags = tags or {}
        self.run_id = run_id
        self.snapshot = snapshot or take.Options()
        self.keeps_snapshot = keeps_snapshot
        self.parent = parent
        self.environment = environment
        self.inputs = [] if inputs is None else inputs
        self.now = now
        self.max_seconds = max_seconds
        self.program = program
        self.wanted = wanted
        self.ranks = ranks
        self.reuses = reuses
        self.origin = origin
        self._places = places
        self.warnings = [] if warnings is None else warnings
        self._python: Python | None = None

    @property
    def python(self) -> Python:
        """What the interpreter says of itself, asked once.

        :raises RunConfigurationException: it is no Python.
        """
        if self._python is None:
            self._python = interpreters.asked(self.interpreter)
        return self._python

    @property
    def places(self) -> list[str]:
        """Where its Python imports from inside the source directory, relative to that.

        :raises RunConfigurationException: the interpreter is no Python.
        """
        if self._places is None:
            self._places = pythonpath.places_in_source(self.source, self.python.entries)
        return self._places

    def definition(self) -> dict[str, object]:
        """What is kept of it. Of environment variables it is the names: values are often secrets."""
        return {
            "script": self.script,
            "arguments": self.arguments,
            "command": self.command,
            "target": self.target,
            "environment": self.environment,
            "interpreter": self.interpreter,
            "sourceDirectory": self.source,
            "pythonPath": self.places,
            "environmentVariables": sorted(self.variables),
            "snapshotProject": self.keeps_snapshot,
            "inputs": self.inputs,
            "ignoreParents": self.snapshot.ignore_parents,
            "maxRunDurationSeconds": self.max_seconds,
            "build": None if self.wanted is None else self.wanted.definition(),
            "distributed": None if self.ranks is None else self.ranks.definition(),
        }
