"""Experiment: a named container of runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from warnings import warn

from localexp.config import ScriptRunConfig, submission_of
from localexp.config.texts import check_flags
from localexp.errors import RunConfigurationException, SnapshotException, UserErrorException
from localexp.experiment.core import checked_workspace
from localexp.experiment.shown import ShownExperiment
from localexp.store import experiments, identifiers
from localexp.store.tags import checked as checked_tags
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable
    from typing import Any

    from localexp.run import Run
    from localexp.run.listing import Runs
    from localexp.run.searching import RunPage
    from localexp.snapshot.take import Options
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace


class ViewType:
    """Which experiments ``Experiment.list`` gives."""

    ActiveOnly = "ActiveOnly"
    All = "All"
    ArchivedOnly = "ArchivedOnly"


_IS_ARCHIVED = {ViewType.ActiveOnly: False, ViewType.All: None, ViewType.ArchivedOnly: True}


class Experiment(ShownExperiment):
    """Get the experiment of this name that is not archived, or create it.

    :param workspace: where it is.
    :param name: 3 to 36 ASCII letters, digits, ``_`` and ``-``, the first a letter or digit. (Azure ML documents this
        rule too, but enforces a wider one.)
    :param _skip_name_validation: accept any name.
    :param _id: get the experiment with this id, archived or not.
    :param _archived_time: has no effect here, like ``_experiment_dto`` and other keywords: the workspace knows.
    :param _create_in_cloud: False to leave it to the first run to create the experiment, if there is none by then.
        Until then ``id`` and ``tags`` are None, and what changes the experiment raises.
    :raises UserErrorException: the name does not fit, there is no experiment with this name and id, or the workspace
        is none.
    """

    # Finding experiments and runs

    @classmethod
    def list(
        cls,
        workspace: Workspace,
        experiment_name: str | None = None,
        view_type: str = ViewType.ActiveOnly,
        tags: str | Mapping[str, object] | None = None,
    ) -> builtins.list[Experiment]:
        """The experiments of a workspace, by name.

        :param workspace: the workspace.
        :param experiment_name: only those of this name; with archived ones there may be several.
        :param view_type: one of ``ViewType``: active ones, archived ones, or all.
        :param tags: only those that have this tag, or all tags of a dict with their values (None for no value).
        :raises UserErrorException: one of these is of no such kind, or the workspace is none.
        """
        if view_type not in tuple(_IS_ARCHIVED):
            raise UserErrorException(f"there is no view type {view_type!r}; there are {', '.join(_IS_ARCHIVED)}")
        if experiment_name is not None and not isinstance(experiment_name, str):
            raise UserErrorException(f"experiment_name is a text, not {experiment_name!r}")
        name = None if experiment_name is None else readable(experiment_name)
        tagged = list(checked_tags({tags: None})) if isinstance(tags, str) else []
        exact = {} if isinstance(tags, str) else checked_tags(tags)
        with checked_workspace(workspace)._store.main.reading() as db:
            records = experiments.listed(db, name=name, archived=_IS_ARCHIVED[view_type], tagged=tagged, tags=exact)
        return [cls._of(workspace, record) for record in records]

    @classmethod
    def from_directory(cls, path: str | os.PathLike[str], auth: object = None) -> Experiment:
        """The experiment named like a directory, in the workspace in which that lies. Deprecated.

        :param path: the directory.
        :param auth: has no effect: there is nobody to log in to.
        :raises UserErrorException: it lies in no workspace, or its name is none for an experiment.
        """
        from localexp.workspace import Workspace

        warn(
            "from_directory is deprecated; use Experiment(Workspace.from_config(path), name)",
            DeprecationWarning,
            stacklevel=2,
        )
        directory = os.path.abspath(os.fsdecode(path))
        return cls(Workspace.from_config(directory), os.path.basename(directory))

    def get_runs(
        self,
        type: str | None = None,
        tags: str | Mapping[str, object] | None = None,
        properties: str | Mapping[str, object] | None = None,
        include_children: bool = False,
    ) -> Runs:
        """The runs, newest first; each is read when its turn comes. ``Run.list`` can also filter by status.

        :param type: only runs of this type, or with it as their property ``azureml.runsource``.
        :param tags: only runs that have this tag, or all tags of a dict with their values (None for no value).
        :param properties: likewise, for properties.
        :param include_children: not only runs without a parent.
        :raises UserErrorException: a filter is of no such kind, or the experiment was deleted.
        """
        from localexp.run import Run

        return Run.list(self, type, tags, properties, include_children=include_children)

    def search_runs(
        self,
        filter: str | None = None,
        order_by: str | None = None,
        limit: int = 100,
        after: str | None = None,
        include_children: bool = True,
    ) -> RunPage:
        """The runs of which a filter is true, in an order, page by page.

        Azure ML has nothing like it. ::

            experiment.search_runs("metrics.loss < 0.3 and (tags.model = 'mlp' or params.lr >= 0.01)", "metrics.loss")

        A filter has ``and``, ``or``, ``not`` and parentheses around comparisons of a column with a value, by ``=``,
        ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in ('a', 'b')``, ``like 'res%'`` or ``is null``. Columns are
        ``metrics.loss`` (its last value), ``metrics.loss.min``, ``.max`` and ``.count``, ``params.lr``, ``tags.model``,
        ``properties.key``, and ``status``, ``name``, ``id``, ``number``, ``experiment``, ``start_time``, ``end_time``,
        ``created``, ``duration`` (seconds), ``parent`` (an id), ``exit_code``, ``snapshot``, ``type``, ``target``,
        ``description``, ``error`` and ``origin``. A name with blanks or other characters than letters, digits and
        ``_/-.:`` is quoted: ``metrics.`val loss`.min``. Values are numbers, texts in single quotes, ``true`` and
        ``false``; a time is a text such as ``'2026-11-01'`` or ``'2026-11-01 12:30'``, in UTC if it has no zone.

        A comparison with what a run does not have is false, ``!=`` too. Numbers are compared with numbers and texts
        with texts: a metric that is NaN or a text is ``!=`` any number, and neither more nor less. Bools are compared
        with ``true`` and ``false`` alone: one that is true is ``!= 1``. ``is null`` says that there is none of this
        name; a tag without a value is there.

        :param filter: None for every run.
        :param order_by: a column, optionally followed by ``asc`` or ``desc``; the newest first if None. Of runs with
            the same value the newest come first. Those that have none, or of a metric no number, come last.
        :param limit: how many runs at most.
        :param after: ``next`` of the page before, which had the same filter and order. A run that is made meanwhile
            moves none from page to page.
        :param include_children: False for runs without a parent only.
        :raises FilterSyntaxError: filter or order cannot be read; the error shows where.
        :raises UserErrorException: another value is of no such kind, or ``after`` is of another search,
            or the experiment was deleted.
        """
        from localexp.execution.searching import checked
        from localexp.run.searching import RunPage, found

        record = self._standing_record()
        if record is None:
            checked(filter, order_by)
            return RunPage(self._workspace, [], None)
        return found(self._workspace, record.key, filter, order_by, limit, after, include_children)

    def best_run(self, metric: str, goal: str, filter: str | None = None) -> Run | None:
        """The run that is best by a metric, of equally good ones the newest; None if no run has a number there.

        All runs count, also those that go on or have failed, and child runs: ``filter="status = 'Completed'"`` narrows
        that. NaN is no number. Azure ML has nothing like it.

        :param metric: its name, for its last value; behind that ``.min``, ``.max`` or ``.count`` for those. A name that
            ends so itself is quoted, as in a filter: ``"`x.min`"``. ``metrics.`` before it says the same.
        :param goal: ``"min"`` or ``"max"``: which values are better.
        :param filter: as for ``search_runs``.
        :raises UserErrorException: the goal is neither, or the experiment was deleted.
        :raises FilterSyntaxError: the filter, or the quoted name, cannot be read; the error shows where.
        """
        from localexp.execution.best import best, checked
        from localexp.run.rehydration import rehydrated

        record = self._standing_record()
        if record is None:
            checked(metric, goal, filter)
            return None
        found = best(self._workspace._store, record.key, metric, goal, filter, 1).runs
        return rehydrated(self, found[0][0]) if found else None

    def to_frame(
        self,
        type: str | None = None,
        tags: str | Mapping[str, object] | None = None,
        properties: str | Mapping[str, object] | None = None,
        include_children: bool = False,
    ) -> Any:
        """The runs as a pandas frame, the newest first: one row a run. Azure ML has nothing like it.

        The columns are ``id``, ``experiment`` (its name), ``number``, ``display_name``, ``status``, ``type``,
        ``parent`` (an id), ``created``, ``started`` and ``ended`` (UTC); then ``tags.<key>`` for each tag,
        ``params.<name>`` for each param and ``metrics.<name>``, the last value, for each metric that any of the runs
        has.

        :param type: as for ``get_runs``, like those that follow.
        :raises MissingExtraError: pandas is not installed; ``pip install 'localexp[frames]'`` brings it.
        :raises UserErrorException: as ``get_runs``.
        """
        from localexp.report.frames import runs_frame

        found = self.get_runs(type, tags, properties, include_children)
        return runs_frame(self._workspace._store, list(found._records))

    def start_logging(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: str | os.PathLike[str] | bool | None = None,
        snapshot_directory: str | os.PathLike[str] | None = ".",
        *,
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
        :param outputs: a folder whose files are copied to the run's artifacts when it ends, made here if it is not
            there; True for ``outputs`` in the current directory. None is that folder too, but only if it is there at
            the end; False is none.
        :param snapshot_directory: the directory to capture, None for none. If the default, the current directory,
            is more than a snapshot takes or has been removed, this warns and goes on without; for a directory that was
            named it raises.
        :param display_name: wins over ``name``.
        :param description: any text.
        :param tags: tags to begin with.
        :param ignore_parents: as for ``submit``, like those that follow.
        :raises UserErrorException: the id does not fit or is taken, or the output folder cannot be made.
        :raises SnapshotException: the snapshot directory cannot be captured.
        """
        from localexp.execution import interactive
        from localexp.execution.outputs import chosen
        from localexp.run import Run

        beginning = interactive.Beginning(
            self.name,
            run_id=identifiers.checked_run_id(run_id),
            display_name=display_name or name,
            description=description,
            tags=checked_tags(tags),
            folder=chosen(outputs),
        )
        options = snapshot_options(ignore_parents, max_snapshot_bytes, max_snapshot_files, force)
        try:
            directory = None if snapshot_directory is None else _to_capture(snapshot_directory)
            record, writer, said = interactive.start(self._workspace._store, beginning, directory, options)
        except SnapshotException as error:
            if snapshot_directory != ".":
                raise
            warn(f"the run goes on without a snapshot: {error}", UserWarning, stacklevel=2)
            record, writer, said = interactive.start(self._workspace._store, beginning, None)
        for message in said:
            warn(message, UserWarning, stacklevel=2)
        return Run._of(self._home_of(record), record, writer)

    def submit(
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, str | None] | None = None,
        *,
        run_id: str | None = None,
        _parent_run_id: str | None = None,
        credential_passthrough: bool = False,
        ignore_parents: bool = False,
        max_snapshot_bytes: int | None = None,
        max_snapshot_files: int | None = None,
        force: bool = False,
        now: bool = False,
        reuse: bool = False,
    ) -> Run:
        """Capture the source directory and start the script as a process of its own; return at once.

        The run goes on when this process ends. What is submitted later goes to a new experiment of this name if this
        one has been archived meanwhile.

        With the target ``"inline"`` the script runs in this process, of which it has the working directory, the
        arguments, the environment variables and the streams meanwhile, and this returns when it has ended. Only one can
        at a time, and nothing can cancel it but Ctrl-C. What it raises is in the run, as always, and not raised here.

        :param config: what to run; it is not changed.
        :param tags: tags to begin with.
        :param run_id: up to 128 letters, digits, ``_`` and ``-``; by default ``<experiment>_<seconds>_<8 hex>``.
        :param _parent_run_id: the id of a run of an experiment of this name that the new one is to be a child of.
        :param credential_passthrough: has no effect: a script has the credentials of whoever submits it anyway.
        :param ignore_parents: read the ignore files above the source directory too, up to the top of its repository.
        :param max_snapshot_bytes: the most bytes that the snapshot may hold; by default the workspace's setting
            ``snapshot.max_bytes``.
        :param max_snapshot_files: the most files, likewise ``snapshot.max_files``.
        :param force: capture a home directory or the top of a file system too.
        :param now: start at once, whatever else is at work. Otherwise the run is Queued if the workspace's setting
            ``max_concurrent_runs`` is reached, and starts in its turn, also if this process has ended by then.
        :param reuse: if the experiment has a Completed run with the same snapshot, script, arguments, inputs, Python,
            packages and environment variables of the configuration, return the newest such run as it is, in place of a
            new one: with an id and tags of its own. ``get_details()["identity"]`` says what is the same. Of a package
            that counts is its version: one that is installed in place, to be edited, may have changed meanwhile.
        :raises UserErrorException: a part of the configuration cannot be used; no run is made.
        :raises ScriptNotFound: the script is not in the source directory, or not in its snapshot; no run is made.
        :raises RunNotFound: there is no such parent.
        :raises SnapshotException: the source directory cannot be captured; no run is made.
        :raises ExperimentExecutionException: the run could not be started; it is Failed.
        :raises KeyboardInterrupt: the script ran inline, and was interrupted; the run is Canceled.
        """
        options = snapshot_options(ignore_parents, max_snapshot_bytes, max_snapshot_files, force)
        parent = None if _parent_run_id is None else _parent(self._workspace, self.name, _parent_run_id)
        return submitted(self._workspace, self.name, config, tags, run_id, options, parent, now, reuse)


def _to_capture(directory: str | os.PathLike[str]) -> str:
    from localexp.execution.here import absolute

    try:
        return absolute(os.fsdecode(directory))
    except UserErrorException as error:
        raise SnapshotException(error.message) from error


def submitted(
    workspace: Workspace,
    experiment: str,
    config: ScriptRunConfig,
    tags: Mapping[str, str | None] | None = None,
    run_id: str | None = None,
    snapshot: Options | None = None,
    parent: RunRecord | None = None,
    now: bool = False,
    reuse: bool = False,
    when_reused: Callable[[RunRecord], None] = lambda _: None,
) -> Run:
    """``Experiment.submit`` by the experiment's name; it is made with the run if there is none.

    A run with a parent is in the experiment of that one, whatever its name. ``when_reused`` is called with a run that
    was there already.
    """
    from localexp.execution.launch import launch
    from localexp.run import Run

    if not isinstance(config, ScriptRunConfig):
        raise RunConfigurationException(
            f"{config!r} cannot be submitted: give a ScriptRunConfig(source_directory, script, arguments)"
        )
    check_flags(now=now, reuse=reuse)
    submission = submission_of(config)
    submission.tags = checked_tags(tags)
    submission.run_id = identifiers.checked_run_id(run_id)
    submission.parent = parent
    submission.now = now
    submission.reuses = reuse
    submission.snapshot = snapshot or submission.snapshot
    launched = launch(workspace._store, experiment, submission)
    for message in launched.warnings:
        warn(message, UserWarning, stacklevel=3)
    if launched.is_reused:
        when_reused(launched.record)
    return Run.get(workspace, launched.record.id)


def snapshot_options(ignore_parents: bool, max_bytes: int | None, max_files: int | None, force: bool) -> Options:
    """What is to hold for a snapshot."""
    from localexp.snapshot.take import Options

    check_flags(ignore_parents=ignore_parents, force=force)
    return Options(max_bytes=max_bytes, max_files=max_files, ignore_parents=ignore_parents, force=force)


def _parent(workspace: Workspace, experiment: str, run_id: str) -> RunRecord:
    from localexp.run import Run

    parent = Run.get(workspace, run_id)
    if parent.experiment.name != experiment:
        raise UserErrorException(
            f"the parent run {run_id} is in the experiment {parent.experiment.name!r}; submit its children there"
        )
    return parent._known()
