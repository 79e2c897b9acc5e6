"""Workspace: one folder that holds experiments, runs, snapshots and files."""

from __future__ import annotations

import os

from localexp import observing
from localexp.advice import Advising
from localexp.errors import LocalexpError, UserErrorException, WorkspaceException
from localexp.store import clock, experiments, finding, identifiers, settings
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import NoReturn

    import sqlite_utils

    from localexp.config import Environment
    from localexp.execution.backup.making import Backup
    from localexp.execution.collecting import Garbage
    from localexp.execution.ephemeral import Removal
    from localexp.experiment import Experiment
    from localexp.run import Run
    from localexp.run.searching import RunPage
    from localexp.snapshot.view import Snapshot
    from localexp.store.exploring import Answer

_LARGEST_SETTING = 2**63 - 1


class Workspace(Advising):
    """Open the workspace in the folder ``path``, or create it: everything lies in ``<path>/.localexp``.

    Differs from Azure ML, whose constructor takes a subscription, a resource group and a name.

    :param path: a folder, made if it is not there; the ``.localexp`` folder itself is accepted too.
    :param azure: nothing may be given here or by another keyword; who calls it as Azure ML's is told what to write.
    :raises UserErrorException: it is called so.
    :raises WorkspaceException: it cannot be created or opened there, or was written by a newer localexp.
    """

    # Of an ephemeral one, in the object that it was made by.
    _removal: Removal | None = None

    def __init__(self, path: str | os.PathLike[str] = ".", *azure: NoReturn, **keywords: NoReturn) -> None:
        _refuse_call_of_azure_ml(azure, keywords)
        root = finding.root_in(path)
        self._store = Store(root)
        _check_may_be_opened(root)
        if not self._store.exists():
            _create(self._store, None, self._store.make_folder)
        # What cannot be opened is to fail here, not at the first use.
        with self._store.main.reading():
            pass
        if os.path.isdir(self._store.layout.deleted):
            from localexp.execution.aside import recover

            recover(self._store)

    @classmethod
    def _attached(cls, path: str) -> Workspace:
        """The workspace of a submitted script, whose database is not touched before it is needed."""
        root = finding.root_in(path)
        _check_may_be_opened(root)
        workspace = cls.__new__(cls)
        workspace._store = Store(root)
        return workspace

    @classmethod
    def ephemeral(cls, name: str | None = None) -> Workspace:
        """Make a workspace that is removed when it is closed: ``with Workspace.ephemeral() as workspace:``.

        It is closed at the latest when nothing in this process refers to it any more, or when this process ends. If
        that is killed, submitted runs end as Canceled all the same, and the folder stays. It lies in a new folder among
        the temporary files, its ``path``, which goes with all that is in it. As long as it is there it is as good as
        any other, for submitted runs and the command line too; but nothing in it waits for the disk, so that a loss of
        power may damage it. What ``backup`` makes of it is an ordinary workspace, and so is a copy of its folder, or
        the folder itself where it was moved to.

        :param name: any text but the empty one, by default the folder's.
        :raises UserErrorException: the name is empty, or no text.
        :raises WorkspaceException: there is no folder for temporary files that may be written.
        """
        from localexp.execution import ephemeral
        from localexp.store.owners import this_process

        if name is not None:
            _check_name(name)
        folder = ephemeral.new_folder()
        try:
            workspace = cls._ephemeral_in(folder, name, goes_with=str(this_process()))
            workspace._removal = ephemeral.Removal(workspace._store)
        except BaseException:
            ephemeral.remove_tree(folder)
            raise
        return workspace

    @classmethod
    def _ephemeral_in(cls, folder: str | os.PathLike[str], name: str | None = None, goes_with: str = "") -> Workspace:
        """An ephemeral one in a folder that is there or is made, and that the caller removes.

        :param goes_with: the owner text of the process with which its runs end, if they are to end with one.
        """
        workspace = cls.__new__(cls)
        workspace._store = Store(finding.root_in(folder))
        if workspace._store.exists():
            raise WorkspaceException(f"there is a workspace in {workspace.path} already; choose another folder")
        _create(workspace._store, name, lambda: workspace._store.make_ephemeral(goes_with))
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
        :raises UserErrorException: the name is empty or no text, or this is called as Azure ML's.
        :raises WorkspaceException: there is one already, and ``exist_ok`` is False.
        """
        _refuse_call_of_azure_ml(azure, keywords)
        _check_name(name)
        root = finding.root_in(path)
        _check_may_be_opened(root)
        store = Store(root)
        if not store.exists():
            _create(store, name, store.make_folder)
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
        return Workspace(finding.named_or_around(path))

    def __reduce__(self) -> tuple[Callable[[str], Workspace], tuple[str]]:
        return reopened, (self.path,)

    def __repr__(self) -> str:
        return f"Workspace({self.path!r})"

    def _repr_html_(self) -> str:
        from localexp.report.notebook import problem_html, workspace_html

        try:
            return workspace_html(self._store, self.name, self.path)
        except LocalexpError as error:
            return problem_html(f"{self!r}: {error}")

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
        :raises UserErrorException: there is no such setting, or the value is no number that is at least 0, or for
            ``max_concurrent_runs`` 1.
        """
        _check_setting(name)
        # With none at once no run would ever begin.
        least = 1 if name == settings.CONCURRENT_RUNS else 0
        if type(value) is not int or not least <= value <= _LARGEST_SETTING:
            raise UserErrorException(f"the setting {name} is a whole number that is at least {least}, not {value!r}")
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

    def search_runs(
        self,
        filter: str | None = None,
        order_by: str | None = None,
        limit: int = 100,
        after: str | None = None,
        include_children: bool = True,
    ) -> RunPage:
        """The runs of all experiments of which a filter is true, archived ones too, as ``Experiment.search_runs``.

        :raises FilterSyntaxError: filter or order cannot be read; the error shows where.
        :raises UserErrorException: another value is of no such kind, or ``after`` is of another search.
        """
        from localexp.run.searching import found

        return found(self, None, filter, order_by, limit, after, include_children)

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

    def sql(
        self, query: str, params: Sequence[object] | Mapping[str, object] | None = None, timeout: float = 10.0
    ) -> list[dict[str, object]]:
        """The rows of a query in SQL, each a dict by the names of its columns.

        The views that it may count on are in the README: ``runs``, ``latest_metrics``, ``metric_points``, ``params``,
        ``tags`` and so on. Everything that runs have logged until now is in them. Values are as SQLite has them; of
        columns that are named alike the second ``x`` is ``x_2``.

        :param query: one SELECT. Nothing can be written, attached or set.
        :param params: values for the ``?`` of the query, or a dict of those for its ``:name``.
        :param timeout: the seconds after which it is stopped.
        :raises SqlRefusedError: it would do more than read.
        :raises SqlTimeoutError: it takes longer.
        :raises SqlError: it is no query, or names what is not there, or ``params`` does not fit.
        :raises UserErrorException: the timeout is no number above 0.
        """
        names, rows = self._answer(query, params, timeout)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _answer(self, query: str, params: Sequence[object] | Mapping[str, object] | None, timeout: float) -> Answer:
        from localexp.execution.listing import settle
        from localexp.store.exploring import answer

        if type(timeout) not in (int, float) or not timeout > 0:
            raise UserErrorException(f"the timeout is a number of seconds above 0, not {timeout!r}")
        settle(self._store, None)
        return answer(self._store.main, query, params, timeout)

    @property
    def db(self) -> sqlite_utils.Database:
        """The views of ``sql`` as a ``Database`` of sqlite-utils, to explore; nothing can be written through it.

        It has a connection of its own, and holds what runs have logged until it is asked for; ask again for what they
        log later, and in a process that was forked since.
        """
        from localexp.execution.listing import settle
        from localexp.store.exploring import explorer

        settle(self._store, None)
        return explorer(self._store.main)

    def backup(self, path: str | os.PathLike[str]) -> Backup:
        """Write one archive of the workspace, which may be in use: unpacked by ``tar -xf``, it is a workspace again.

        It has all that was recorded before this was called: experiments, runs and what was said of them, their files,
        snapshots, registered environments and settings. Runs that go on are not touched, and are ended in the copy, as
        Failed, with the reason; what their scripts have printed by then is there, what they have written to ``outputs``
        is not. There are no working trees, built environments, cache or pages in it, and nothing of what it takes to
        start runs that are in the queue, as that may hold secrets. Nothing can be deleted meanwhile.

        :param path: a new file, whose name ends in ``.tar``, or ``.tar.gz`` or ``.tgz`` to have it compressed. It is
            not there before it is whole; beside it there has to be room for a copy of the databases meanwhile.
        :raises UserErrorException: something is there already, or it is no place or no name for an archive.
        :raises StoreError: it cannot be written, or something cannot be read; no archive is left.
        """
        from localexp.execution.backup.making import back_up

        return back_up(self._store, os.fspath(path))

    def gc(self, dry_run: bool = False, checkouts: bool = False) -> Garbage:
        """Remove what nothing needs any more, and make the files smaller. Runs may be submitted and go on meanwhile.

        What goes: what is stored for snapshots and that no run has any more; checkouts that nobody answers for or whose
        source directory is gone; built environments that no run of the record was run by; what those have left who
        were killed. What is needed stays, whoever is killed and whenever.

        :param dry_run: remove nothing, only say what would go.
        :param checkouts: remove idle checkouts too; the next run of a directory makes one anew.
        :returns: numbers and bytes of each kind in ``removed``.
        :raises SnapshotException: a stored tree is missing or damaged, so that nobody can say what is needed, or
            a backup goes on, for which all that is stored has to stay.
        :raises StoreError: the workspace may only be read, or its record has been emptied.
        """
        from localexp.execution.collecting import collected

        return collected(self._store, dry_run, checkouts)

    def close(self) -> None:
        """Close the database; whatever is used next opens it again.

        The one that ``ephemeral`` has made is removed, in the process that made it: submitted runs that go on are
        canceled, which is waited for, and other runs of this process are ended. It cannot be used any more.

        :raises UserErrorException: a script of it runs inline in this process, which may be the one that asks for it.
        :raises WorkspaceException: the folder of an ephemeral one cannot be removed.
        """
        if self._removal is not None and self._removal.is_due():
            self._removal.carry_out(self._store)
        else:
            self._store.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def reopened(path: str) -> Workspace:
    """The workspace in a folder, which another process had opened there; it is not made anew.

    :raises WorkspaceException: it is gone.
    """
    if not Store(finding.root_in(path)).exists():
        raise WorkspaceException(f"the workspace in {path} is gone; open it where it is now")
    return Workspace(path)


def _check_may_be_opened(root: str) -> None:
    __tracebackhide__ = True
    if observing.innermost() is not None:
        observing.opens(root)
    elif observing.FENCE in os.environ:
        from localexp.execution import fence

        fence.check(root)


def _refuse_call_of_azure_ml(positional: tuple[object, ...], keywords: dict[str, NoReturn]) -> None:
    if positional or keywords:
        taken = next(iter(keywords), "subscription, resource group and name")
        raise UserErrorException(
            f"a workspace is a folder on this machine, and takes no {taken}: write Workspace.from_config() for the "
            "one around the current directory, Workspace(path), or Workspace.create(name, path)"
        )


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"the name of a workspace is a text that is not empty, not {name!r}")


def _check_setting(name: str) -> None:
    if name not in settings.NUMBERS:
        raise UserErrorException(f"there is no setting {name!r}; there are {', '.join(settings.NUMBERS)}")


def _create(store: Store, name: str | None, make: Callable[[], None]) -> None:
    folder = os.path.dirname(store.layout.root)
    try:
        make()
    except OSError as error:
        raise WorkspaceException(
            f"cannot create the folder {store.layout.root}: {error.strerror}; choose a folder that you may write to, "
            "or move what is in the way"
        ) from error
    with store.main.writing() as db:
        settings.set_once(db, settings.WORKSPACE_ID, identifiers.of_workspace())
        settings.set_once(db, "workspace.name", name or os.path.basename(folder) or "workspace")
        settings.set_once(db, "workspace.created_at", str(clock.now()))
