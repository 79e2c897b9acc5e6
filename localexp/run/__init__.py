"""Runs."""

from __future__ import annotations

from localexp.run.run import Run

__all__ = ["Run"]
