"""Measure a few lines of Python as a process of their own, from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.environment import variables

_LAUNCHER = [sys.executable, "-I", "-S", os.path.join(os.path.dirname(__file__), "launcher.py")]


@dataclass(frozen=True)
class Cost:
    """What one process took; its peak memory is its largest resident set."""

    milliseconds: float
    peak_megabytes: float


def cost(code: str, folder: str, **more: str) -> Cost:
    """Run ``code`` in a fresh interpreter in ``folder``, with more environment variables."""
    command = [*_LAUNCHER, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=variables(**more), check=True, stdout=subprocess.PIPE, text=True)
    seconds, peak = done.stdout.split()
    return Cost(float(seconds) * 1e3, float(peak) / 1e6)
