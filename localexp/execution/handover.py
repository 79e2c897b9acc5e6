"""What it takes to start a script, on its way from whoever submitted it to its supervisor: a file for nobody else."""

from __future__ import annotations

import os
import stat

from localexp.errors import StoreError
from localexp.execution.environments.wanted import Wanted
from localexp.execution.ranks import Ranks
from localexp.store import owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import RunLayout


_BLOCKS = 8


class Start:
    """The environment of a script and what there is to be run; ``command`` is one text if it is for the shell.

    ``wanted`` is the virtual environment that is to run it in place of ``interpreter``, ``ranks`` the processes that it
    is to be, None for a single one.

    The rest is as in the run's definition, which takes longer to read.
    """

    def __init__(
        self,
        environment: dict[str, str],
        source: str,
        interpreter: str,
        command: str | list[str],
        places: list[str],
        inputs: list[str],
        wanted: Wanted | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.environment = environment
        self.source = source
        self.interpreter = interpreter
        self.command = command
        self.places = places
        self.inputs = inputs
        self.wanted = wanted
        self.ranks = ranks

    def run_by(self, interpreter: str) -> None:
        """Have another interpreter run it, as that of a virtual environment that is there now."""
        if isinstance(self.command, list):
            self.command = [interpreter, *self.command[1:]]
        self.interpreter = interpreter

    @classmethod
    def of(cls, definition: dict[str, object], environment: dict[str, str]) -> Start:
        """The start of a run with this definition."""
        interpreter, command = str(definition["interpreter"]), definition["command"]
        return cls(
            environment,
            str(definition["sourceDirectory"]),
            interpreter,
            _script(interpreter, definition) if command is None else str(command),
            _texts(definition["pythonPath"]),
            _texts(definition["inputs"]),
            Wanted.of(definition["build"], interpreter),
            Ranks.of(definition["distributed"]),
        )


def _script(interpreter: str, definition: dict[str, object]) -> list[str]:
    script = str(definition["script"])
    # A name with a dash in front would be taken for an option.
    path = os.path.join(".", script) if script.startswith("-") else script
    return [interpreter, path, *_texts(definition["arguments"])]


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(text) for text in value]


def keep(layout: RunLayout, start: Start) -> None:
    """Keep it until the supervisor comes for it.

    What is there was left by somebody who died before the run was recorded, or failed to.
    """
    os.makedirs(layout.folder, exist_ok=True)
    forget(layout)
    is_shell = isinstance(start.command, str)
    command = [start.command] if isinstance(start.command, str) else start.command
    descriptor = os.open(layout.handover, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        for block in (
            [owners.this_process().host],
            [f"{name}={value}" for name, value in start.environment.items()],
            [start.source, start.interpreter, "shell" if is_shell else "program"],
            command,
            start.places,
            start.inputs,
            [] if start.wanted is None else [start.wanted.id, *start.wanted.requirements],
            [] if start.ranks is None else start.ranks.texts(),
        ):
            file.write(b"%d\n%s" % (len(block), b"".join(os.fsencode(text) + b"\0" for text in block)))


def forget(layout: RunLayout) -> None:
    """Remove what was kept for a script that will not be started."""
    try:
        os.unlink(layout.handover)
    except FileNotFoundError:
        # It has been started, or this is no submitted run.
        return


def taken(layout: RunLayout) -> Start:
    """What was kept for a script, which is then removed.

    :raises StoreError: it is damaged.
    """
    blocks = _blocks(layout)
    os.unlink(layout.handover)
    if blocks is None:
        raise StoreError("what was kept to start it is damaged, as after a power failure; submit it again")
    _, variables, (source, interpreter, kind), command, places, inputs, build, ranks = blocks
    return Start(
        _variables(variables),
        source,
        interpreter,
        command[0] if kind == "shell" else command,
        places,
        inputs,
        Wanted(build[0], interpreter, build[1:]) if build else None,
        Ranks.of_texts(ranks) if ranks else None,
    )


def environment(layout: RunLayout) -> dict[str, str]:
    """That of the script in what is kept for it; empty if there is nothing, or it is damaged."""
    try:
        blocks = _blocks(layout)
    except FileNotFoundError:
        # Somebody has removed it, which the supervisor finds out and says.
        return {}
    return {} if blocks is None else _variables(blocks[1])


def _variables(lines: list[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines)


def may_start(layout: RunLayout) -> bool:
    """Whether the run was submitted here, by this user.

    Nobody, root least of all, runs the script of another, or one that has come with a copy of a workspace.
    """
    try:
        status = os.lstat(layout.handover)
    except FileNotFoundError:
        # Somebody has removed it, which the supervisor finds out and says.
        return True
    if not stat.S_ISREG(status.st_mode) or (os.name != "nt" and status.st_uid != os.geteuid()):
        return False
    blocks = _blocks(layout)
    # Of what is damaged the supervisor says so.
    return blocks is None or blocks[0] == [owners.this_process().host]


def _blocks(layout: RunLayout) -> list[list[str]] | None:
    """What was kept, block by block; None if it is damaged."""
    with open(layout.handover, "rb") as file:
        rest = file.read()
    blocks = []
    while rest:
        count, _, rest = rest.partition(b"\n")
        if not count.isdigit():
            return None
        *texts, rest = rest.split(b"\0", int(count))
        if len(texts) != int(count):
            return None
        blocks.append([os.fsdecode(text) for text in texts])
    return blocks if len(blocks) == _BLOCKS else None
