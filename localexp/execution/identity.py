"""What makes two submissions the same."""

from __future__ import annotations

import json
import os

from localexp.execution.facts import packages
from localexp.store import determinism
from localexp.store.telling import all_told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.submission import Submission
    from localexp.store.inputs import Input

# What is hashed has changed once: before, neither packages nor versions were.
_VERSION = 2


def identity(submission: Submission, snapshot: str, inputs: list[Input]) -> str:
    """A hash of all that the outcome of a run is known to depend on; nothing of it can be read from the hash.

    Of environment variables only those count that the configuration sets, and where those of the process have Python
    import from inside the source directory.
    """
    from hashlib import blake2b

    parts = [
        _VERSION,
        snapshot,
        submission.script,
        submission.arguments,
        submission.command,
        _places(submission),
        _environment(submission),
        submission.variables,
        {one.path: one.hash for one in inputs},
        None if submission.ranks is None else submission.ranks.definition(),
    ]
    return blake2b(json.dumps(all_told(parts), sort_keys=True).encode(), digest_size=16).hexdigest()


def _environment(submission: Submission) -> list[object]:
    """What a script can import besides its source: what its interpreter has, or what is built for it."""
    if submission.wanted is not None:
        return [submission.wanted.id]
    if determinism.current is not None:
        return [_place(submission.interpreter)]
    python = submission.python
    found = packages.digest(packages.installed(python.entries))
    return [_place(submission.interpreter), python.implementation, python.version, found]


def _places(submission: Submission) -> list[str]:
    """Where it imports from in the source directory besides the folder of the script, which comes first anyway."""
    own = None if submission.script is None else os.path.dirname(os.path.normpath(submission.script)) or os.curdir
    return [place for place in submission.places if place != own]


def _place(interpreter: str) -> list[str]:
    """Where an interpreter lies, and which it is, however it is spelled: virtual environments share one by links."""
    return [os.path.realpath(os.path.dirname(interpreter)), os.path.realpath(interpreter)]
