"""What was logged, beyond what Azure ML gives back: steps, times and frames."""

from __future__ import annotations

from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from localexp.metrics.history import MetricHistory


class HistoryOfRun(RunCore):
    """The part of ``Run`` that is about the history of metrics. Azure ML has nothing like it."""

    def get_metric_history(self, name: str) -> MetricHistory:
        """Every value of a metric with its step and time, in columns: ``steps``, ``times`` and ``values``.

        They are numpy arrays where numpy is installed, otherwise of ``array.array``. Times are microseconds since the
        epoch, UTC. ``steps`` is None if no value was logged with one, else ``MetricHistory.NO_STEP`` stands where one
        is missing. Values that are not all numbers, rows and charts are a list.

        :param name: the metric; the columns are empty if the run has none of this name.
        """
        from localexp.metrics.history import NO_STEP, history
        from localexp.metrics.values import checked_name
        from localexp.store import points
        from localexp.store.moment import at_one_moment

        record, checked = self._current(), checked_name(name)
        with self._workspace._store.main.reading() as db, at_one_moment(db):
            return history(record.id, lambda: points.stretches(db, record.key, checked, NO_STEP))

    def get_metrics_frame(self) -> Any:
        """All that was logged as a pandas frame in long form: one row a value.

        The columns are ``metric``, ``step`` (Int64, missing where there was none), ``time`` (UTC), ``value``:
        integers or floats if all values of the run are such numbers, and none is an integer that a float beside it
        would round; otherwise objects. The metrics follow each other in the order in which they came up.

        :raises MissingExtraError: pandas is not installed; ``pip install 'localexp[frames]'`` brings it.
        """
        from localexp.report.frames import metrics_frame

        return metrics_frame(self._workspace._store, self._current())
