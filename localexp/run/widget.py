"""RunDetails: a run that shows in a notebook how it goes on."""

from __future__ import annotations

import os
import sys
import threading
import time
from zlib import crc32

from localexp.errors import LocalexpError, UserErrorException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from localexp.run.run import Run
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_SHORTEST_PAUSE = 1.0
# Showing takes at most this part of the time, however much there is to be shown.
_PART_OF_THE_TIME = 0.05
_LINES_OF_LOG = 200


class RunDetails:
    """A view of a run that follows it until it has ended. It needs no extension of the notebook.

    :param run_instance: the run.
    :raises UserErrorException: it is no run of a workspace.
    """

    def __init__(self, run_instance: Run) -> None:
        if not isinstance(run_instance, RunCore):
            raise UserErrorException(
                f"RunDetails shows a run of a workspace, not {run_instance!r}; Run.get(workspace, run_id) finds one"
            )
        self._run = run_instance

    def __repr__(self) -> str:
        return f"RunDetails({self._run!r})"

    def show(
        self, render_lib: Callable[[str], object] | None = None, widget_settings: Mapping[str, object] | None = None
    ) -> None:
        """Show the run below the cell of a notebook, and return at once; what is shown changes until the run has ended.

        A thread looks at the run about once a second, and sends what has changed: the status, the last values of the
        metrics and their curves, the last lines of the log. All views of a run in a notebook are kept up to date by
        one thread, which ends with the kernel. Without a notebook the status and the address of the page of the run
        are printed, once.

        :param render_lib: a function that shows HTML, as ``displayHTML`` of Databricks. It is called once, with the run
            as it stands, and nothing changes afterwards.
        :param widget_settings: has no effect.
        :raises RunNotFound: the run was deleted.
        """
        record = self._run._current()
        if render_lib is not None:
            render_lib(_html(self._store, record))
        elif _is_in_a_notebook():
            _display(self._store, record)
        else:
            print(f"RunId: {record.id}\nStatus: {record.status}\nWeb View: {self._run.get_portal_url()}")

    def get_widget_data(self, widget_settings: Mapping[str, object] | None = None) -> dict[str, Any]:
        """What there is to be shown, as plain data, under those of Azure ML's names that have something here.

        ``status``, ``run_id``, ``workbench_run_details_uri`` (the address of the run's page, which is written anew),
        ``run_properties`` (``run.get_details()``), ``run_metrics`` (of each its ``name``, ``run_id``, ``categories``
        and ``series``), ``run_logs`` (the last 200 lines) and ``widget_settings`` as they were given.

        :param widget_settings: comes back unchanged.
        :raises RunNotFound: the run was deleted.
        """
        from localexp.report.log_tail import last_lines

        details = self._run.get_details()
        return {
            "status": details["status"],
            "workbench_run_details_uri": self._run.get_portal_url(),
            "run_id": self._run.id,
            "run_properties": details,
            "run_metrics": [self._metric(name, value) for name, value in self._run.get_metrics().items()],
            "run_logs": "\n".join(last_lines(self._run._layout, _LINES_OF_LOG)),
            "widget_settings": widget_settings,
        }

    def _metric(self, name: str, value: object) -> dict[str, object]:
        values = value if isinstance(value, list) else [value]
        return {
            "name": name,
            "run_id": self._run.id,
            "categories": list(range(len(values))),
            "series": [{"data": values}],
        }

    @property
    def _store(self) -> Store:
        return self._run._workspace._store


def _is_in_a_notebook() -> bool:
    """Whether this is the kernel of one, or of something else that shows what kernels send."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _html(store: Store, record: RunRecord) -> str:
    from localexp.report.notebook import run_html

    return run_html(store, record, has_log=True)


def _display(store: Store, record: RunRecord) -> None:
    from IPython.display import display

    follower = _Follower(store, record)
    display(follower.shown, raw=True, display_id=follower.view)
    if not record.has_ended:
        follower.start()


_followers: dict[str, _Follower] = {}
_changing_followers = threading.Lock()


class _Follower(threading.Thread):
    """Keeps all views of a run up to date, until it has ended or another one has been started for it.

    As all have one name, a cell that is executed again and again does not leave a thread behind each time.
    """

    def __init__(self, store: Store, record: RunRecord) -> None:
        self.view = f"localexp-{crc32(os.fsencode(store.layout.root)):08x}-{record.id}"
        # A kernel is not kept from ending.
        super().__init__(name=f"RunDetails of {record.id}", daemon=True)
        self._store = store
        self._record = record
        self.shown = _bundle(record.status, _html(store, record))

    def start(self) -> None:
        with _changing_followers:
            _followers[self.view] = self
        super().start()

    def run(self) -> None:
        from IPython.display import update_display

        is_over, pause = False, _SHORTEST_PAUSE
        while not is_over:
            time.sleep(pause)
            begin = time.monotonic()
            is_over, shown = self._look()
            if _followers.get(self.view) is not self:
                return
            # The end is sent in any case: whoever followed before may have sent something just now.
            if is_over or shown != self.shown:
                self.shown = shown
                update_display(shown, raw=True, display_id=self.view)
            pause = max(_SHORTEST_PAUSE, (time.monotonic() - begin) / _PART_OF_THE_TIME)
        with _changing_followers:
            if _followers.get(self.view) is self:
                del _followers[self.view]

    def _look(self) -> tuple[bool, dict[str, str]]:
        """Whether this is the last time, and what there is to be seen."""
        from localexp.execution.ownership import current
        from localexp.report.notebook import problem_html
        from localexp.store import runs

        try:
            with self._store.main.reading() as db:
                record = runs.anew(db, self._record)
            record = current(self._store, record)
            return record.has_ended, _bundle(record.status, _html(self._store, record))
        except LocalexpError as error:
            return True, _bundle("unknown", problem_html(f"{self._record.id} is not followed any more: {error}"))


def _bundle(status: str, html: str) -> dict[str, str]:
    return {"text/html": html, "text/plain": f"RunDetails: {status}"}
