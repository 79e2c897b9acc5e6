"""Names that are absent on purpose say so when they are asked for: why, and what to use instead."""

from __future__ import annotations

from localexp.errors import AbsentImport, AbsentName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def refuse_absent(owner: type, name: str, subject: str) -> None:
    """Refuse an attribute that a class lacks on purpose; any other is left to the caller.

    :raises AbsentName: it is one.
    """
    advice = _advice((kind.__name__ for kind in owner.__mro__), name)
    if advice is not None:
        raise AbsentName(f"{subject} has no attribute {name!r}: {advice}")


def _advice(owners: Iterable[str], name: str) -> str | None:
    # Python itself asks for many names that begin so, as in copying and pickling, and none of ours does.
    if name.startswith("_"):
        return None
    from localexp.absent import ABSENT

    for owner in owners:
        if (owner, name) in ABSENT:
            why, instead = ABSENT[owner, name]
            return f"{why}; instead: {instead}"
    return None


class _AdvisingClass(type):
    """The class of ``Advising`` classes, for names that are asked of the class itself, as static methods are."""

    # Type checkers would take every attribute for granted, here and below.
    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> object:
            refuse_absent(cls, name, f"type object {cls.__name__!r}")
            return type.__getattribute__(cls, name)  # raises as Python does


class Advising(metaclass=_AdvisingClass):
    """A class that says of the attributes that it lacks on purpose why, and what to use instead."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            refuse_absent(type(self), name, f"{type(self).__name__!r} object")
            return object.__getattribute__(self, name)  # raises as Python does, or as the property did


def advising_import(module: str) -> Callable[[str], object]:
    """The ``__getattr__`` of a module that says the same of names that are imported from it.

    It raises an ImportError, as Python replaces the text of any AttributeError that an import has met.
    """

    def missing(name: str) -> object:
        advice = _advice(["imports"], name)
        if advice is not None:
            raise AbsentImport(f"cannot import name {name!r} from {module!r}: {advice}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return missing
