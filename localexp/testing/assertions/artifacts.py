"""assert_artifacts."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.store.artifacts import without_here
from localexp.store.owners import this_process
from localexp.store.values import kind_text
from localexp.testing.assertions.arguments import checked_run, standing
from localexp.testing.assertions.shown import close_names, cut, did_you_mean, names_text

# Of all functions here: what is wrong is wrong in the test.
__tracebackhide__ = True

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localexp.run import Run

_MOST_SHOWN = 10


def assert_artifacts(run: Run, names: Iterable[str | os.PathLike[str]]) -> None:
    """Fail the test unless a run has these files; others that it has do not matter.

    Of a script that goes on, what it has written by now counts.

    :param run: the run; its child runs are not looked at.
    :param names: their names as in ``run.get_file_names()``, as ``"outputs/model.pkl"``.
    :raises AssertionError: one is missing, or is recorded and has been removed; the message has all.
    :raises TypeError: ``run`` is no ``Run``, or ``names`` is no list of names.
    :raises UserErrorException: ``names`` is empty.
    """
    from localexp.execution import files

    checked, wanted = checked_run("assert_artifacts", run), _checked_names(names)
    record = checked._current()
    there = files.by_name(checked._workspace._store, record)
    # Interactive, and of this process; of one that has ended nobody knows the process.
    is_given_files = record.type is None and record.owner in (None, str(this_process()))
    problems = {name: why for name in wanted if (why := _problem(name, there, is_given_files)) is not None}
    if problems:
        noun = "artifact" if len(problems) == 1 else "artifacts"
        lines = [f"  {cut(repr(name))}: {why}" for name, why in problems.items()]
        has = f"it has {names_text(there, _MOST_SHOWN)}" if there else "it has no files"
        headline = f"{noun} missing: {names_text(problems)}"
        raise AssertionError("\n".join([headline, *lines, f"  {standing(checked)}", f"  {has}"]))


def _checked_names(names: object) -> list[str]:
    if isinstance(names, (str, os.PathLike)):
        raise TypeError(f"assert_artifacts takes a list of names: write [{os.fspath(names)!r}]")
    if not hasattr(names, "__iter__"):
        raise TypeError(f"assert_artifacts takes a list of names second, not {kind_text(names)}")
    found = [_checked_name(name) for name in names]
    if not found:
        raise UserErrorException("assert_artifacts was given no name to look for, as 'outputs/model.pkl'")
    return found


def _checked_name(name: object) -> str:
    if not isinstance(name, (str, os.PathLike)):
        raise TypeError(f"the name of an artifact is a text or a path, not {name!r}")
    text = os.fspath(name)
    return without_here(text if isinstance(name, str) else str(text).replace(os.sep, "/"))


def _problem(name: str, there: Mapping[str, str], is_given_files: bool) -> str | None:
    if name in there:
        path = there[name]
        return None if os.path.exists(path) else f"it is recorded, but its file has been removed: {path}"
    inside = [one for one in there if one.startswith(f"{name.rstrip('/')}/")]
    if inside:
        return f"a folder; name files in it: {names_text(inside)}"
    if is_given_files and _is_here(name):
        return (
            "it is in the current directory, but was not uploaded: write run.upload_file(name, path), or run a script "
            "by localexp_submit, which keeps outputs/"
        )
    return did_you_mean(close_names(name, list(there))) or "no file has a name like this"


def _is_here(name: str) -> bool:
    return os.path.isfile(name) and not os.path.isabs(name) and ".." not in name.split("/")
