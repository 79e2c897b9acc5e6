"""A run that stands in for the one that a script would be."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.run import Run


@contextmanager
def as_context(run: Run) -> Iterator[Run]:
    """Within the block ``Run.get_context()`` gives this run, in all threads of this process.

    So code that was written for a script can be called as it is. What calls ``complete()`` or ``fail()`` there ends an
    interactive run, which does not end a script. Of several blocks the one that was entered last counts; a script that
    runs inline meanwhile still finds the run that it is. A process that is forked within the block finds it too; one
    that is spawned does not: hand it the run, which can be pickled.

    :raises UserErrorException: this is no run.
    """
    from localexp.errors import UserErrorException
    from localexp.run import Run

    if not isinstance(run, Run):
        raise UserErrorException(f"{run!r} cannot stand in for the run of a script: give a Run, as localexp_run is one")
    with pytest.MonkeyPatch.context() as patch:
        leave_outer_run(patch)
        with _standing_in(run):
            yield run


def leave_outer_run(patch: pytest.MonkeyPatch) -> None:
    """Have nobody see that the tests may themselves have been started by a run."""
    from localexp.execution.context import OF_RUNS

    for name in OF_RUNS:
        if name in os.environ:
            patch.delenv(name)


@contextmanager
def _standing_in(run: Run) -> Iterator[None]:
    from localexp.run.run import _standing_in as those

    those.append(run)
    try:
        yield
    finally:
        # Maybe not the last: a fixture of the session may have been set up within a test.
        del those[max(at for at, other in enumerate(those) if other is run)]
