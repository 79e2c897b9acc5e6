"""Facts in a few words."""

from __future__ import annotations

import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SHORT_COMMIT = 12


def brief(facts: object) -> dict[str, str]:
    """A line for each group of facts in the details of a run; those of packages and of the diff only count."""
    groups: dict[str, Any] = facts if isinstance(facts, dict) else {}
    return {name: line(groups[name]) for name, line in _LINES.items() if name in groups}


def _invocation(group: dict[str, Any]) -> str:
    return f"{shlex.join(group['argv'])} in {group['cwd']}"


def _python(group: dict[str, Any]) -> str:
    return f"{group['implementation']} {group['version']}, {group['interpreter']}"


def _packages(group: dict[str, Any]) -> str:
    return f"{len(group):,} distributions"


def _machine(group: dict[str, Any]) -> str:
    from localexp.snapshot.sizes import counted, human

    said = [group.get("platform"), group.get("machine"), group.get("cpu")]
    said += [counted(group["cores"], "core")] if "cores" in group else []
    said += [human(group["memoryBytes"])] if "memoryBytes" in group else []
    return ", ".join(str(one) for one in said if one)


def _git(group: dict[str, Any]) -> str:
    said = [group.get("repository"), group.get("branch"), str(group.get("commit", ""))[:_SHORT_COMMIT]]
    said += ["with uncommitted changes" if group["dirty"] else "clean"] if "dirty" in group else []
    return ", ".join(str(one) for one in said if one)


def _diff(group: str) -> str:
    from localexp.snapshot.sizes import counted

    return counted(len(group.splitlines()), "line")


_LINES: dict[str, Callable[[Any], str]] = {
    "invocation": _invocation,
    "python": _python,
    "packages": _packages,
    "machine": _machine,
    "git": _git,
    "diff": _diff,
}
