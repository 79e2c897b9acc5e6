"""What an experiment is: its identity, its state, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from warnings import warn

from localexp.advice import Advising
from localexp.errors import UserErrorException
from localexp.store import clock, experiments, runs
from localexp.store.tags import checked as checked_tags
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime
    from typing import TypeVar

    from localexp.store.experiments import ExperimentRecord
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace

    AnyExperiment = TypeVar("AnyExperiment", bound="ExperimentCore")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,35}")
_DOCS = "https://learn.microsoft.com/python/api/azureml-core/azureml.core.experiment.experiment"


class ExperimentCore(Advising):
    """The part of ``Experiment`` that is about itself."""

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        _skip_name_validation: bool = False,
        _id: str | None = None,
        _archived_time: datetime | None = None,
        _create_in_cloud: bool = True,
        _experiment_dto: object = None,
        **kwargs: object,
    ) -> None:
        checked_workspace(workspace)
        checked_name(name, skip=True)
        if not _skip_name_validation:
            self._check_name(name)
        self._workspace = workspace
        self._name = name
        self._record: ExperimentRecord | None
        if _id is not None:
            self._record = _found(workspace, name, _id)
        else:
            self._record = _got_or_created(workspace, name) if _create_in_cloud else None

    @classmethod
    def _of(cls: type[AnyExperiment], workspace: Workspace, record: ExperimentRecord) -> AnyExperiment:
        experiment = cls.__new__(cls)
        experiment._workspace = workspace
        experiment._name = record.name
        experiment._record = record
        return experiment

    @staticmethod
    def _check_name(name: str) -> None:
        checked_name(name)

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self._workspace.name})"

    def __reduce__(self) -> tuple[object, ...]:
        identifier = None if self._record is None else self._record.id
        return _attached, (type(self), self._workspace, self._name, identifier)

    @property
    def workspace(self) -> Workspace:
        """The workspace that it is in."""
        return self._workspace

    @property
    def workspace_object(self) -> Workspace:
        """The workspace that it is in. Deprecated: use ``workspace``."""
        warn("workspace_object is deprecated; use workspace", DeprecationWarning, stacklevel=2)
        return self._workspace

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def id(self) -> str | None:
        """A UUID; None as long as it has not been created, see ``_create_in_cloud``."""
        return None if self._record is None else self._record.id

    @property
    def archived_time(self) -> datetime | None:
        """When it was archived, in UTC, as of the last ``refresh``; None if it is active."""
        archived_at = None if self._record is None else self._record.archived_at
        return None if archived_at is None else clock.moment(archived_at)

    @property
    def tags(self) -> dict[str, str | None] | None:
        """The tags as they stand now; None as long as it has not been created. (Azure ML's are those of the last
        ``refresh``.)

        :raises UserErrorException: it was deleted.
        """
        if self._record is None:
            return None
        with self._workspace._store.main.reading() as db:
            return experiments.tags(db, experiments.anew(db, self._record).key)

    # What is said of it

    def tag(self, key: str, value: object = None) -> None:
        """Set a tag.

        :param key: any text, also the empty one.
        :param value: any text; what is not a text becomes one. None for a tag without value.
        :raises UserErrorException: the experiment has not been created, or was deleted.
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object] | None) -> None:
        """Set tags, and leave those that are not named as they are.

        :param tags: a dict of texts, with None for a tag without value. None is nothing to do.
        :raises UserErrorException: as for ``tag``, or it is no dict.
        """
        said = checked_tags(tags)
        with self._changing() as (db, record):
            experiments.set_tags(db, record.key, said)

    def remove_tags(self, tags: Iterable[str] | None) -> None:
        """Remove tags; those that are not there, and None, are no error.

        :param tags: a list of keys.
        :raises UserErrorException: as for ``tag``, or it is no list.
        """
        if tags is None:
            return
        if isinstance(tags, (str, bytes, Mapping)) or not isinstance(tags, Iterable):
            raise UserErrorException(f"tags to remove are a list of keys, not {tags!r}")
        keys = list(checked_tags(dict.fromkeys(tags)))
        with self._changing() as (db, record):
            experiments.remove_tags(db, record.key, keys)

    def archive(self) -> None:
        """Hide it from lists. Its runs stay; what is started or submitted by its name makes a new active experiment.

        :raises UserErrorException: it has not been created, or was deleted.
        """
        with self._changing() as (db, record):
            experiments.archive(db, record.key, clock.now())
        self.refresh()

    def reactivate(self, new_name: str | None = None) -> None:
        """Make it active again.

        :param new_name: has to be None: an experiment cannot be renamed.
        :raises UserErrorException: a name was given, or another active experiment has its name, or it has not been
            created, or was deleted.
        """
        if new_name is not None:
            raise UserErrorException(
                f"an experiment cannot be renamed, to {new_name!r} or anything; leave new_name out"
            )
        with self._changing() as (db, record):
            experiments.reactivate(db, record)
        self.refresh()

    def refresh(self) -> None:
        """Read anew when it was archived.

        :raises UserErrorException: it has not been created, or was deleted.
        """
        with self._workspace._store.main.reading() as db:
            self._record = experiments.anew(db, self._known())

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> None:
        """Delete an experiment, archived or not, with its runs and their files. All of it goes, or nothing.

        What its snapshots alone have stored goes with the next garbage collection.

        :param workspace: the workspace that it is in.
        :param experiment_id: its ``id``.
        :raises UserErrorException: there is none with this id, or runs of it go on, which are named.
        """
        from localexp.execution.deletion import delete

        delete(checked_workspace(workspace)._store, experiment_id)

    @classmethod
    def get_docs_url(cls) -> str:
        """Where Azure ML's documentation of this class is."""
        return _DOCS

    # Below the surface

    def _known(self) -> ExperimentRecord:
        if self._record is None:
            raise UserErrorException(
                f"the experiment {self.name!r} has not been created (_create_in_cloud=False); its first run creates "
                "it, as does Experiment(workspace, name)"
            )
        return self._record

    def _standing_record(self) -> ExperimentRecord | None:
        """Its row as it is now; of one that was not created the active one of the name, if there is one by now."""
        with self._workspace._store.main.reading() as db:
            return experiments.active(db, self.name) if self._record is None else experiments.anew(db, self._record)

    @contextmanager
    def _changing(self) -> Iterator[tuple[sqlite3.Connection, ExperimentRecord]]:
        record = self._known()
        with self._workspace._store.main.writing() as db:
            yield db, experiments.anew(db, record)

    def _home_of(self: AnyExperiment, record: RunRecord) -> AnyExperiment:
        """The experiment that a run of this name is in: not this one, if this was archived before the run began."""
        if self._record is None:
            self._record = self._standing_record()
        if self._record is not None and self._record.key == record.experiment:
            return self
        with self._workspace._store.main.reading() as db:
            runs.anew(db, record)
            return self._of(self._workspace, experiments.by_key(db, record.experiment))


def checked_workspace(workspace: object) -> Workspace:
    """What was given as a workspace.

    :raises UserErrorException: it is none.
    """
    from localexp.workspace import Workspace

    if not isinstance(workspace, Workspace):
        raise UserErrorException(
            f"the workspace is {workspace!r}, but has to be a Workspace; Workspace.from_config() gives the one around "
            "the current directory"
        )
    return workspace


def checked_name(name: object, skip: bool = False) -> str:
    """A name that an experiment can have.

    :raises UserErrorException: it is not one.
    """
    if not isinstance(name, str) or not name or "\0" in name or readable(name) != name:
        raise UserErrorException(f"an experiment's name is a text that is not empty, not {name!r}")
    if not skip and not _NAME.fullmatch(name):
        raise UserErrorException(
            f"the experiment name {name!r} does not fit: it needs 3 to 36 ASCII letters, digits, '_' or '-', "
            "and a letter or digit in front"
        )
    return name


def _got_or_created(workspace: Workspace, name: str) -> ExperimentRecord:
    store = workspace._store
    with store.main.reading() as db:
        record = experiments.active(db, name)
    if record is None:
        with store.main.writing() as db:
            record = experiments.get_or_create(db, name, clock.now())
    return record


def _found(workspace: Workspace, name: str, identifier: object) -> ExperimentRecord:
    with workspace._store.main.reading() as db:
        record = experiments.find(db, identifier) if isinstance(identifier, str) else None
    if record is None or record.name != name:
        raise UserErrorException(
            f"there is no experiment {name!r} with the id {identifier!r}; Experiment.list(workspace, "
            "view_type=ViewType.All) gives all with their ids"
        )
    return record


def _attached(kind: type[AnyExperiment], workspace: Workspace, name: str, identifier: str | None) -> AnyExperiment:
    """The experiment of another process, in this one."""
    return kind(workspace, name, _skip_name_validation=True, _id=identifier, _create_in_cloud=False)
