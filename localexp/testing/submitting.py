"""Run a script in a test, and wait until it has ended."""

from __future__ import annotations

import copy
import math
import os
import time

import pytest

from localexp.config import ScriptRunConfig
from localexp.errors import UserErrorException
from localexp.execution import targets
from localexp.execution.ending import message_of
from localexp.execution.here import absolute
from localexp.experiment import Experiment
from localexp.report.log_tail import last_lines
from localexp.run import Run
from localexp.snapshot.explain import explain
from localexp.store.values import is_number
from localexp.testing import outcomes
from localexp.testing.plugin import session_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localexp.config.texts import Argument

# A test that fails here is shown with its own line, and not with ours.
__tracebackhide__ = True

_TIMEOUT_SECONDS = 300.0
_LINES_OF_LOG = 20
_TOO_LONG = (
    "the script had not ended after {:g} s, and was canceled; if it needs longer write "
    "localexp_submit(..., timeout=SECONDS)"
)


class _TimeIsUp(Exception):
    pass


class Submit:
    """What ``localexp_submit`` gives: call it to run a script as a run of the test's experiment."""

    def __init__(self, experiment: Experiment, config: pytest.Config, temporary: str) -> None:
        self._experiment = experiment
        self._config = config
        self._temporary = temporary

    def __repr__(self) -> str:
        return f"<localexp_submit of experiment {self._experiment.name}>"

    def __call__(
        self,
        script: str | os.PathLike[str] | ScriptRunConfig,
        source_directory: str | os.PathLike[str] | None = None,
        arguments: Sequence[Argument] | None = None,
        tags: Mapping[str, str | None] | None = None,
        *,
        inline: bool | None = None,
        timeout: float | None = None,
    ) -> Run:
        """Submit a script, wait until it has ended, and return its run, whatever its status.

        If the wait is interrupted, as by Ctrl-C, the run is canceled.

        :param script: a path, or a ``ScriptRunConfig`` for all that cannot be said here, as a command. Relative paths
            refer to the current directory; that of a script, if a source directory is given, to that one.
        :param source_directory: what is captured, and of which the script finds a checkout as its working directory;
            by default the folder in which the script lies, and not the whole repository.
        :param arguments: texts, numbers or paths.
        :param tags: tags to begin with.
        :param inline: True to run it in this process, where breakpoints and coverage see it and its output is captured
            as the test's own; False for a process of its own; None is as the configuration says, by default the latter.
        :param timeout: the seconds after which it is canceled and the test fails, 300 by default; ``math.inf`` for no
            limit. A script that runs inline has none, for nothing can stop it.
        :raises UserErrorException: one of these cannot be used; no run is made.
        :raises ScriptNotFound: the script is not there; no run is made.
        """
        try:
            config = _configured(script, source_directory, arguments, inline)
            seconds = _seconds(timeout, config.run_config.target == targets.INLINE)
            _check_captures_no_tests(config, self._temporary)
            run = self._experiment.submit(config, tags)
        except UserErrorException as error:
            # It is wrong in the test, and not where that is found out.
            raise error.with_traceback(None) from error.__cause__
        _wait(run, seconds)
        self._show_in_report(run)
        return run

    def _show_in_report(self, run: Run) -> None:
        """If the test fails, what it tells of itself has why this run did."""
        item = session_of(self._config).item
        if item is not None and run.status != "Completed":
            outcomes.tell(item, run._layout.log, "\n".join(_end_of(run)))


def _configured(script: object, source_directory: object, arguments: object, inline: object) -> ScriptRunConfig:
    if inline is not None and not isinstance(inline, bool):
        raise UserErrorException(f"inline is True, False or None, not {inline!r}")
    config = _config(script, source_directory, arguments)
    if inline is None:
        return config
    config = copy.copy(config)
    config.run_config = copy.copy(config.run_config)
    config.run_config.target = targets.INLINE if inline else targets.LOCAL
    return config


def _config(script: object, source_directory: object, arguments: object) -> ScriptRunConfig:
    if isinstance(script, ScriptRunConfig):
        if source_directory is not None or arguments is not None:
            raise UserErrorException(
                "source_directory and arguments are part of the ScriptRunConfig that was given: write them there"
            )
        return script
    if not isinstance(script, str | os.PathLike) or not os.fspath(script):
        raise UserErrorException(
            f"localexp_submit takes the path of a script or a ScriptRunConfig, not {script!r}; a function is called as "
            "it is, with the fixture localexp_run, which it finds by Run.get_context()"
        )
    if source_directory is not None and not isinstance(source_directory, str | os.PathLike):
        raise UserErrorException(f"source_directory is the path of a folder, not {source_directory!r}")
    path = os.path.expanduser(os.fsdecode(script))
    if source_directory is None:
        source_directory, path = os.path.split(absolute(path))
    source = os.path.expanduser(os.fsdecode(source_directory))
    return ScriptRunConfig(absolute(source), path, arguments)  # type: ignore[arg-type]


def _seconds(timeout: object, is_inline: bool) -> float:
    if timeout is None:
        return math.inf if is_inline else _TIMEOUT_SECONDS
    if not is_number(timeout) or not timeout > 0:
        raise UserErrorException(f"timeout is a number of seconds above 0, not {timeout!r}; math.inf is no limit")
    if is_inline:
        raise UserErrorException(
            f"nothing can stop a script that runs inline, so that timeout={timeout!r} cannot be kept: leave it out, or "
            "have the script be a process of its own by inline=False"
        )
    return timeout


def _check_captures_no_tests(config: ScriptRunConfig, temporary: str) -> None:
    """What lies in the temporary folder of the session is large, and other tests are just changing it."""
    source, temporary = (
        os.path.realpath(absolute(os.path.expanduser(config.source_directory))),
        os.path.realpath(temporary),
    )
    if not os.path.join(temporary, "").startswith(os.path.join(source, "")):
        return
    inside = os.path.relpath(temporary, source)
    if explain(os.fsencode(source), os.fsencode(inside)).is_included:
        raise UserErrorException(
            f"the source directory {source} would be captured with the temporary folder of the tests in it, {inside}: "
            "have an ignore file leave that out, name another --basetemp, or a smaller source directory"
        )


def _wait(run: Run, seconds: float) -> None:
    deadline = time.monotonic() + seconds

    def look() -> None:
        if time.monotonic() > deadline:
            raise _TimeIsUp

    try:
        run._waited(False, look)
        return
    except _TimeIsUp:
        _cancel(run)
        run._waited(False)
    except BaseException:
        _cancel(run)
        raise
    # It may have ended by itself at the last moment.
    if run.status == "Canceled":
        pytest.fail("\n".join([_TOO_LONG.format(seconds), *_end_of(run)]))


def _cancel(run: Run) -> None:
    try:
        run.cancel()
    except UserErrorException:
        # It is just ending by itself.
        return


def _end_of(run: Run) -> list[str]:
    error = run._known().error_parts()
    why = "" if error is None else f": {message_of(error)}"
    lines = last_lines(run._layout, _LINES_OF_LOG)
    head = f"the end of its log, {run._layout.log}:" if lines else "it has printed nothing"
    return [f"run {run.id} is {run.status}{why}", head, *(f"  {line}" for line in lines)]
