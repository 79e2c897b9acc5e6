"""What makes two submissions the same."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.launch import Submission
    from localexp.store.inputs import Input


def identity(submission: Submission, snapshot: str, inputs: list[Input]) -> str:
    """A hash of all that the outcome of a run is known to depend on; nothing of it can be read from the hash.

    Of environment variables only those count that the configuration sets.
    """
    from hashlib import blake2b

    parts = [
        snapshot,
        submission.script,
        submission.arguments,
        submission.command,
        _place(submission.interpreter),
        submission.variables,
        {one.path: one.hash for one in inputs},
    ]
    return blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


def _place(interpreter: str) -> list[str]:
    """Where an interpreter lies, and which it is, however it is spelled: virtual environments share one by links."""
    return [os.path.realpath(os.path.dirname(interpreter)), os.path.realpath(interpreter)]
