"""What a test must not do, or leave behind; imported when one may have done it."""

from __future__ import annotations

import pytest

from localexp.testing.guards import runs, workspaces
from localexp.testing.guards.problems import Problem, show
from localexp.testing.plugin import OF_WORKER, RUNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.testing.session import Session

_JUDGED = frozenset([pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED])


def judge(session: Session, item: pytest.Item, has_failed: bool) -> None:
    """Fail a test that has been torn down if it did any of it; if it has failed already, its report says so too."""
    # In its report is also what has been printed, as by a script that ran inline and failed by this.
    told = "\n".join(text for _, _, text in item._report_sections) if has_failed else ""
    found = [*workspaces.unseen(session, told), *(runs.left_by_test(session) if session.guards(RUNS) else ())]
    if not found:
        return
    text = "\n\n".join(problem.text for problem in found)
    if has_failed:
        item.add_report_section("teardown", "localexp", text)
    else:
        pytest.fail(text, pytrace=False)


def judge_session(session: Session, ending: pytest.Session, exit_status: int) -> None:
    """Have a session fail for what no test of it answers for; a worker has its controller do so."""
    found = [*workspaces.unseen(session, is_over=True), *runs.left(session)]
    if session.is_interrupted or exit_status not in _JUDGED:
        # Whoever interrupts tests keeps them from cleaning up.
        return
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[OF_WORKER] = [tuple(problem) for problem in found]
        return
    problems = dict.fromkeys([*found, *(Problem(*parts) for parts in session.of_workers)])
    show(session.config, problems)
    if problems and exit_status == pytest.ExitCode.OK:
        ending.exitstatus = pytest.ExitCode.TESTS_FAILED
