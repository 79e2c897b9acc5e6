"""The command ``localexp``."""

from __future__ import annotations

from localexp.cli.main import main

__all__ = ["main"]
