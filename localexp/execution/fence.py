"""Keep processes that a test session has started from workspaces that are not its own."""

from __future__ import annotations

import os
import sys

from localexp.errors import OutsideWorkspaceError
from localexp.observing import FENCE
from localexp.store.layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOW = "mark the test with @pytest.mark.localexp_outside"
SWITCH_OFF = "localexp_guard_workspaces = false in pytest's ini file switches this guard off"


def check(root: str) -> None:
    """Refuse a store that lies outside the folders which the environment names, one a line, and is to last.

    :raises OutsideWorkspaceError: it is refused.
    """
    __tracebackhide__ = True
    folders, folder = os.environ[FENCE].splitlines(), os.path.dirname(root)
    if folders and not any(lies_in(root, one) for one in folders) and not Layout(root).is_ephemeral:
        raise OutsideWorkspaceError(_message(folder, folders[0]), folder, f"process {os.getpid()}")


def let_in(environment: dict[str, str], root: str) -> None:
    """Have the script of a run open the store that the run is in, wherever its test was let begin it."""
    if environment.get(FENCE):
        environment[FENCE] += f"\n{os.path.dirname(root)}"


def lies_in(path: str, folder: str) -> bool:
    inner, outer = os.path.realpath(path), os.path.realpath(folder)
    if inner.startswith(os.path.join(outer, "")):
        return True
    # Where case is ignored, and below a mount, one folder goes by more than one name.
    return any(os.path.exists(above) and os.path.samefile(above, outer) for above in _folders_above(inner, outer))


def _folders_above(path: str, other: str) -> Iterator[str]:
    while os.path.exists(other) and path != (path := os.path.dirname(path)):
        yield path


def outside(folder: str) -> str:
    """How a message begins of a workspace that is refused."""
    real = os.path.realpath(folder)
    which = "" if real == folder else f"which is {real}; "
    return f"workspace outside the temporary folder of the tests: {folder} ({which}nothing was opened or made there)"


def _message(folder: str, within: str) -> str:
    command = " ".join(sys.orig_argv)[:200]
    lines = [
        outside(folder),
        f"  where: in a process that a test session has started, {os.getpid()}: {command!r}",
        f"  temporary folder: {within} (as {FENCE} says)",
        "  instead: use the fixture localexp_workspace, which sets LOCALEXP_WORKSPACE for it, or start it in tmp_path",
        f"  if it is meant: {ALLOW}; unset {FENCE} for that process; {SWITCH_OFF}",
    ]
    return "\n".join(lines)
