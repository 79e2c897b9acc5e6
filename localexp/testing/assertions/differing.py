"""Where what was logged is not what was expected."""

from __future__ import annotations

import json
import math
from itertools import islice

from localexp.run.artifact import Artifact
from localexp.store.values import is_number
from localexp.testing.assertions.shown import (
    Problem,
    close_names,
    did_you_mean,
    name_text,
    texts_of_two,
    value_text,
)
from localexp.testing.assertions.wanted import is_approx

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTHING = "nothing"
# As approx has it unless told otherwise.
_ROUNDING = 1e-6


def of_metric(name: str, expected: object, logged: object) -> list[Problem]:
    """The problems with a metric.

    :param expected: as ``wanted`` gives it.
    :param logged: as ``get_metrics(populate=True)`` gives it.
    """
    place = name_text(name)
    if not isinstance(logged, dict):
        return list(_of_series(place, expected, logged))
    if not isinstance(expected, dict):
        return [Problem(place, value_text(expected), value_text(logged), "of rows or a table: write a dict by column")]
    return list(_of_columns(place, expected, logged))


def _of_columns(place: str, expected: dict[str, object], logged: dict[str, object]) -> Iterator[Problem]:
    for column, wanted in expected.items():
        if column in logged:
            yield from _of_series(_inside(place, column), wanted, logged[column])
        else:
            close = did_you_mean(close_names(column, list(logged)))
            yield Problem(_inside(place, column), value_text(wanted), "no such column", close)
    yield from _besides(place, expected, logged, "every column is to be named")


def _besides(place: str, expected: dict[str, object], got: dict[str, object], remark: str = "") -> Iterator[Problem]:
    for key, value in got.items():
        if key not in expected:
            yield Problem(_inside(place, key), _NOTHING, value_text(value), remark)


def _of_series(place: str, expected: object, logged: object) -> Iterator[Problem]:
    """A list is compared with all values, whether or not these are one, and anything else with the last of them."""
    series = logged if isinstance(logged, list) else [logged]
    if isinstance(expected, list):
        yield from _of_lists(place, expected, series)
        return
    remark = f"the last of {len(series):,} values" if len(series) > 1 else ""
    last = series[-1]
    if isinstance(expected, dict) and isinstance(last, Artifact):
        yield from _of_file(place, expected, last)
    elif isinstance(expected, dict):
        yield Problem(place, value_text(expected), value_text(last), "no rows and no table")
    elif not _is_same(expected, last):
        yield _of_two(place, expected, last, remark)


def _of_file(place: str, expected: dict[str, object], file: Artifact) -> Iterator[Problem]:
    """A chart is what the JSON in its file says."""
    try:
        chart = json.loads(file.data)
    except ValueError:
        yield Problem(place, "a chart", value_text(file), "a file that is no JSON: write its name")
    else:
        yield from _of_parts(place, expected, chart)


def _of_parts(place: str, expected: object, got: object) -> Iterator[Problem]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, wanted in expected.items():
            if key in got:
                yield from _of_parts(_inside(place, key), wanted, got[key])
            else:
                yield Problem(_inside(place, key), value_text(wanted), _NOTHING)
        yield from _besides(place, expected, got)
    elif isinstance(expected, list) and isinstance(got, list):
        yield from _of_lists(place, expected, got)
    elif not _is_same(expected, got):
        yield _of_two(place, expected, got)


def _of_lists(place: str, expected: list[object], got: list[object]) -> Iterator[Problem]:
    if len(expected) != len(got):
        yield Problem(f"len({place})", f"{len(expected):,}", f"{len(got):,}")
    differing = [at for at, (one, other) in enumerate(zip(expected, got, strict=False)) if not _is_same(one, other)]
    if differing:
        at = differing[0]
        remark = f"the first of {len(differing):,} that differ" if len(differing) > 1 else ""
        yield from _of_elements(f"{place}[{at}]", expected[at], got[at], remark)
    elif len(expected) != len(got):
        at = min(len(expected), len(got))
        yield Problem(f"{place}[{at}]", *(_element_text(values, at) for values in (expected, got)))


def _of_elements(place: str, expected: object, got: object, remark: str) -> Iterator[Problem]:
    if isinstance(expected, (list, dict)) and isinstance(got, (list, dict)):
        yield from _of_parts(place, expected, got)
    else:
        yield _of_two(place, expected, got, remark)


def _element_text(values: list[object], at: int) -> str:
    return next(map(value_text, islice(values, at, None)), _NOTHING)


def _of_two(place: str, expected: object, got: object, remark: str = "") -> Problem:
    if isinstance(expected, str) and isinstance(got, str):
        one, other, where = texts_of_two(expected, got)
        return Problem(place, one, other, where or remark)
    return Problem(place, value_text(expected), value_text(got), _advice(expected, got) or remark)


def _advice(expected: object, got: object) -> str:
    if is_approx(expected):
        inner = getattr(expected, "expected", None)
        both_are_nan = inner != inner and got != got
        return "approx(..., nan_ok=True) takes NaN for equal" if both_are_nan else ""
    if (
        is_number(expected)
        and is_number(got)
        and isinstance(got, float)
        and math.isclose(expected, got, rel_tol=_ROUNDING)
    ):
        return f"approx({expected}) allows for rounding"
    return ""


def _is_same(expected: object, got: object) -> bool:
    if isinstance(got, Artifact):
        return expected in (got.name, got.data_location)
    if is_number(expected):
        return is_number(got) and (expected == got or (expected != expected and got != got))
    if isinstance(expected, (list, dict)) and isinstance(got, (list, dict)):
        return next(_of_parts("", expected, got), None) is None
    if isinstance(expected, (bool, str)) or expected is None:
        return type(expected) is type(got) and expected == got
    try:
        return bool(expected == got)
    except OverflowError:
        # An approximation of a float, and an integer that is larger than any.
        return False


def _inside(place: str, key: str) -> str:
    return f"{place}[{name_text(repr(key))}]"
