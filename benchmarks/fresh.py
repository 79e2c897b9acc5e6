"""Measure Python as a process of its own, from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.environment import variables

_LAUNCHER = [sys.executable, "-I", "-S", os.path.join(os.path.dirname(__file__), "launcher.py")]


@dataclass(frozen=True)
class Cost:
    """What one process took; its peak memory is its largest resident set, ``core_milliseconds`` are of all cores."""

    milliseconds: float
    peak_megabytes: float
    core_milliseconds: float


def cost(code: str, folder: str, **more: str) -> Cost:
    """Run ``code`` in a fresh interpreter in ``folder``, with more environment variables."""
    return cost_of(["-c", code], folder, **more)


def cost_of(arguments: list[str], folder: str, **more: str) -> Cost:
    """Run an interpreter with these arguments, likewise; what it prints is left out."""
    command = [*_LAUNCHER, sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=variables(**more), check=True, stdout=subprocess.PIPE, text=True)
    seconds, peak, of_cores = done.stdout.splitlines()[-1].split()
    return Cost(float(seconds) * 1e3, float(peak) / 1e6, float(of_cores) * 1e3)
