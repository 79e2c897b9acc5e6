"""A pytest plugin: real workspaces for tests."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from localexp.testing.assertions import assert_artifacts, assert_completed, assert_metrics
    from localexp.testing.context import as_context
    from localexp.testing.determinism import deterministic
    from localexp.testing.reports import report
    from localexp.testing.submitting import Submit

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")


class Finder:
    """Has Python import the modules of localexp while a session goes on, and not pytest.

    For the sake of assertions, of which there are none to rewrite here, that reads every module of a package with a
    plugin object by object: all that is imported of localexp would take half as long again.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        # Tests in a folder of that name may be called so too: these have assertions.
        if not name.startswith("localexp.") or not path or not os.path.join(path[0], "").startswith(_PACKAGE):
            return None
        return PathFinder.find_spec(name, path, target)

    @classmethod
    def remove(cls) -> None:
        # Else all of pytest is kept by it until the interpreter ends, which then takes longer.
        if cls in sys.meta_path:
            sys.meta_path.remove(cls)


sys.meta_path.insert(0, Finder)

from localexp.testing.plugin import (  # noqa: E402, F401 - for pytest, and after the finder that finds it
    localexp_experiment,
    localexp_run,
    localexp_session_experiment,
    localexp_session_run,
    localexp_session_submit,
    localexp_session_workspace,
    localexp_submit,
    localexp_workspace,
    pytest_addoption,
    pytest_collection_finish,
    pytest_configure,
    pytest_load_initial_conftests,
    pytest_runtest_makereport,
    pytest_testnodedown,
)

__all__ = ["Submit", "as_context", "assert_artifacts", "assert_completed", "assert_metrics", "deterministic", "report"]

_HOME = {
    "Submit": "localexp.testing.submitting",
    "as_context": "localexp.testing.context",
    "assert_artifacts": "localexp.testing.assertions",
    "assert_completed": "localexp.testing.assertions",
    "assert_metrics": "localexp.testing.assertions",
    "deterministic": "localexp.testing.determinism",
    "report": "localexp.testing.reports",
}


def __getattr__(name: str) -> object:
    # There is no __dir__ beside it: pytest asks a plugin for all that this has, and would have all imported.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
