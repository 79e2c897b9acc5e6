"""The beginning and the end of a run, and waiting for it."""

from __future__ import annotations

import os
import sys

from localexp.errors import ActivityFailedException, StoreError, UserErrorException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeVar

    from localexp.execution.ending import Outcome

    AnyRun = TypeVar("AnyRun", bound="LifecycleOfRun")


class LifecycleOfRun(RunCore):
    """The part of ``Run`` that is about its states."""

    def wait_for_completion(
        self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True
    ) -> dict[str, Any]:
        """Wait until the run has ended, and return its details.

        Unlike Azure ML's, this works for interactive runs of other processes too, and Ctrl-C raises KeyboardInterrupt;
        the run goes on.

        :param show_output: copy the log to standard output while waiting, with a head and a summary.
        :param wait_post_processing: has no effect: what comes after the script is waited for in any case.
        :param raise_on_error: raise if the run failed. One that was canceled never raises.
        :raises ActivityFailedException: the run is Failed; its message ends with the reason.
        :raises UserErrorException: the run is that of this very process, or the script that started it.
        """
        from localexp.execution import ending

        found = self._waited(show_output)
        error = found.get("error")
        if show_output:
            if "warnings" in found:
                print("\nWarnings:", *(said["message"] for said in found["warnings"]), sep="\n")
            if error is not None and not raise_on_error:
                print(f"\nError:\n{ending.message_of(error)}")
            print(flush=True)
        if raise_on_error and self.status == "Failed":
            raise ActivityFailedException(f"run {self.id} failed: {ending.message_of(error)}", error)
        return found

    def start(self) -> None:
        """Do nothing: what ``start_logging``, ``child_run`` and ``submit`` return has been started already.

        :raises UserErrorException: the run has ended; a run is never started twice.
        """
        if self._current().has_ended:
            raise UserErrorException(f"run {self.id} is {self.status}; start another instead")

    def complete(self, _set_status: bool = True) -> None:
        """End an interactive run as Completed, with what is in its output folder as its artifacts.

        Child runs that go on are not ended by it.

        :param _set_status: False keeps the files that are there by now, and the run goes on.
        :raises UserErrorException: it has ended already, or is not of this process.
        :raises StoreError: the store cannot be written or is gone; the run goes on.
        """
        from localexp.execution import ending

        if _set_status:
            self._end(ending.Outcome("Completed"))
        else:
            self._keep_outputs()

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
        _set_status: bool = True,
    ) -> None:
        """End an interactive run as Failed, with what is in its output folder as its artifacts.

        :param error_details: a text or an exception that says why.
        :param error_code: by default ``"UserError"``.
        :param _set_status: False makes the reason a warning on the run, which goes on.
        :raises UserErrorException: it has ended already, or is not of this process.
        :raises TypeError: ``error_details`` is of another type.
        :raises StoreError: the store cannot be written or is gone; the run goes on.
        """
        from localexp.execution import ending

        text = ending.error_text(error_details)
        if _set_status:
            self._end(ending.failed(text, code=error_code or "UserError"))
        else:
            self._keep_outputs()
            self._say({"warning": text, "source": "script"})

    def cancel(self) -> None:
        """End the run as Canceled: at once if it is an interactive one of this process.

        One that is Queued is Canceled at once too. Otherwise every process that the script of a submitted run has
        started is asked to end (SIGTERM), and killed if it is still there after ``cancel.grace_seconds``, a setting of
        the workspace; until then the status is CancelRequested. The run is Canceled whatever the script's exit code
        then is. Its children that were submitted, and what its script has submitted, are canceled too, and theirs.
        This returns without waiting for that: ``wait_for_completion`` does.

        :raises UserErrorException: it has ended already, its script has, another process is this interactive run, or
            it runs inline.
        """
        from localexp.execution import ending, interactive
        from localexp.execution.canceling import cancel_submitted_by, request_cancel

        if interactive.is_open(self._workspace._store, self._id):
            self._end(ending.canceled())
            cancel_submitted_by(self._workspace._store, self._known())
        else:
            self._record = request_cancel(self._workspace._store, self._current())

    def delete(self) -> None:
        """Delete the run and its children, and theirs, with all that was said of them and their files: all or nothing.

        The disk that their files took is free at once. What their snapshots alone have stored is not: ``localexp gc``
        removes that. Azure ML has nothing like it. A page of the experiment that was written is written anew.

        :raises UserErrorException: it or one of them goes on; ``cancel`` it first.
        :raises RunNotFound: it was deleted.
        :raises StoreError: the store cannot be written, files cannot be moved, or a backup is just being made.
        """
        from localexp.run.deleting import delete_runs

        delete_runs(self._workspace._store, [self._known()])

    def __enter__(self: AnyRun) -> AnyRun:
        from localexp.execution import here

        # Where that has been removed there is nothing to come back to.
        self._working_directory = here.current()
        return self

    def __exit__(
        self, kind: builtins.type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from localexp.execution import interactive

        if self._working_directory is not None and os.path.isdir(self._working_directory):
            os.chdir(self._working_directory)
        if not interactive.is_open(self._workspace._store, self._id):
            # It was ended within the block, or this is a forked child, whose parent will end it.
            return
        try:
            if error is None or (isinstance(error, SystemExit) and error.code in (0, None)):
                self.complete()
            else:
                self.fail(error)
        except StoreError as problem:
            # What comes after the block is not to suffer from it, and an error of the block's own is to be seen.
            import logging

            logging.getLogger("localexp").warning(
                "run %s could not be ended: %s; it will be tried once more when the interpreter ends", self.id, problem
            )

    # Below the surface

    _working_directory: str | None = None

    def _end(self, outcome: Outcome) -> None:
        from localexp.execution import interactive

        interactive.end(self._workspace._store, self._known(), outcome)
        self._writer = None

    def _keep_outputs(self) -> None:
        from localexp.execution import interactive

        interactive.keep_outputs(self._workspace._store, self._known())
        self._current()

    def _waited(self, show_output: bool, while_waiting: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """What ``wait_for_completion`` does whether or not the run went well."""
        from localexp.execution.details import details
        from localexp.execution.waiting import check_can_be_waited_for, wait
        from localexp.report.page import rewrite_page

        store = self._workspace._store
        check_can_be_waited_for(store, self.id)
        if show_output:
            self._wait_and_show(while_waiting)
        else:
            self._record = wait(store, self._known(), while_waiting)
        rewrite_page(store, self._known())
        return details(store, self._known())

    def _wait_and_show(self, while_waiting: Callable[[], None]) -> None:
        from localexp.execution.logs import RunFollower
        from localexp.execution.waiting import wait

        name = f"RunId: {self.id}"
        address = f"Web View: {self.get_portal_url()}"
        print(f"{name}\n{address}", flush=True)
        follower = RunFollower(self._layout, self._known(), sys.stdout, while_waiting)
        has_begun = False

        def follow() -> None:
            nonlocal has_begun
            while_waiting()
            if not has_begun and os.path.exists(follower.path):
                has_begun = True
                title = f"Streaming user_logs/{os.path.basename(follower.path)}"
                print(f"\n{title}\n{'=' * len(title)}\n", flush=True)
            follower()

        self._record = wait(self._workspace._store, self._known(), follow)
        follower.finish()
        print(f"\nExecution Summary\n=================\n{name}\nStatus: {self.status}\n{address}", flush=True)
