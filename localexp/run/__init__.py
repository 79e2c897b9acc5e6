"""Runs."""

from __future__ import annotations

from localexp.run.run import Run, get_run

__all__ = ["Run", "get_run"]
