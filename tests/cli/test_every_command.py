"""Every command in a pipe and in a terminal: plain and whole in the one, fitted and coloured in the other."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import click
import pytest

from localexp import Environment, Experiment, Workspace
from localexp.cli import reference
from tests.cli.command import localexp, logged_run, printed, shown_at_once, strict_json
from tests.cli.conftest import Gate
from tests.processes import Project, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Colours, and what moves the cursor, or hides it.
_FOR_TERMINALS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLUMNS = 80


_SCRIPT = """
from localexp import Run
Run.get_context().log("loss", 0.25)
print("learnt")
"""


class Case:
    """How a command is run in the prepared workspace.

    :param arguments: what stands behind the name of the command. ``good`` is a run of a script, ``bad`` one that has
        failed, ``by-hand`` an interactive one, ``goes-on`` one that does, ``waits`` one in the queue. ``old`` is an
        archived experiment.
    :param changes: it needs a workspace of its own each time.
    :param is_wide: it prints what others have written, or paths, however wide.
    :param forms: it has ``--json`` and ``--csv``, which are asked for too. False for what takes long.
    :param opens: on a terminal it would open a window, and so it is only piped.
    """

    def __init__(
        self,
        *arguments: str,
        changes: bool = False,
        is_wide: bool = False,
        forms: bool = True,
        opens: bool = False,
    ) -> None:
        self.arguments = arguments
        self.changes = changes
        self.is_wide = is_wide
        self.forms = forms
        self.opens = opens


# A line for each command; what it is to be run with, see above.
_CASES = {
    "init": Case("elsewhere", changes=True, is_wide=True),
    "submit": Case("--now", "train.py", changes=True, is_wide=True),
    "runs": Case(),
    "show": Case("good", is_wide=True),
    "experiments archive": Case("letters", changes=True, is_wide=True),
    "experiments delete": Case("letters", "--yes", changes=True),
    "experiments ls": Case("--all"),
    "experiments reactivate": Case("old", changes=True),
    "experiments tag": Case("digits", "owner=ada", changes=True),
    "tag": Case("by-hand", "best", changes=True),
    "metrics": Case("by-hand", "metric/a"),
    "artifacts get": Case("good", "user_logs/std_log.txt", changes=True),
    "artifacts ls": Case("good"),
    "artifacts open": Case("good", "user_logs/std_log.txt", is_wide=True, opens=True),
    "watch": Case("good", "--once"),
    "logs": Case("good", is_wide=True),
    "wait": Case("good", "by-hand"),
    "cancel": Case("waits", changes=True),
    "delete": Case("by-hand", "--yes", changes=True),
    "rerun": Case("--now", "good", changes=True, is_wide=True, forms=False),
    "verify": Case("--now", "good", changes=True, is_wide=True, forms=False),
    "compare": Case("good", "other", "by-hand"),
    "diff": Case("good", "other"),
    "best": Case("--metric", "loss", "--goal", "min"),
    "snapshot diff": Case("good", "other"),
    "snapshot explain": Case("train.py"),
    "snapshot ls": Case("good"),
    "snapshot restore": Case("good", "restored", changes=True, is_wide=True),
    "env ls": Case(),
    "env rm": Case("torch:1", changes=True),
    "settings": Case(),
    "sql": Case("SELECT id, status FROM runs"),
    "fsck": Case(),
    "gc": Case(changes=True),
    "backup": Case("copy.tar", changes=True, is_wide=True),
    "doctor": Case(is_wide=True),
    "demo": Case(changes=True, is_wide=True, forms=False),
}
_COMMANDS = {one.path.partition(" ")[2]: one.command for one in reference.leaves()}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with a bit of everything, and the scripts that it is of."""
    project = Project(tmp_path_factory.mktemp("prepared"))
    gate = Gate(tmp_path_factory.mktemp("gate") / "gate")
    workspace = Workspace(project.path)
    digits, letters = Experiment(workspace, "digits"), Experiment(workspace, "letters")
    project.write("train.py", _SCRIPT)
    project.write("localexp-demo/train.py", _SCRIPT)
    submitted = [digits.submit(project.config(arguments=["--lr", "0.1"]), run_id="good")]
    project.write("notes.txt", "more\n")
    submitted.append(digits.submit(project.config(), tags={"why": "x" * 200}, run_id="other"))
    logged_run(workspace, "by-hand", {f"metric/{name}": 0.123 for name in "abcdefgh"}, experiment="letters")
    letters.start_logging(run_id="bad", snapshot_directory=None).fail("no luck " * 40)
    Experiment(workspace, "old").archive()
    Environment("torch").register(workspace)
    workspace.wait(submitted)
    project.write("wait.py", gate.code)
    workspace.set_setting("max_concurrent_runs", 1)
    going = [digits.submit(project.config("wait.py"), run_id=identifier) for identifier in ("goes-on", "waits")]
    wait_until(lambda: going[0].get_status() == "Running", "a run goes on")
    yield project.path
    going[1].cancel()
    gate.open()
    workspace.wait(going)
    gate.close()
    workspace.close()


class Place:
    """Where a case is run: in the prepared workspace, or each time in a new copy."""

    def __init__(self, prepared: Path, case: Case, copies: Path) -> None:
        self._prepared = prepared
        self._case = case
        self._copies = copies
        self._count = 0

    def path(self) -> Path:
        if not self._case.changes:
            return self._prepared
        self._count += 1
        return Path(shutil.copytree(self._prepared, self._copies / str(self._count), symlinks=True))


def test_every_command_has_a_case() -> None:
    missing = sorted(set(_COMMANDS) - set(_CASES))

    assert not missing, f"new commands: add a line for each of {missing} to _CASES in {__file__}"
    assert not sorted(set(_CASES) - set(_COMMANDS)), "there are cases of commands that are gone"


@pytest.mark.parametrize("name", sorted(_CASES))
def test_a_command_fits_a_terminal_and_is_plain_in_a_pipe(name: str, prepared: Path, tmp_path: Path) -> None:
    case, command = _CASES[name], _COMMANDS[name]
    place = Place(prepared, case, tmp_path)
    arguments = [*name.split(), *case.arguments]

    piped = localexp(*arguments, at=place.path(), FORCE_COLOR="1")
    assert piped.returncode == 0, piped
    check_lines(piped.stdout + piped.stderr)
    if not case.opens:
        coloured = shown_at_once(*arguments, at=place.path(), columns=_COLUMNS, variables={"NO_COLOR": ""})
        check_lines(_FOR_TERMINALS.sub("", coloured), None if case.is_wide else _COLUMNS)
    if not case.forms:
        return
    if not case.opens:
        assert not _COLOUR.search(shown_at_once(*arguments, at=place.path(), columns=_COLUMNS))
    options = {option for one in command.params if isinstance(one, click.Option) for option in one.opts}
    if "--json" in options:
        # Behind an argument of 'submit' an option would be the script's.
        strict_json(localexp(*name.split(), "--json", *case.arguments, at=place.path()).stdout)
    if "--csv" in options:
        check_csv(printed(localexp(*name.split(), "--csv", *case.arguments, at=place.path())))


def check_lines(text: str, columns: int | None = None) -> None:
    """What is shown is there, has no control characters left, and no line is wider than it may be."""
    assert text
    for line in re.split(r"[\r\n]", text):
        assert line.replace("\t", "").isprintable(), line
        assert columns is None or len(line.expandtabs()) <= columns, line


def check_csv(text: str) -> None:
    titles, *rows = csv.reader(text.splitlines())
    assert len(set(titles)) == len(titles)
    assert all(titles)
    assert all(len(row) == len(titles) for row in rows)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb", "NO_COLOR": ""}, {"COLUMNS": "40"}])
def test_a_terminal_that_wants_no_colours_gets_none(prepared: Path, variables: dict[str, str]) -> None:
    shown = shown_at_once("runs", at=prepared, columns=120, variables=variables)

    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= int(variables.get("COLUMNS", 120))


def test_a_status_has_its_colour(prepared: Path) -> None:
    shown = shown_at_once("runs", at=prepared, columns=120, variables={"NO_COLOR": ""})

    assert "\x1b[32mCompleted\x1b[0m" in shown
    assert "\x1b[31mFailed\x1b[0m" in shown
    assert "\x1b[2mQueued\x1b[0m" in shown
    assert "\x1b[1mSTATUS\x1b[0m" in shown
