"""What git knows of a source directory, asked while something else is done."""

from __future__ import annotations

import os
import time

from localexp.errors import SnapshotException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

PATIENCE_SECONDS = 5.0
_MOST_DIFF_BYTES = 1024 * 1024
# Nothing of the repository is run but filters, without which git would see changes where there are none; nothing is
# fetched, nobody asked, and no other git kept waiting.
_QUIET = (
    *("-c", "core.fsmonitor=", "-c", f"core.hooksPath={os.devnull}", "-c", "protocol.allow=never"),
    *("-c", "core.quotePath=true", "--no-pager"),
)
_QUIET_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
# A hook that submits a run has these set, maybe for another repository.
_OF_ONE_REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
    *(
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",
        "GIT_EXTERNAL_DIFF",
        "GIT_DIFF_OPTS",
        "GIT_LITERAL_PATHSPECS",
    ),
)
_STATUS = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "--no-renames", "--", ".")
_DIFF = (
    *("diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--submodule=short"),
    *("--relative", "--src-prefix=a/", "--dst-prefix=b/", "--", "."),
)


class State:
    """A source directory as git sees it; ``is_dirty`` is None if it does not.

    ``diff`` is from the commit to what is there, with paths relative to the source directory; files that git does not
    know are left out, as are those which no snapshot holds, for that may be because of a secret in them. ``trouble``
    says what kept git from its answer.
    """

    def __init__(self) -> None:
        self.repository: str | None = None
        self.branch: str | None = None
        self.commit: str | None = None
        self.is_dirty: bool | None = None
        self.diff = ""
        self.trouble: str | None = None

    def seen(self) -> dict[str, str | bool | None]:
        return {"repository": self.repository, "branch": self.branch, "commit": self.commit, "dirty": self.is_dirty}


class _GivenUp(Exception):
    """Nobody waits for the answer any more."""


class Question:
    """What is asked about a source directory; git is at it from the beginning.

    ``ignore_parents`` is as for the snapshot that is taken of it.
    """

    def __init__(self, source: str, ignore_parents: bool) -> None:
        from threading import Lock, Thread

        self._source = source
        self._ignore_parents = ignore_parents
        self._state = State()
        self._running: list[subprocess.Popen[bytes]] = []
        self._is_given_up = False
        self._lock = Lock()
        self._deadline = time.monotonic() + PATIENCE_SECONDS
        self._thread = Thread(target=self._ask, name="localexp-git", daemon=True)
        self._thread.start()

    def answer(self) -> State:
        """What git has to say; after some seconds it is no longer waited for."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        if self._thread.is_alive():
            self.give_up()
            self._state = State()
            self._state.trouble = (
                f"git did not say within {PATIENCE_SECONDS:.0f} s what state the source directory is in, so commit and "
                "changes are not recorded; see how long 'git status' takes there"
            )
        return self._state

    def give_up(self) -> None:
        """End what goes on, if anything does."""
        with self._lock:
            self._is_given_up = True
            for process in self._running:
                _kill(process)
        self._thread.join()

    def _ask(self) -> None:
        try:
            remote = self._started("ls-remote", "--get-url")
            status = self._started(*_STATUS)
            has_changes = self._read_status(status)
            repository = os.fsdecode(self._output_of(remote)).strip()
            # Where there is none, an older git gives the name that it would have.
            self._state.repository = None if repository in ("", "origin") else repository
            if has_changes and self._state.commit is not None:
                self._state.diff = self._text_of_diff(self._output_of(self._started(*_DIFF)))
        except (OSError, _GivenUp):
            # There is no git to be started, or nobody waits.
            pass
        finally:
            with self._lock:
                for process in self._running:
                    _kill(process)
            for process in self._running:
                process.communicate()

    def _started(self, *arguments: str, hears_errors: bool = False) -> subprocess.Popen[bytes]:
        import subprocess

        environment = {name: value for name, value in os.environ.items() if name not in _OF_ONE_REPOSITORY}
        with self._lock:
            if self._is_given_up:
                raise _GivenUp
            process = subprocess.Popen(
                ["git", *_QUIET, *arguments],
                cwd=self._source,
                env={**environment, **_QUIET_ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if hears_errors else subprocess.DEVNULL,
                start_new_session=True,
            )
            self._running.append(process)
        return process

    def _read_status(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether anything that git knows has changed. What it knows comes first: one line says enough."""
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith(b"# "):
                self._state.is_dirty = True
                return not line.startswith(b"? ")
            self._read_head(line)
        if process.wait() == 0:
            self._state.is_dirty = False
        elif not self._is_given_up:
            self._say_trouble()
        return False

    def _read_head(self, line: bytes) -> None:
        name, _, value = os.fsdecode(line.rstrip(b"\n")).removeprefix("# ").partition(" ")
        if name == "branch.oid" and value != "(initial)":
            self._state.commit = value
        if name == "branch.head" and value != "(detached)":
            self._state.branch = value

    def _say_trouble(self) -> None:
        said = self._output_of(self._started("rev-parse", "--is-inside-work-tree", hears_errors=True))
        if said.strip() == b"true":
            said = self._output_of(self._started(*_STATUS, hears_errors=True))
        # In a checkout of ours git does not look above, where the repository is of something else.
        if said.strip() != b"false" and b"not a git repository" not in said:
            lines = os.fsdecode(said).strip().split("\n")
            reason = next((line for line in lines if line.startswith("fatal: ")), lines[0])
            self._state.trouble = f"git could not say what state the source directory is in: {reason}"

    def _output_of(self, process: subprocess.Popen[bytes]) -> bytes:
        """The beginning of it, one byte more than there may be of a diff at most."""
        assert process.stdout is not None
        return process.stdout.read(_MOST_DIFF_BYTES + 1)

    def _text_of_diff(self, data: bytes) -> str:
        from localexp.execution.facts import diffs

        note = b""
        if len(data) > _MOST_DIFF_BYTES:
            data = data[: data.rfind(b"\n", 0, _MOST_DIFF_BYTES) + 1]
            note = b"localexp: the diff goes on; this is the first MiB of it\n"
        return (diffs.without(data, self._is_left_out) + note).decode("utf-8", "backslashreplace")

    def _is_left_out(self, path: bytes) -> bool:
        """Whether no snapshot holds the file that is there, or was."""
        from localexp.snapshot.explain import explain

        if self._is_given_up:
            raise _GivenUp
        try:
            return not explain(os.fsencode(self._source), path, self._ignore_parents).is_included
        except SnapshotException:
            # What says so cannot be read, of which the snapshot that is being taken complains.
            return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a git that is not done, with what it has started."""
    if process.poll() is not None:
        return
    try:
        if os.name == "nt":
            process.kill()
        else:
            import signal

            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        # It has just ended by itself.
        return


def commits_between(source: str, old: str, new: str) -> tuple[int, int] | None:
    """How many commits only the old one has behind it, and how many only the new one.

    None if git cannot tell: the source directory is gone, is in another repository by now, or the commits are.
    """
    import subprocess

    # What begins with a dash would be an option.
    if old.startswith("-") or new.startswith("-"):
        return None
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ONE_REPOSITORY}
    try:
        answer = subprocess.run(
            ["git", *_QUIET, "rev-list", "--left-right", "--count", f"{old}...{new}", "--"],
            cwd=source,
            env={**environment, **_QUIET_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        only_old, only_new = map(int, answer.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        # There is no git, no such folder, no such commit, or no answer in time.
        return None
    return only_old, only_new
