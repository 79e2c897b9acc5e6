"""What is found to be wrong, and how it is shown where no test answers for it."""

from __future__ import annotations

from typing import NamedTuple

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Problem(NamedTuple):
    """``where`` stands for the id of a test, ``who`` for its name; ``text`` says what happened and what to do."""

    where: str
    who: str
    text: str


def show(config: pytest.Config, problems: Iterable[Problem]) -> None:
    """Have them be in the summary on the terminal, as errors of tests are."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    errors = terminal.stats.setdefault("error", [])
    for problem in problems:
        file = problem.where.partition("::")[0]
        location = file, None, problem.who
        errors.append(pytest.TestReport(problem.where, location, {}, "failed", problem.text, "teardown"))
