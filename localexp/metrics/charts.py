"""Charts: dicts of Azure ML's schemas, which are kept as JSON files of the run."""

from __future__ import annotations

import json

from localexp.errors import UserErrorException
from localexp.metrics.values import scalar
from localexp.store.values import kind_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Kind of metric: the parts that its data has.
PARTS = {
    "confusion_matrix": ("class_labels", "matrix"),
    "accuracy_table": (
        "probability_tables",
        "percentile_tables",
        "probability_thresholds",
        "percentile_thresholds",
        "class_labels",
    ),
    "residuals": ("bin_edges", "bin_counts"),
    "predictions": ("bin_averages", "bin_errors", "bin_counts", "bin_edges"),
}


def chart_json(name: str, kind: str, value: object) -> bytes:
    """The JSON of a chart, given as a dict or as JSON, with numbers of numpy and the like as Python's.

    :raises UserErrorException: it is no such thing, or not of the schema of its kind.
    """
    chart = _loaded(name, value) if isinstance(value, (str, bytes)) else value
    if not isinstance(chart, dict):
        raise _unfit(name, kind, f"{kind_text(chart)} is no dict")
    data = chart.get("data")
    if chart.get("schema_type") != kind:
        raise _unfit(name, kind, f"its schema_type is {chart.get('schema_type')!r}")
    if not isinstance(data, dict):
        raise _unfit(name, kind, "it has no dict 'data'")
    plain = _plain(name, data)
    assert isinstance(plain, dict)
    _check_data(name, kind, plain)
    return json.dumps({**_rest(name, chart), "data": plain}).encode()


def _rest(name: str, chart: dict[str, object]) -> dict[str, object]:
    return {str(key): _plain(name, value) for key, value in chart.items() if key != "data"}


def _loaded(name: str, text: str | bytes) -> object:
    try:
        found: object = json.loads(text)
    except ValueError as error:
        raise UserErrorException(f"metric {name!r}: the text is not JSON: {error}; give a dict or its JSON") from error
    return found


def _check_data(name: str, kind: str, data: Mapping[str, object]) -> None:
    for part in PARTS[kind]:
        if not isinstance(data.get(part), list):
            raise _unfit(name, kind, f"its data has no list {part!r}")
    if kind == "confusion_matrix":
        _check_matrix(name, data["class_labels"], data["matrix"])


def _check_matrix(name: str, labels: object, matrix: object) -> None:
    assert isinstance(labels, list)
    assert isinstance(matrix, list)
    lengths = [len(row) if isinstance(row, list) else None for row in matrix]
    if lengths != [len(labels)] * len(labels):
        raise _unfit(
            name, "confusion_matrix", f"its matrix has not {len(labels)} rows of {len(labels)} numbers, one a label"
        )
    if any(isinstance(cell, bool) or not isinstance(cell, (int, float)) for row in matrix for cell in row):
        raise _unfit(name, "confusion_matrix", "its matrix holds something that is no number")


def _plain(name: str, value: object) -> object:
    """The same of Python's own types, arrays as lists."""
    if isinstance(value, dict):
        return {str(key): _plain(name, inner) for key, inner in value.items()}
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        value = to_list()
    if isinstance(value, (list, tuple)):
        return [_plain(name, inner) for inner in value]
    return scalar(name, value)


def _unfit(name: str, kind: str, problem: str) -> UserErrorException:
    parts = ", ".join(repr(part) for part in PARTS[kind])
    return UserErrorException(
        f"metric {name!r} is no {kind}: {problem}; it is a dict of schema_type {kind!r}, schema_version, and data with "
        f"the lists {parts}"
    )
