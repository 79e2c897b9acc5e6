"""A pytest session within a test."""

from __future__ import annotations

import pytest

# What a session within a test imports is forgotten with it, and a module that is there twice knows only half of it.
import localexp.run.run
import localexp.testing.fixtures
import localexp.testing.guards
from tests.testing.nested import in_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Suite = Callable[..., pytest.RunResult]

__all__ = ["localexp"]


@pytest.fixture(autouse=True)
def no_automation_around_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it believes itself to be in one, pytest writes each message twice, the second time in its summary."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """To import all that the tests of localexp are run with takes longer than most of these sessions."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """Run tests of the pytester's folder in this process, one after the other as they are written, warnings allowed."""

    def run(*arguments: str) -> pytest.RunResult:
        return in_process(pytester, *arguments)

    return run
