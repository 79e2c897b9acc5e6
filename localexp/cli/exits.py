"""The exit codes of all commands: a promise, and the one place in which they are written down."""

from __future__ import annotations

EVERY = {
    0: "done",
    1: "an error, which is one line on standard error, with a list below it where there is more to name",
    2: "a wrong command line",
    130: "interrupted by Ctrl-C",
}

_AS_SCRIPT = "what the script exited with, 128 and the number of the signal if one ended it, 1 if it never began"
# Of commands for which more than that holds.
OF_COMMANDS = {
    "submit": _AS_SCRIPT,
    "rerun": _AS_SCRIPT,
    "wait": "1 unless all runs are Completed",
    "cancel": "1 if a run cannot be canceled, though the others are",
    "verify": "1 if the metrics have drifted",
    "fsck": "1 if anything is damaged",
    "delete": "1 if one of the runs cannot be deleted, and then none is",
    "doctor": "1 if anything is wrong",
    "demo": "1 unless all its runs are Completed",
}


def grouped() -> dict[str, list[str]]:
    """The names of commands by what holds for all of them."""
    names: dict[str, list[str]] = {}
    for name, meaning in OF_COMMANDS.items():
        names.setdefault(meaning, []).append(name)
    return names


def text() -> str:
    """All of it on a few lines, for the help."""
    codes = ", ".join(f"{code} {meaning.partition(',')[0]}" for code, meaning in EVERY.items())
    others = "; ".join(f"of {' and '.join(map(repr, alike))} {meaning}" for meaning, alike in grouped().items())
    return f"Exit codes: {codes}; {others}."
