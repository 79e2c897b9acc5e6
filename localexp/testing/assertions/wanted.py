"""What a test expects of metrics, as scalars, lists and dicts, whatever it has written them as."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from localexp.errors import UserErrorException
from localexp.metrics.values import checked_name, scalar
from localexp.store.values import kind_text

# Of all functions here: what is wrong is wrong in the test.
__tracebackhide__ = True

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = frozenset([float, int, bool, type(None)])


def wanted(expected: object) -> dict[str, object]:
    """What is expected of each metric.

    :raises TypeError: it is no dict, or something in it can be compared with no metric.
    :raises UserErrorException: it is empty, a name is no text, or a value is larger than any that can be logged.
    """
    if not isinstance(expected, Mapping):
        raise TypeError(f"assert_metrics takes a dict of metrics by name second, not {kind_text(expected)}")
    if not expected:
        raise UserErrorException("assert_metrics was given no metric to look at; name one, as in {'loss': 0.5}")
    return {checked_name(name): _of_metric(name, value) for name, value in expected.items()}


def is_approx(value: object) -> bool:
    # The class is private, and its module is another one from version to version.
    return type(value).__module__.startswith("_pytest.") and hasattr(value, "expected")


def _of_metric(name: str, value: object) -> object:
    found = _plain(name, value)
    if isinstance(found, list) and any(isinstance(one, (list, dict)) for one in found):
        raise TypeError(
            f"metric {name!r}: a metric has no lists or dicts in a list; write rows and tables by column, as in "
            "{'epoch': [1, 2], 'loss': [0.5, 0.25]}"
        )
    return found


def _plain(name: str, value: object) -> object:
    kind = type(value)
    if kind in _PLAIN and (kind is not int or abs(value) < 2**63):  # type: ignore[arg-type]
        return value
    if is_approx(value):
        return _of_approx(name, value)
    if isinstance(value, Mapping):
        return {str(key): _plain(name, inner) for key, inner in value.items()}
    to_list = getattr(value, "tolist", None)
    # Of an array without dimensions this is a scalar.
    listed = to_list() if callable(to_list) else value
    if isinstance(listed, (list, tuple, range)):
        return [_plain(name, element) for element in listed]
    return _single(name, listed)


def _of_approx(name: str, value: Any) -> object:
    """An approximation of each element, so that the one that is wrong can be named."""
    inner = _plain(name, value.expected)
    if isinstance(inner, list):
        return [_approximately(one, value) for one in inner]
    if isinstance(inner, dict):
        return {key: _approximately(one, value) for key, one in inner.items()}
    # What is logged becomes a float, which cannot be compared with a decimal.
    return _approximately(inner, value) if isinstance(inner, float) else value


def _approximately(expected: object, like: Any) -> object:
    rel, tolerance = (None if one is None else float(one) for one in (like.rel, like.abs))
    return pytest.approx(expected, rel=rel, abs=tolerance, nan_ok=like.nan_ok)


def _single(name: str, value: object) -> object:
    try:
        return scalar(name, value)
    except UserErrorException:
        if isinstance(value, (str, int, float)):
            # It is larger than anything that can be logged.
            raise
    if hasattr(type(value), "__iter__") or type(value).__eq__ is object.__eq__:
        raise TypeError(f"metric {name!r}: nothing that is logged equals {_not_comparable(value)}")
    # Something that compares by itself, as unittest.mock.ANY does.
    return value


def _not_comparable(value: object) -> str:
    kind = kind_text(value)
    if hasattr(value, "to_dict"):
        return f"{kind}; write its columns, as DataFrame.to_dict('list') gives them"
    if callable(value):
        return f"{kind}; write a value, or look at what run.get_metrics() gives yourself"
    return f"{kind}; write a number, text, bool, None, approx(...), a list of these, or a dict of them by column"
