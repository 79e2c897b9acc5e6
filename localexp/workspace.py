"""Workspace: one folder that holds experiments, runs, snapshots and files."""

from __future__ import annotations

import os

from localexp.advice import Advising
from localexp.errors import UserErrorException, WorkspaceException
from localexp.store import clock, experiments, identifiers, settings
from localexp.store.layout import STORE_FOLDER
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn

    from localexp.config import Environment
    from localexp.experiment import Experiment
    from localexp.run import Run
    from localexp.snapshot.view import Snapshot

WORKSPACE_VARIABLE = "LOCALEXP_WORKSPACE"
_LARGEST_SETTING = 2**63 - 1


class Workspace(Advising):
    """Open the workspace in the folder ``path``, or create it: everything lies in ``<path>/.localexp``.

    Differs from Azure ML, whose constructor takes a subscription, a resource group and a name.

    :param path: a folder, made if it is not there; the ``.localexp`` folder itself is accepted too.
    :param azure: nothing may be given here or by another keyword; who calls it as Azure ML's is told what to write.
    :raises UserErrorException: it is called so.
    :raises WorkspaceException: it cannot be created or opened there, or was written by a newer localexp.
    """

    def __init__(self, path: str | os.PathLike[str] = ".", *azure: NoReturn, **keywords: NoReturn) -> None:
        _refuse_call_of_azure_ml(azure, keywords)
        self._store = Store(_store_root(path))
        if not self._store.exists():
            _create(self._store, None)
        # What cannot be opened is to fail here, not at the first use.
        with self._store.main.reading():
            pass
        if os.path.isdir(self._store.layout.deleted):
            from localexp.execution.deletion import recover

            recover(self._store)

    @classmethod
    def _attached(cls, path: str) -> Workspace:
        """The workspace of a submitted script, whose database is not touched before it is needed."""
        workspace = cls.__new__(cls)
        workspace._store = Store(_store_root(path))
        return workspace

    @staticmethod
    def create(
        name: str,
        path: str | os.PathLike[str] = ".",
        exist_ok: bool = False,
        *azure: NoReturn,
        **keywords: NoReturn,
    ) -> Workspace:
        """Create a workspace with a name.

        :param name: any text but the empty one.
        :param path: the folder in which it is to lie.
        :param exist_ok: return the workspace that is there already, as it is.
        :param azure: as for ``Workspace``.
        :raises UserErrorException: the name is empty, or this is called as Azure ML's.
        :raises WorkspaceException: there is one already, and ``exist_ok`` is False.
        """
        _refuse_call_of_azure_ml(azure, keywords)
        if not name:
            raise UserErrorException("a workspace needs a name that is not empty")
        store = Store(_store_root(path))
        if not store.exists():
            _create(store, name)
        elif not exist_ok:
            raise WorkspaceException(
                f"there is a workspace in {store.layout.root} already; pass exist_ok=True to use it, "
                "or choose another path"
            )
        return Workspace(path)

    @staticmethod
    def from_config(
        path: str | os.PathLike[str] | None = None,
        auth: object = None,  # noqa: ARG004
        _logger: object = None,
        _file_name: str | None = None,
    ) -> Workspace:
        """Find a workspace: the environment variable ``LOCALEXP_WORKSPACE``, else the nearest ``.localexp`` upwards.

        Differs from Azure ML, which looks for a ``config.json``; the path of one counts as that of its folder.

        :param path: where to look first; the current directory if None. With a path the variable is not asked.
        :param auth: nothing needs it: whoever may read and write the folder may use the workspace.
        :param _logger: has no effect.
        :param _file_name: None; there is no file to be named.
        :raises UserErrorException: there is none, or a file name is given.
        """
        if _file_name is not None:
            raise UserErrorException(
                f"a workspace is found by its folder, not by a file {_file_name!r}; give the path of the folder"
            )
        named = os.environ.get(WORKSPACE_VARIABLE) if path is None else None
        if named:
            if not Store(_store_root(named)).exists():
                raise UserErrorException(
                    f"{WORKSPACE_VARIABLE} is {named!r}, where there is no workspace; "
                    f"run 'localexp init {named}', or unset the variable"
                )
            return Workspace(named)
        start = os.path.abspath(path or ".")
        folder = start
        while not Store(_store_root(folder)).exists():
            parent = os.path.dirname(folder)
            if parent == folder:
                raise UserErrorException(
                    f"there is no workspace in {start} or any folder above it; run 'localexp init' to create one"
                )
            folder = parent
        return Workspace(folder)

    def __reduce__(self) -> tuple[Callable[[str], Workspace], tuple[str]]:
        return reopened, (self.path,)

    def __repr__(self) -> str:
        return f"Workspace({self.path!r})"

    def _repr_html_(self) -> str:
        from localexp.report.notebook import workspace_html

        return workspace_html(self._store, self.name, self.path)

    @property
    def path(self) -> str:
        """The absolute path of the folder in which ``.localexp`` lies."""
        return os.path.dirname(self._store.layout.root)

    @property
    def name(self) -> str:
        """The name that it was created with, by default the folder's."""
        with self._store.main.reading() as db:
            return settings.workspace_name(db, self.path)

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that are not archived, by name."""
        from localexp.experiment import Experiment

        with self._store.main.reading() as db:
            records = experiments.listed(db)
        return {record.name: Experiment._of(self, record) for record in records}

    @property
    def environments(self) -> dict[str, Environment]:
        """The newest version of each environment that was registered, by name, as ``Environment.list`` says."""
        from localexp.config import registry

        return registry.newest(self)

    @property
    def settings(self) -> dict[str, int]:
        """The settings as they stand: ``snapshot.max_bytes`` and ``snapshot.max_files``, the most that a snapshot
        takes (2 GiB, 100,000 files), ``checkouts.max_bytes``, beyond which idle checkouts are removed (2 GiB),
        ``max_concurrent_runs``, how many submitted runs are at work at once (as many as there are cores for this
        process), ``cancel.grace_seconds``, which a script that is to end has before it is killed (10), and
        ``resources.sample_seconds``, how often is noted what a script takes of the machine (5; 0 is never).
        """
        with self._store.main.reading() as db:
            return {name: settings.number(db, name) for name in settings.NUMBERS}

    def setting(self, name: str) -> int:
        """One of ``settings``.

        :raises UserErrorException: there is no setting of this name.
        """
        _check_setting(name)
        return self.settings[name]

    def set_setting(self, name: str, value: int) -> None:
        """Change a setting for everybody who uses this workspace.

        :param name: one of ``settings``.
        :param value: a number of bytes, files, runs or seconds.
        :raises UserErrorException: there is no such setting, or the value is no number that is at least 0.
        """
        _check_setting(name)
        if type(value) is not int or not 0 <= value <= _LARGEST_SETTING:
            raise UserErrorException(f"the setting {name} is a whole number that is not negative, not {value!r}")
        if name == settings.CONCURRENT_RUNS and value == 0:
            raise UserErrorException(f"with {name} at 0 no run would ever begin; give a number that is at least 1")
        with self._store.main.writing() as db:
            settings.set_number(db, name, value)
        if name == settings.CONCURRENT_RUNS:
            from localexp.execution.queue import advance

            advance(self._store)

    def get_snapshot(self, snapshot_id: str) -> Snapshot:
        """The snapshot with this id, whichever runs have it.

        :raises SnapshotException: there is none.
        """
        from localexp.snapshot.view import Snapshot

        return Snapshot._of(self._store, snapshot_id)

    def get_run(self, run_id: str) -> Run:
        """The run with this id.

        :raises RunNotFound: there is none.
        """
        from localexp.run import Run

        return Run.get(self, run_id)

    def wait(self, runs: Iterable[Run | str]) -> list[Run]:
        """Wait until runs have ended, and return them in the order in which they were given, each once.

        None of them is an error if it has failed or was canceled: its ``status`` says so. A terminal shows meanwhile
        how many have ended. Ctrl-C raises KeyboardInterrupt; the runs go on.

        :param runs: runs of this workspace, or their ids.
        :raises RunNotFound: there is no run with one of these ids, which is found out before anything is waited for.
        :raises UserErrorException: this is no list of runs, or one is of another workspace or is this very process.
        """
        from localexp.run.waiting import waited_for

        return waited_for(self, runs)

    def close(self) -> None:
        """Close the database; whatever is used next opens it again."""
        self._store.close()


def reopened(path: str) -> Workspace:
    """The workspace in a folder, which another process had opened there; it is not made anew.

    :raises WorkspaceException: it is gone.
    """
    if not Store(_store_root(path)).exists():
        raise WorkspaceException(f"the workspace in {path} is gone; open it where it is now")
    return Workspace(path)


def _refuse_call_of_azure_ml(positional: tuple[object, ...], keywords: dict[str, NoReturn]) -> None:
    if positional or keywords:
        taken = next(iter(keywords), "subscription, resource group and name")
        raise UserErrorException(
            f"a workspace is a folder on this machine, and takes no {taken}: write Workspace.from_config() for the "
            "one around the current directory, Workspace(path), or Workspace.create(name, path)"
        )


def _check_setting(name: str) -> None:
    if name not in settings.NUMBERS:
        raise UserErrorException(f"there is no setting {name!r}; there are {', '.join(settings.NUMBERS)}")


def _store_root(path: str | os.PathLike[str]) -> str:
    folder = os.path.abspath(path)
    return folder if os.path.basename(folder) == STORE_FOLDER else os.path.join(folder, STORE_FOLDER)


def _create(store: Store, name: str | None) -> None:
    folder = os.path.dirname(store.layout.root)
    try:
        store.make_folder()
    except OSError as error:
        raise WorkspaceException(
            f"cannot create the folder {store.layout.root}: {error.strerror}; choose a folder that you may write to, "
            "or move what is in the way"
        ) from error
    with store.main.writing() as db:
        settings.set_once(db, "workspace.id", identifiers.uuid())
        settings.set_once(db, "workspace.name", name or os.path.basename(folder) or "workspace")
        settings.set_once(db, "workspace.created_at", str(clock.now()))
