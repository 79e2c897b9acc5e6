"""One thing that is not as it should be."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Finding:
    """What is wrong with ``subject``, an id or a path, and what to do about it.

    ``kind`` is a word for programs. ``mend``, if there is one, puts it right, or tries to, and harms nothing.
    """

    def __init__(
        self, kind: str, subject: str, message: str, advice: str, mend: Callable[[], object] | None = None
    ) -> None:
        self.kind = kind
        self.subject = subject
        self.message = message
        self.advice = advice
        self.mend = mend

    @property
    def identity(self) -> tuple[str, str]:
        """What it has in common with one that is found when somebody looks again."""
        return self.kind, self.subject
