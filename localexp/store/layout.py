"""Every path inside ``.localexp/``."""

from __future__ import annotations

import os
from binascii import crc32

STORE_FOLDER = ".localexp"
# What a script leaves in these of its working tree are artifacts of the run, also while it goes on.
LIVE_FOLDERS = ("outputs", "logs")
# Nothing else that lies aside to be deleted has such a name: those of experiments are their ids.
RUN_ASIDE = "run-"

_MARK = b"""\
This store is removed with the process that made it, and nothing in it is safe from a loss of power.
Without this file it is an ordinary one, and so is it, or a copy of it, where that lies elsewhere than here.
The process with which what is at work in it ends, if there is one, and the place:
"""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
RESERVED_ON_WINDOWS = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))]
)
_LONGEST_NAME = 120


def folder_name(identifier: str) -> str:
    """The name of the folder of an id: different ids never share one, not even where case is ignored."""
    name = identifier if _PLAIN.issuperset(identifier) else "".join(map(_encoded, identifier))
    if len(name) > _LONGEST_NAME:
        from hashlib import blake2b

        digest = blake2b(identifier.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        return f"{name[:80]}~~{digest}"
    return f"{name}~~" if name in RESERVED_ON_WINDOWS or not name else name


def _is_log(name: str) -> bool:
    middle = name.removeprefix("std_log").removesuffix(".txt")
    return f"std_log{middle}.txt" == name and (not middle or middle.removeprefix("_process_").isdecimal())


def _encoded(character: str) -> str:
    if character in _PLAIN:
        return character
    if "A" <= character <= "Z":
        return "~" + character.lower()
    return "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def interpreter_of(environment: str) -> str:
    """The Python of a virtual environment."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(environment, *parts)


def packages_of(environment: str) -> list[str]:
    """The folders of a virtual environment in which its packages are."""
    if os.name == "nt":
        return [os.path.join(environment, "Lib", "site-packages")]
    folders = sorted(os.listdir(os.path.join(environment, "lib")))
    return [os.path.join(environment, "lib", folder, "site-packages") for folder in folders]


class Layout:
    """The paths of one store; ``root`` is the ``.localexp`` folder itself.

    A store that ``is_ephemeral`` goes with the process that made it: nobody waits for what is in it to be on the disk.
    A copy of it is to last, and so is one that was moved: the marker names the place that it was made for.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        marked = self._marked() if os.path.exists(self.ephemeral) else None
        self.is_ephemeral = marked is not None
        self.goes_with = marked or ""
        """The owner text of the process with which runs of an ephemeral store end, empty if they do not."""

    @property
    def ephemeral(self) -> str:
        """There in a store that ``is_ephemeral``, and before anything else."""
        return os.path.join(self.root, "ephemeral")

    def mark(self, goes_with: str = "") -> None:
        """Make the store ephemeral."""
        with open(self.ephemeral, "wb") as file:
            file.write(_MARK + os.fsencode(f"{goes_with}\n{self.root}"))
        self.is_ephemeral, self.goes_with = True, goes_with

    def _marked(self) -> str | None:
        """What the store goes with by its marker; None if that was made for another place."""
        try:
            with open(self.ephemeral, "rb") as file:
                goes_with, place = os.fsdecode(file.read().removeprefix(_MARK)).split("\n", 1)
            # A link may lead here.
            return goes_with if place == self.root or os.path.samefile(place, self.root) else None
        except (OSError, ValueError):
            return None

    @property
    def database(self) -> str:
        return os.path.join(self.root, "localexp.db")

    @property
    def blob_database(self) -> str:
        return os.path.join(self.root, "blobs.db")

    @property
    def cache_database(self) -> str:
        return os.path.join(self.root, "cache.db")

    @property
    def objects(self) -> str:
        return os.path.join(self.root, "objects")

    @property
    def checkouts(self) -> str:
        return os.path.join(self.root, "checkouts")

    def object_file(self, name: str) -> str:
        return os.path.join(self.objects, name[:2], name[2:])

    @property
    def objects_in_the_making(self) -> str:
        return os.path.join(self.objects, "in-the-making")

    def object_in_the_making(self, making: int, name: str) -> str:
        """Where a file is written before it becomes an object, for the snapshot in the making of this key."""
        return os.path.join(self.objects_in_the_making, f"{making}-{name}")

    def checkout(self, folder: str) -> str:
        return os.path.join(self.checkouts, folder)

    @property
    def environments(self) -> str:
        """By its real path, for the files of an environment hold the path by which it was made."""
        return os.path.realpath(os.path.join(self.root, "environments"))

    def environment(self, folder: str) -> str:
        """A virtual environment that is built for runs, or half built."""
        return os.path.join(self.environments, folder)

    def package_path(self, package: str) -> str:
        """A folder for the interpreter's path that holds nothing but the localexp package that lies at ``package``."""
        return os.path.join(self.root, "package", f"{crc32(os.fsencode(package)):08x}")

    def runs(self, experiment: str) -> str:
        """Where the folders of the runs of all experiments of this name are."""
        return os.path.join(self.all_runs, folder_name(experiment))

    @property
    def all_runs(self) -> str:
        """Where the folders are that ``runs`` says."""
        return os.path.join(self.root, "runs")

    def experiment_page(self, experiment: str, identifier: str) -> str:
        """The page of an experiment, beside the folders of its runs, none of which has a name with a dot."""
        return os.path.join(self.runs(experiment), f"experiment-{identifier}.html")

    def run(self, experiment: str, run_id: str) -> RunLayout:
        return RunLayout(os.path.join(self.runs(experiment), folder_name(run_id)), self.is_ephemeral)

    @property
    def exported(self) -> str:
        """What there is to be known of the one run of a place that is no store, to which that run was exported."""
        return os.path.join(self.root, "exported.json")

    @property
    def exported_files(self) -> str:
        """What the checkout of that run was exported with."""
        return os.path.join(self.root, "exported-files")

    @property
    def deleted(self) -> str:
        """There only while runs or experiments are being deleted, or after somebody died in it."""
        return os.path.join(self.root, "deleted")

    def deleted_runs(self, experiment_id: str) -> str:
        """Where the folders of the runs of an experiment wait for being removed with it."""
        return os.path.join(self.deleted, experiment_id)

    def deleted_run(self, key: int) -> str:
        """Where the folder of a run waits for being removed with it: by its key, which no other run will ever have."""
        return os.path.join(self.deleted, f"{RUN_ASIDE}{key}")


class RunLayout:
    """The paths of one run's folder, which exists only while it holds something."""

    def __init__(self, folder: str, is_ephemeral: bool = False) -> None:
        self.folder = folder
        self.is_ephemeral = is_ephemeral

    @property
    def journals(self) -> str:
        return os.path.join(self.folder, "journal")

    def journal(self, writer: str) -> str:
        return os.path.join(self.journals, writer)

    @property
    def artifacts(self) -> str:
        return os.path.join(self.folder, "artifacts")

    def artifact(self, name: str) -> str:
        """Where an artifact lies; its name has passed ``artifacts.checked_name``."""
        return os.path.join(self.artifacts, *name.split("/"))

    @property
    def log(self) -> str:
        return self.artifact("user_logs/std_log.txt")

    def rank_log(self, rank: int) -> str:
        """The log of one process of a distributed script."""
        return self.artifact(f"user_logs/std_log_process_{rank}.txt")

    def logs(self) -> dict[str, str]:
        """The path of each log that there is of what the script has printed, by its artifact name."""
        folder = os.path.dirname(self.log)
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return {f"user_logs/{name}": os.path.join(folder, name) for name in names if _is_log(name)}

    @property
    def rank_ends(self) -> str:
        """How processes of a distributed script have ended, until its supervisor has read it."""
        return os.path.join(self.folder, "rank-ends")

    @property
    def build_log(self) -> str:
        return self.artifact("azureml-logs/20_image_build_log.txt")

    @property
    def handover(self) -> str:
        """What it takes to start a script that has not been started yet."""
        return os.path.join(self.folder, "handover")

    @property
    def claim(self) -> str:
        """There as soon as somebody executes a run that was exported."""
        return os.path.join(self.folder, "claim")

    @property
    def cancel(self) -> str:
        """Put there to have a run end that was exported."""
        return os.path.join(self.folder, "cancel")

    @property
    def outcome(self) -> str:
        """How a run ended that was exported."""
        return os.path.join(self.folder, "outcome.json")

    @property
    def supervisor_log(self) -> str:
        return os.path.join(self.folder, "supervisor.txt")

    @property
    def page(self) -> str:
        return os.path.join(self.folder, "run.html")
