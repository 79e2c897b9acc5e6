"""Experiment: a named container of runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from warnings import warn

from localexp.config import (
    ScriptRunConfig,
    argument_texts,
    checked_target,
    command_text,
    environment_texts,
    interpreter,
)
from localexp.errors import RunConfigurationException, SnapshotException, UserErrorException
from localexp.store import clock, experiments, runs
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.execution.launch import Submission
    from localexp.run import Run
    from localexp.snapshot.take import Options
    from localexp.store.experiments import ExperimentRecord
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,35}")
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PAGE = 100


class Experiment:
    """Get the experiment of this name, or create it.

    :param workspace: where it is.
    :param name: 3 to 36 ASCII letters, digits, ``_`` and ``-``, the first a letter or digit. (Azure ML documents this
        rule too, but enforces a wider one.)
    :param _skip_name_validation: accept any name.
    :raises UserErrorException: the name does not fit.
    """

    def __init__(self, workspace: Workspace, name: str, _skip_name_validation: bool = False) -> None:
        checked_name(name, _skip_name_validation)
        self._workspace = workspace
        store = workspace._store
        with store.main.reading() as db:
            record = experiments.active(db, name)
        if record is None:
            with store.main.writing() as db:
                record = experiments.get_or_create(db, name, clock.now())
        self._record = record

    @classmethod
    def _of(cls, workspace: Workspace, record: ExperimentRecord) -> Experiment:
        experiment = cls.__new__(cls)
        experiment._workspace = workspace
        experiment._record = record
        return experiment

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self._workspace.name})"

    @property
    def workspace(self) -> Workspace:
        """The workspace that it is in."""
        return self._workspace

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def id(self) -> str:
        """A UUID."""
        return self._record.id

    @staticmethod
    def list(workspace: Workspace) -> list[Experiment]:
        """The experiments of a workspace that are not archived, by name."""
        return [*workspace.experiments.values()]

    def get_runs(self) -> Iterator[Run]:
        """Yield the runs, newest first; each is read when its turn comes."""
        from localexp.run import Run

        for record in pages(self._workspace, self._record.key):
            yield Run._of(self, record)

    def start_logging(
        self,
        name: str | None = None,
        *,
        run_id: str | None = None,
        snapshot_directory: str | os.PathLike[str] | None = ".",
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        ignore_parents: bool = False,
        max_snapshot_bytes: int | None = None,
        max_snapshot_files: int | None = None,
        force: bool = False,
    ) -> Run:
        """Start an interactive run: one that this very process is.

        It ends with ``complete`` or ``fail``, with the block if used as a context manager, and with the interpreter
        at the latest: an exception that ends that one makes it Failed, otherwise it counts as Completed, with a
        warning. If the process dies, the run is Failed.

        :param name: shown for the run, as ``display_name`` is.
        :param run_id: up to 128 letters, digits, ``_`` and ``-``; by default a UUID.
        :param snapshot_directory: the directory to capture, None for none. If the default, the current directory,
            is more than a snapshot takes, this warns and goes on without; for a directory that was named it raises.
        :param display_name: wins over ``name``.
        :param description: any text.
        :param tags: tags to begin with.
        :param ignore_parents: as for ``submit``, like those that follow.
        :raises UserErrorException: the id does not fit or is taken.
        :raises SnapshotException: the snapshot directory cannot be captured.
        """
        from localexp.execution import interactive
        from localexp.run import Run

        beginning = interactive.Beginning(
            self.name,
            run_id=_checked_run_id(run_id),
            display_name=display_name or name,
            description=description,
            tags=_checked_tags(tags),
        )
        directory = None if snapshot_directory is None else os.path.abspath(os.fsdecode(snapshot_directory))
        options = _snapshot_options(ignore_parents, max_snapshot_bytes, max_snapshot_files, force)
        try:
            record, writer, said = interactive.start(self._workspace._store, beginning, directory, options)
        except SnapshotException as error:
            if snapshot_directory != ".":
                raise
            warn(f"the run goes on without a snapshot: {error}", UserWarning, stacklevel=2)
            record, writer, said = interactive.start(self._workspace._store, beginning, None)
        for message in said:
            warn(message, UserWarning, stacklevel=2)
        return Run._of(self, record, writer)

    def submit(
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, str | None] | None = None,
        *,
        run_id: str | None = None,
        ignore_parents: bool = False,
        max_snapshot_bytes: int | None = None,
        max_snapshot_files: int | None = None,
        force: bool = False,
    ) -> Run:
        """Capture the source directory and start the script as a process of its own; return at once.

        The run goes on when this process ends. What is submitted later goes to a new experiment of this name if this
        one has been archived meanwhile.

        :param config: what to run; it is not changed.
        :param tags: tags to begin with.
        :param run_id: up to 128 letters, digits, ``_`` and ``-``; by default ``<experiment>_<seconds>_<8 hex>``.
        :param ignore_parents: read the ignore files above the source directory too, up to the top of its repository.
        :param max_snapshot_bytes: the most bytes that the snapshot may hold; by default the workspace's setting
            ``snapshot.max_bytes``.
        :param max_snapshot_files: the most files, likewise ``snapshot.max_files``.
        :param force: capture a home directory or the top of a file system too.
        :raises UserErrorException: a part of the configuration cannot be used; no run is made.
        :raises SnapshotException: the source directory cannot be captured; no run is made.
        :raises ExperimentExecutionException: the run could not be started; it is Failed.
        """
        options = _snapshot_options(ignore_parents, max_snapshot_bytes, max_snapshot_files, force)
        return submitted(self._workspace, self.name, config, tags, run_id, options)


def submitted(
    workspace: Workspace,
    experiment: str,
    config: ScriptRunConfig,
    tags: Mapping[str, str | None] | None = None,
    run_id: str | None = None,
    snapshot: Options | None = None,
) -> Run:
    """``Experiment.submit`` by the experiment's name; it is made with the run if there is none."""
    from localexp.execution.launch import launch
    from localexp.run import Run

    if not isinstance(config, ScriptRunConfig):
        raise RunConfigurationException(
            f"cannot submit a {type(config).__name__}; what can be submitted: {ScriptRunConfig.__name__}"
        )
    submission = _submission(config)
    submission.tags = _checked_tags(tags)
    submission.run_id = _checked_run_id(run_id)
    submission.snapshot = snapshot or submission.snapshot
    record, said = launch(workspace._store, experiment, submission)
    for message in said:
        warn(message, UserWarning, stacklevel=3)
    return Run.get(workspace, record.id)


def pages(workspace: Workspace, experiment: int | None) -> Iterator[RunRecord]:
    """The runs of an experiment or of all, newest first, each as it truly stands."""
    from localexp.execution.ownership import current

    last: RunRecord | None = None
    while True:
        with workspace._store.main.reading() as db:
            page = runs.page(db, experiment, last, _PAGE)
        for record in page:
            yield current(workspace._store, record)
        if len(page) < _PAGE:
            return
        last = page[-1]


def _submission(config: ScriptRunConfig) -> Submission:
    from localexp.execution.launch import Submission

    run_config = config.run_config
    command = command_text(config.command)
    if (config.script is None) == (command is None):
        raise RunConfigurationException("give a script or a command, and not both")
    if command is not None and config.arguments:
        raise RunConfigurationException("arguments go with a script; write them into the command")
    variables = {**run_config.environment.environment_variables, **run_config.environment_variables}
    source, script = os.path.abspath(os.path.expanduser(config.source_directory)), config.script
    return Submission(
        source=source,
        script=os.path.relpath(script, source) if script is not None and os.path.isabs(script) else script,
        arguments=argument_texts(config.arguments),
        command=command,
        interpreter=interpreter(run_config.environment.python),
        variables=environment_texts(variables),
        target=checked_target(run_config.target),
        keeps_snapshot=_checked_flag("history.snapshot_project", run_config.history.snapshot_project),
    )


def _checked_flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RunConfigurationException(f"{name} is True or False, not {value!r}")
    return value


def _snapshot_options(ignore_parents: bool, max_bytes: int | None, max_files: int | None, force: bool) -> Options:
    from localexp.snapshot.take import Options

    return Options(max_bytes=max_bytes, max_files=max_files, ignore_parents=ignore_parents, force=force)


def checked_name(name: object, skip: bool = False) -> str:
    """A name that an experiment can have.

    :raises UserErrorException: it is not one.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise UserErrorException(f"an experiment's name is a text that is not empty, not {name!r}")
    if not skip and not _NAME.fullmatch(name):
        raise UserErrorException(
            f"the experiment name {name!r} does not fit: it needs 3 to 36 ASCII letters, digits, '_' or '-', "
            "and a letter or digit in front"
        )
    return name


def _checked_run_id(run_id: object) -> str | None:
    if run_id is None or (isinstance(run_id, str) and _RUN_ID.fullmatch(run_id)):
        return run_id
    raise UserErrorException(f"the run id {run_id!r} does not fit: use 1 to 128 letters, digits, '_' or '-'")


def _checked_tags(tags: object) -> dict[str, str | None]:
    if not isinstance(tags, Mapping):
        if tags is None:
            return {}
        raise UserErrorException(f"tags are a dict of texts, not {tags!r}")
    return {readable(str(key)): None if value is None else readable(str(value)) for key, value in tags.items()}
