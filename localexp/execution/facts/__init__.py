"""What was so around a run when it was submitted: what it takes to have it again, and to say what differs later."""

from __future__ import annotations

from localexp.execution.facts.gathering import Facts, gathered, gathering, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.facts.comparison import Groups

__all__ = ["Facts", "differences", "gathered", "gathering", "record"]


def differences(recorded: Groups, now: Groups) -> list[str]:
    """Sentences that say what differs: Python, packages, platform and commit, as far as both are known."""
    # Not at the top: a run begins sooner without it.
    from localexp.execution.facts import comparison

    return comparison.differences(recorded, now)
