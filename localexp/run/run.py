"""Run: one trial, what it logs, and what is known of it."""

from __future__ import annotations

from warnings import warn

from localexp.errors import RunEnvironmentException
from localexp.execution import context
from localexp.run.again import AgainOfRun
from localexp.run.children import ChildrenOfRun
from localexp.run.core import experiment_of, found
from localexp.run.difference import DifferenceOfRun
from localexp.run.files import FilesOfRun
from localexp.run.history import HistoryOfRun
from localexp.run.lifecycle import LifecycleOfRun
from localexp.run.logging import LoggingOfRun
from localexp.run.logs import LogsOfRun
from localexp.run.tags import TagsOfRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.experiment import Experiment
    from localexp.offline import OfflineRun
    from localexp.workspace import Workspace


class Run(
    LoggingOfRun,
    HistoryOfRun,
    TagsOfRun,
    FilesOfRun,
    LogsOfRun,
    ChildrenOfRun,
    AgainOfRun,
    DifferenceOfRun,
    LifecycleOfRun,
):
    """Attach to an existing run.

    :param experiment: the experiment that it is in.
    :param run_id: its id.
    :raises RunNotFound: the workspace has no such run.
    """

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """The run with this id.

        :raises RunNotFound: there is none; the error names ids that are alike.
        """
        from localexp.run.rehydration import rehydrated

        record = found(workspace, run_id)
        return rehydrated(experiment_of(workspace, record), record)

    @classmethod
    def get_context(
        cls, allow_offline: bool = True, used_for_context_manager: bool = False, **kwargs: object
    ) -> Run | OfflineRun:
        """The run that this process was submitted as; each call returns the same object.

        In a test it is the run that stands in for one, as the fixture ``localexp_run`` does, if there is one.

        :param allow_offline: outside a run, return one that prints what would be logged.
        :param used_for_context_manager: return an object of its own.
        :param kwargs: accepted as by Azure ML, without effect.
        :raises RunEnvironmentException: outside a run, if ``allow_offline`` is False.
        """
        here = context.current()
        if here is None:
            if _standing_in:
                standing = _standing_in[-1]
                return Run(standing.experiment, standing.id) if used_for_context_manager else standing
            if not allow_offline:
                raise RunEnvironmentException
            from localexp.offline import OfflineRun

            return OfflineRun()
        from localexp.run.submitted import SubmittedRun, submitted_run

        return SubmittedRun(here) if used_for_context_manager else submitted_run(here)

    @classmethod
    def get_submitted_run(cls, **kwargs: object) -> Run:
        """Deprecated: ``get_context(allow_offline=False)``.

        :param kwargs: accepted as by Azure ML, without effect.
        :raises RunEnvironmentException: this process was not submitted as a run.
        """
        message = "get_submitted_run is deprecated; use Run.get_context(allow_offline=False)"
        warn(message, DeprecationWarning, stacklevel=2)
        run = cls.get_context(allow_offline=False)
        assert isinstance(run, Run)
        return run


# What get_context gives where no environment names a run: the last of these. Tests put theirs here.
_standing_in: list[Run] = []


def get_run(
    experiment: Experiment,
    run_id: str,
    rehydrate: bool = True,
    clean_up: bool = True,  # noqa: ARG001
) -> Run:
    """The run of an experiment with this id.

    :param experiment: the experiment that it is in.
    :param run_id: its id.
    :param rehydrate: make it of the class that is registered for its type, as ``Run.get`` does; False for a ``Run``.
    :param clean_up: has no effect here. (Azure ML then ends what the run has begun when the process is killed.)
    :raises RunNotFound: there is none.
    :raises UserErrorException: the run is in another experiment.
    """
    from localexp.run.rehydration import rehydrated

    run = Run(experiment, run_id)
    return rehydrated(experiment, run._known()) if rehydrate else run
