"""assert_metrics."""

from __future__ import annotations

from localexp.metrics.system import SAMPLED
from localexp.testing.assertions.arguments import checked_run, standing
from localexp.testing.assertions.differing import of_metric
from localexp.testing.assertions.shown import (
    Problem,
    close_names,
    did_you_mean,
    name_text,
    names_text,
    told,
    value_text,
)
from localexp.testing.assertions.wanted import wanted

# Of all functions here: what is wrong is wrong in the test.
__tracebackhide__ = True

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from localexp.run import Run


def assert_metrics(run: Run, expected: Mapping[str, object]) -> None:
    """Fail the test unless a run has logged these metrics; those that are not named are not looked at.

    Of a run that goes on, what it has logged by now counts.

    :param run: the run; its child runs are not looked at.
    :param expected: by name: a number, text, bool, None or ``pytest.approx(...)`` is compared with the last value of
        the metric; a list, tuple, array or ``approx([...])`` with all its values in order, whether or not they are one.
        A dict is compared with rows or a table, each column by the same rule, and all columns have to be named; or with
        a chart, as it was logged. An image, or a chart, can be given by the name of its file, too. NaN equals NaN (in
        an ``approx`` with ``nan_ok=True``), and 1 equals 1.0, but not True.
    :raises AssertionError: something is otherwise; the message has all that is.
    :raises TypeError: ``run`` is no ``Run``, or ``expected`` is no such dict.
    :raises UserErrorException: ``expected`` is empty, or no metric could have one of its names or values.
    """
    checked, by_name = checked_run("assert_metrics", run), wanted(expected)
    logged = _logged(checked, by_name)
    problems = {name: _problems(name, value, logged) for name, value in by_name.items()}
    wrong = [name for name, found in problems.items() if found]
    if wrong:
        headline = f"metrics not as expected: {names_text(wrong)}"
        lines = told(headline, [one for found in problems.values() for one in found])
        missing = any(name not in logged for name in wrong)
        raise AssertionError("\n".join([*lines, *_below(checked, logged, missing)]))


def _logged(run: Run, names: Mapping[str, object]) -> dict[str, object]:
    logged: dict[str, object] = run.get_metrics(populate=True)
    for name in SAMPLED:
        if name in names:
            logged.update(run.get_metrics(name))
    return logged


def _problems(name: str, expected: object, logged: Mapping[str, object]) -> list[Problem]:
    if name in logged:
        return of_metric(name, expected, logged[name])
    close = did_you_mean(close_names(name, list(logged)))
    return [Problem(name_text(name), value_text(expected), "not logged", close)]


def _below(run: Run, logged: Mapping[str, object], is_one_missing: bool) -> list[str]:
    lines = [f"  {standing(run)}"]
    if not run._known().has_ended:
        lines.append("  it goes on: only what it has logged by now was compared")
    if is_one_missing:
        lines.append(f"  it has logged {names_text(logged, 10)}" if logged else "  it has logged no metrics")
    return lines
