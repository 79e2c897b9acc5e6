"""The processes that a distributed script is."""

from __future__ import annotations


class Ranks:
    """How many processes a script is, and who starts them: ``"pytorch"`` (this package) or ``"mpi"``.

    ``backend`` is what the processes are told to communicate by, as ``"Nccl"``; it has no effect of its own.
    """

    def __init__(self, kind: str, count: int, backend: str = "") -> None:
        self.kind = kind
        self.count = count
        self.backend = backend

    def definition(self) -> dict[str, object]:
        """What is kept of it in the definition of a run."""
        return {"kind": self.kind, "processCount": self.count, "communicationBackend": self.backend}

    @classmethod
    def of(cls, definition: object) -> Ranks | None:
        """What was kept, None if that was nothing."""
        if not isinstance(definition, dict):
            return None
        count = definition["processCount"]
        return cls(str(definition["kind"]), int(count), str(definition["communicationBackend"]))

    def texts(self) -> list[str]:
        """It as texts, for ``of_texts``."""
        return [self.kind, str(self.count), self.backend]

    @classmethod
    def of_texts(cls, texts: list[str]) -> Ranks:
        kind, count, backend = texts
        return cls(kind, int(count), backend)
