"""What a run logs, and how it is read."""

from __future__ import annotations

import io
import os

from localexp.metrics.system import SAMPLED
from localexp.metrics.values import LARGEST_STEP, checked_name, checked_step, scalar, scalars
from localexp.run.artifact import Artifact
from localexp.run.listing import ListingOfRun
from localexp.run.uploads import UploadsOfRun
from localexp.store.artifacts import reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from localexp.store.values import Cell, Row, Scalar

_ELEMENTS_A_RECORD = 10_000


class LoggingOfRun(UploadsOfRun, ListingOfRun):
    """The part of ``Run`` that is about metrics."""

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log one value of a metric. It is kept when this returns, and survives the death of the process.

        :param name: any text; ``/`` makes groups. Those of what is sampled, as ``system/cpu_percent``, are taken with a
            warning: ``get_metrics`` leaves them out.
        :param value: a number, a text of up to 1,048,576 characters, a bool or None; scalars of numpy, torch, decimal
            and the like become Python's. (Azure ML keeps ``numpy.int64`` as a text.)
        :param description: any text, kept with the metric.
        :param step: an integer of 64 bits, kept with the value; ``get_metric_history`` gives it back.
        :raises UserErrorException: the value is no scalar, the name is in use for rows or charts, or the run has
            ended. A disk that is full and the like never raise: what could not be kept is counted, and the run
            carries a warning.
        """
        if type(name) is not str:
            name = checked_name(name)
        if name in SAMPLED:
            _warn_of_sampled(name)
        if type(value) is not float:
            value = scalar(name, value)
        if step is not None and not (type(step) is int and -LARGEST_STEP <= step <= LARGEST_STEP):
            step = checked_step(name, step)
        writer = self._writer or self._writer_for_metrics()
        if not writer.point(name, value, step):
            # It was closed by the end of the run; another thread or object may have brought that about.
            writer = self._writer_for_metrics()
            writer.point(name, value, step)
        if description:
            writer.describe(name, str(description))

    def log_metric(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """``log`` under the name that Azure ML's documentation uses for it, where the SDK has no such method."""
        self.log(name, value, description, step)

    def log_list(self, name: str, value: object, description: str = "") -> None:
        """Log several values of a metric in order, as if each had been logged.

        :param name: as for ``log``.
        :param value: a list, tuple, range, generator, array of one dimension, tensor or series of scalars. One that is
            empty is a no-op with a warning. (Azure ML raises AttributeError.)
        :param description: as for ``log``.
        :raises UserErrorException: it is no such thing, or an element is no scalar; nothing is logged then.
        """
        self._log_many(name, "list", scalars(checked_name(name), value), description)

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Log a row: one scalar a column, which are the further keywords.

        Rows of one name may have different columns: what a row lacks is None when it is read. (Azure ML cannot read
        such rows.)

        :param name: as for ``log``; like ``description``, it cannot name a column.
        :param description: as for ``log``.
        :raises UserErrorException: a cell is no scalar; or as ``log``.
        """
        from localexp.metrics.tables import row

        cells = row(checked_name(name), kwargs)
        self._log_many(name, "row", [cells] if cells else [], description)

    def log_table(self, name: str, value: object, description: str = "") -> None:
        """Log a table, whose rows follow those that the metric has.

        :param name: as for ``log``.
        :param value: a dict or data frame of columns by name, each a list, array or series of scalars, all of one
            length; or scalars, for a single row. A table without rows is a no-op with a warning.
        :param description: as for ``log``.
        :raises UserErrorException: it is no such thing, or its columns differ in length; or as ``log``.
        """
        from localexp.metrics.tables import rows

        self._log_many(name, "table", rows(checked_name(name), value), description)

    def log_image(
        self, name: str, path: str | os.PathLike[str] | None = None, plot: object = None, description: str = ""
    ) -> None:
        """Log an image, which becomes a file of the run.

        :param name: as for ``log``.
        :param path: an image file. Its artifact is named as the path is from the working directory, or as its last
            part outside of that; if the run has another image of that name, a number is added. (Azure ML refuses it.)
        :param plot: a figure of matplotlib, in place of ``path``. Its artifact is ``<name>_<seconds>.png``.
        :param description: as for ``log``.
        :raises UserErrorException: not exactly one of both is given, or it is no image; or as ``log``.
        :raises StoreError: the file cannot be kept, as on a full disk.
        """
        from localexp.execution import here
        from localexp.metrics import images
        from localexp.store import clock
        from localexp.store.artifacts import from_here, name_of

        name = checked_name(name)
        images.check_given(name, path, plot)
        if path is None:
            png = io.BytesIO(images.plot_png(plot))
            self._log_file(name, "image", f"{name_of(name)}_{clock.shown() // 1_000_000}.png", png, description)
        else:
            file = os.fsdecode(path)
            images.check_image(file)
            shown = from_here(file, here.current()).replace(os.sep, "/")
            self._log_file(name, "image", name_of(shown), file, description)

    def log_confusion_matrix(self, name: str, value: object, description: str = "") -> None:
        """Log a confusion matrix, which becomes a JSON file of the run.

        :param name: as for ``log``. The file has this name, with a number if the run has another of that name.
        :param value: a dict, or its JSON: ``{"schema_type": "confusion_matrix", "schema_version": "1.0.0", "data":
            {"class_labels": [...], "matrix": [[...], ...]}}``, with a row and a column a label.
        :param description: as for ``log``.
        :raises UserErrorException: it is not of that schema; or as ``log``. (Azure ML checks nothing.)
        :raises StoreError: the file cannot be kept, as on a full disk.
        """
        self._log_chart(name, "confusion_matrix", value, description)

    def log_accuracy_table(self, name: str, value: object, description: str = "") -> None:
        """Log an accuracy table, as ``log_confusion_matrix`` does a matrix.

        Its ``data`` has the lists ``probability_tables``, ``percentile_tables``, ``probability_thresholds``,
        ``percentile_thresholds`` and ``class_labels``.
        """
        self._log_chart(name, "accuracy_table", value, description)

    def log_residuals(self, name: str, value: object, description: str = "") -> None:
        """Log a histogram of residuals, as ``log_confusion_matrix`` does a matrix.

        Its ``data`` has the lists ``bin_edges`` and ``bin_counts``.
        """
        self._log_chart(name, "residuals", value, description)

    def log_predictions(self, name: str, value: object, description: str = "") -> None:
        """Log predictions by bins, as ``log_confusion_matrix`` does a matrix.

        Its ``data`` has the lists ``bin_averages``, ``bin_errors``, ``bin_counts`` and ``bin_edges``.
        """
        self._log_chart(name, "predictions", value, description)

    def flush(self, timeout_seconds: int = 300) -> None:
        """See to it that all that was logged is in the database; readers would do so themselves.

        :param timeout_seconds: taken for Azure ML's sake, and without effect.
        """
        self._current()

    def get_metrics(
        self, name: str | None = None, recursive: bool = False, run_type: str | None = None, populate: bool = False
    ) -> dict[str, Any]:
        """Metrics by name.

        Of one that was logged once it is the bare value, otherwise the list of its values in order; of rows and tables
        a dict of that by column. An image or chart is a text, ``aml://artifactId/ExperimentRun/dcid.<run>/<name>``.

        :param name: only this metric; the result is empty if there is none. Without it those that are sampled of
            submitted runs are left out: ``system/cpu_percent``, ``system/memory_rss_bytes``, ``system/gpu_percent``
            and ``system/gpu_memory_bytes``.
        :param recursive: a dict of that by run id, of this run and all below it; runs without metrics are absent.
        :param run_type: with ``recursive``, only runs of this type below this one.
        :param populate: an ``Artifact`` in place of the text for an image or chart; its ``data`` are the bytes. (Azure
            ML gives only the first that was logged.)
        """
        if not recursive:
            return self._own_metrics(name, populate)
        family = [self, *self.get_children(recursive=True, type=run_type)]
        by_run = {run.id: run._own_metrics(name, populate) for run in family}
        return {run_id: found for run_id, found in by_run.items() if found}

    # Below the surface

    def _own_metrics(self, name: str | None, populate: bool) -> dict[str, Any]:
        from localexp.metrics.shapes import shaped
        from localexp.store import points
        from localexp.store.moment import at_one_moment

        record = self._current()
        with self._workspace._store.main.reading() as db, at_one_moment(db):
            if name is None:
                found = points.values(db, record.key, but=SAMPLED)
            else:
                found = points.values(db, record.key, checked_name(name))
        return shaped(found, self._artifact if populate else self._artifact_address)

    def _artifact(self, name: str) -> Artifact:
        return Artifact._of(self._layout, self.id, name)

    def _artifact_address(self, name: str) -> str:
        return reference(self.id, name)

    def _log_many(self, name: str, kind: str, values: Sequence[Scalar | Row], description: str | None) -> None:
        from localexp.store.values import to_cell_of_many

        if not values:
            from warnings import warn

            warn(f"metric {name!r}: an empty {kind} logs nothing", UserWarning, stacklevel=3)
        for start in range(0, len(values), _ELEMENTS_A_RECORD):
            cell = to_cell_of_many(values[start : start + _ELEMENTS_A_RECORD])
            self._log_cell(name, kind, cell, description)

    def _log_chart(self, name: str, kind: str, value: object, description: str | None) -> None:
        from localexp.metrics import charts
        from localexp.store.artifacts import name_of

        name = checked_name(name)
        content = charts.chart_json(name, kind, value)
        self._log_file(name, kind, name_of(name), io.BytesIO(content), description)

    def _log_file(self, name: str, kind: str, artifact: str, source: str | io.BytesIO, description: str | None) -> None:
        from localexp.execution.uploads import store_numbered
        from localexp.store.values import Reference, to_cell

        writer = self._writer or self._writer_for_metrics()
        writer.check_kind(name, kind)
        with self._recorder() as record:
            artifact = store_numbered(self._layout, record, artifact, source)
        self._log_cell(name, kind, to_cell(Reference(artifact)), description)

    def _log_cell(self, name: str, kind: str, cell: Cell, description: str | None) -> None:
        writer = self._writer or self._writer_for_metrics()
        if not writer.cell(name, kind, cell):
            writer = self._writer_for_metrics()
            writer.cell(name, kind, cell)
        if description:
            writer.describe(name, str(description))


def _warn_of_sampled(name: str) -> None:
    from warnings import warn

    message = (
        f"the metric {name!r} has the name of what is sampled of runs: get_metrics() leaves it out; name it otherwise"
    )
    warn(message, UserWarning, stacklevel=3)
