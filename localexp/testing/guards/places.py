"""Which line of the tests, or of what they test, is at work."""

from __future__ import annotations

import inspect
import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

    import pytest

_MACHINERY = frozenset(["localexp", "pytest", "_pytest"])
_STANDARD_LIBRARY = os.path.join(os.path.dirname(os.__file__), "")


class Place:
    """``text`` names the line, and also the test's own if another file or line was asked by it.

    ``is_import`` says that a module was being imported.
    """

    def __init__(self, text: str, is_import: bool) -> None:
        self.text = text
        self.is_import = is_import


def of_caller(config: pytest.Config, item: pytest.Item | None) -> Place:
    """The line outside localexp and pytest that led to where this is called, or else the test's first."""
    frames = list(_frames_of_tests(sys._getframe(1)))
    if not frames:
        return Place(_without_frames(item), is_import=False)
    code = frames[0].f_code
    innermost = _line(config, code, frames[0].f_lineno)
    test = next((frame for frame in reversed(frames) if not _is_installed(frame)), frames[-1])
    outermost = _line(config, test.f_code, test.f_lineno)
    text = innermost if innermost == outermost else f"{innermost}, called at {outermost}"
    return Place(text, is_import=code.co_name == "<module>" and _is_imported(frames[0]))


def _is_imported(frame: FrameType) -> bool:
    # A script that runs inline is not.
    return os.path.isabs(frame.f_code.co_filename) and frame.f_globals.get("__name__") != "__main__"


def _without_frames(item: pytest.Item | None) -> str:
    thread = threading.current_thread()
    if thread is not threading.main_thread():
        return f"an unknown line in thread {thread.name}"
    file, line, _ = ("an unknown line", None, "") if item is None else item.location
    return file if line is None else f"{file}:{line + 1}"


def of_function(config: pytest.Config, function: object) -> str:
    """The line at which a function begins, empty if it has none."""
    code: CodeType | None = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return "" if code is None else _line(config, code, code.co_firstlineno)


def _frames_of_tests(frame: FrameType | None) -> Iterator[FrameType]:
    """From within outwards, up to where pytest has called, which does so by its hooks."""
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package == "pluggy":
            return
        if not is_machinery(package, frame.f_code.co_filename):
            yield frame
        frame = frame.f_back


def is_machinery(package: str, file: str) -> bool:
    """Whether a line is of localexp, pytest or Python, by its outermost package and its file."""
    return (
        package in _MACHINERY
        or (package.startswith("pytest_") and "site-packages" in file)
        or file.startswith(("<frozen ", "<string>"))
        or (file.startswith(_STANDARD_LIBRARY) and "-packages" not in file)
    )


def _is_installed(frame: FrameType) -> bool:
    return "-packages" in frame.f_code.co_filename


def _line(config: pytest.Config, code: CodeType, number: int) -> str:
    root = os.path.join(str(config.rootpath), "")
    return f"{code.co_filename.removeprefix(root)}:{number}"
