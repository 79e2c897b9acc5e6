"""What a virtual environment is to hold."""

from __future__ import annotations


class Wanted:
    """The virtual environment that a run wants: what is installed into it, by the Python ``interpreter``.

    ``id`` names it by its content: the version of that Python, and ``requirements`` as pip takes them line by line.
    """

    def __init__(self, identifier: str, interpreter: str, requirements: list[str]) -> None:
        self.id = identifier
        self.interpreter = interpreter
        self.requirements = requirements

    def definition(self) -> dict[str, object]:
        """What is kept of it in the definition of a run, beside its interpreter."""
        return {"id": self.id, "requirements": self.requirements}

    @classmethod
    def of(cls, definition: object, interpreter: str) -> Wanted | None:
        """What was kept, None if that was nothing."""
        if not isinstance(definition, dict):
            return None
        return cls(str(definition["id"]), interpreter, [str(line) for line in definition["requirements"]])
