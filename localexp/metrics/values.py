"""Logged values: what a script may hand over, and the Python value that it is kept as."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.store.values import kind_text, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.values import Scalar

LARGEST_STEP = 2**63 - 1
LARGEST_TEXT = 2**20
# As many digits as Python turns into a text without being told to.
_LARGEST_INTEGER = 10**4300 - 1


def scalar(name: str, value: object) -> Scalar:
    """The Python value nearest to a logged one: scalars of numpy, torch, decimal and the like become Python's.

    :raises UserErrorException: the value is not a scalar, or a text or integer too long to be kept as one.
    """
    kind = type(value)
    if kind is float or kind is bool or value is None:
        return value  # type: ignore[return-value]
    value = _number_or_text(name, value)
    if isinstance(value, str):
        return _checked_text(name, value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return _checked_integer(name, value)
    if isinstance(value, float):
        return float(value)
    raise UserErrorException(
        f"metric {name!r}: {kind_text(value)} is not a number, text, bool or None; log_list, log_row and "
        "log_table take more than one value"
    )


def scalars(name: str, values: object) -> list[Scalar]:
    """The elements of a list, tuple, range, generator, array, tensor or series as Python values.

    :raises UserErrorException: it cannot be iterated over, or is a dict or frame; or an element is no scalar.
    """
    elements = _listed(values)
    if isinstance(elements, (str, bytes, bytearray)):
        raise UserErrorException(f"metric {name!r}: {kind_text(values)} is no list; log takes a single value")
    if hasattr(elements, "keys"):
        # Iterated over, it would give its keys.
        raise UserErrorException(f"metric {name!r}: {kind_text(values)} is no list; log_table takes columns")
    try:
        iterator = iter(elements)  # type: ignore[call-overload]
    except TypeError as error:
        raise UserErrorException(
            f"metric {name!r}: {kind_text(values)} is no list; log takes a single value"
        ) from error
    return [scalar(name, element) for element in iterator]


def checked_name(name: object) -> str:
    """The name of a metric, which is a text.

    :raises UserErrorException: it is none.
    """
    if not isinstance(name, str):
        raise UserErrorException(f"the metric name {name!r} is of type {type(name).__name__}; name metrics by texts")
    return readable(_exact_text(name))


def checked_step(name: str, step: object) -> int:
    """A step as the integer that it stands for.

    :raises UserErrorException: it is none, or beyond 64 bits.
    """
    value = _number_or_text(name, step)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or not -LARGEST_STEP <= value <= LARGEST_STEP:
        raise UserErrorException(f"metric {name!r}: the step {step!r} is not an integer of 64 bits")
    return int(value)


def _number_or_text(name: str, value: object) -> object:
    try:
        return _plain(value)
    except (ArithmeticError, ValueError) as error:
        # A fraction that is larger than any float, a decimal that is a signaling NaN.
        raise UserErrorException(
            f"metric {name!r}: this {type(value).__name__} is no float: {error}; log it as a text"
        ) from error


def _plain(value: object) -> object:
    """A value of Python's own types that stands for this one; anything that is no scalar as it is."""
    if isinstance(value, (str, int, float)):
        return value
    value = _item(value)
    if isinstance(value, (str, int, float)):
        return value
    # numpy's dates would become nanoseconds, and its complex numbers their real part.
    if getattr(getattr(value, "dtype", None), "kind", "") in "mMcV" and hasattr(value, "dtype"):
        return value
    if type(value).__name__ == "NAType":
        # pandas': the cell that is missing.
        return None
    for convert in ("__index__", "__float__"):
        # Asked of its type: a class has the methods of what it would make.
        if hasattr(type(value), convert) and not hasattr(value, "__len__"):
            return int(value) if convert == "__index__" else float(value)  # type: ignore[call-overload,arg-type]
    return value


def _item(value: object) -> object:
    """What a scalar of numpy, torch and the like holds; anything else as it is."""
    item = getattr(value, "item", None)
    if not callable(item) or getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):
        return value
    try:
        found: object = item()
    except (TypeError, ValueError, RuntimeError):
        # It holds more than one value.
        return value
    return found


def _listed(values: object) -> object:
    to_list = getattr(values, "tolist", None)
    return to_list() if callable(to_list) else values


def _checked_text(name: str, text: str) -> str:
    if len(text) > LARGEST_TEXT:
        raise UserErrorException(
            f"metric {name!r}: a text of {len(text):,} characters is more than a value may have ({LARGEST_TEXT:,}); "
            "write it to a file and upload that with upload_file"
        )
    return readable(_exact_text(text))


def _exact_text(text: str) -> str:
    # Not str(), which of a member of an enumeration of texts gives its name.
    return str.__str__(text)


def _checked_integer(name: str, number: int) -> int:
    if not -_LARGEST_INTEGER <= number <= _LARGEST_INTEGER:
        raise UserErrorException(
            f"metric {name!r}: an integer of more than 4,300 digits is more than a value may have; log its logarithm, "
            "or upload it in a file"
        )
    return int(number)
