"""What a test says of a run. Each problem with it is in the message, not only the first."""

from __future__ import annotations

from localexp.testing.assertions.artifacts import assert_artifacts
from localexp.testing.assertions.completion import assert_completed
from localexp.testing.assertions.metrics import assert_metrics

__all__ = ["assert_artifacts", "assert_completed", "assert_metrics"]
