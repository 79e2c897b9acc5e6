"""The facts of every run that is deterministic, wherever it is."""

from __future__ import annotations

GROUPS: dict[str, dict[str, object]] = {
    "invocation": {"argv": ["test"], "script": None, "cwd": "{root}", "variables": {}, "otherVariables": []},
    "python": {"interpreter": "{python}", "version": "3.0.0", "implementation": "cpython"},
    "packages": {},
    "machine": {"platform": "Test 1.0", "machine": "test", "cpu": "Test", "cores": 1, "memoryBytes": 2**30},
    "git": {
        "repository": "https://example.com/test.git",
        "branch": "main",
        "commit": "0" * 40,
        "dirty": False,
    },
}
