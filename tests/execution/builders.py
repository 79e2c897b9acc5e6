"""Virtual environments for tests: a tiny package, and a stand-in for uv that installs it when a test lets it."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from textwrap import dedent

from localexp import Experiment, Run, ScriptRunConfig
from localexp.config.submission import submission_of
from localexp.execution.environments.requirements import wanted
from localexp.execution.launch import launch
from localexp.store import builds
from tests.processes import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.builds import BuildRecord

PRINTING = """
import os, shutil, sys, tiny
print(tiny.NAME, os.environ["VIRTUAL_ENV"] == sys.prefix, shutil.which("python") == sys.executable)
"""
PRINTED = "tiny True True\n"

UV = """\
    #!{python} -IS
    import os, sys, time
    folder = {folder!r}
    with open(os.path.join(folder, "calls"), "a") as file:
        file.write(f"{{sys.argv[1]}}\\n")
    if sys.argv[1] == "venv":
        place = sys.argv[-1]
        interpreter = sys.argv[sys.argv.index("--python") + 1]
        os.makedirs(os.path.join(place, "bin"))
        os.makedirs(os.path.join(place, "lib", "python{{}}.{{}}".format(*sys.version_info), "site-packages"))
        for name in ("python", "python3"):
            os.symlink(os.path.realpath(interpreter), os.path.join(place, "bin", name))
        with open(os.path.join(place, "pyvenv.cfg"), "w") as file:
            file.write("home = " + os.path.dirname(os.path.realpath(interpreter)) + "\\n")
        sys.exit()
    assert sys.argv[1:3] == ["pip", "install"]
    while os.path.exists(os.path.join(folder, "closed")):
        time.sleep(0.01)
    requirements = sys.argv[sys.argv.index("-r") + 1]
    place = os.path.dirname(requirements)
    [library] = os.listdir(os.path.join(place, "lib"))
    print("installing", os.path.expandvars(open(requirements).read()))
    import zipfile
    zipfile.ZipFile({wheel!r}).extractall(os.path.join(place, "lib", library, "site-packages"))
    """


def wheel(folder: Path, version: str = "1.0") -> Path:
    """The wheel of a package ``tiny`` that has a constant ``NAME``."""
    path, own = folder / f"tiny-{version}-py3-none-any.whl", f"tiny-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("tiny.py", "NAME = 'tiny'\n")
        file.writestr(f"{own}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
        file.writestr(f"{own}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{own}/RECORD", f"tiny.py,,\n{own}/METADATA,,\n")
    return path


class StandIn:
    """A program ``uv`` in a folder, which installs the tiny package once it is let."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls, self._closed = folder / "calls", folder / "closed"
        code = UV.format(python=sys.executable, folder=str(folder), wheel=str(wheel(folder)))
        (folder / "uv").write_text(dedent(code))
        (folder / "uv").chmod(0o755)

    def close(self) -> None:
        """Have it wait when it comes to install."""
        self._closed.touch()

    def open(self) -> None:
        self._closed.unlink()

    def calls(self) -> list[str]:
        return self._calls.read_text().split() if self._calls.exists() else []


class Builder:
    """Submits runs that want a virtual environment, of this interpreter or another."""

    def __init__(self, experiment: Experiment, project: Project, interpreter: str = sys.executable) -> None:
        self.interpreter = interpreter
        self.experiment = experiment
        self.project = project

    def submit(
        self, script: str = PRINTING, requirements: tuple[str, ...] = ("tiny",), command: str | None = None
    ) -> Run:
        self.project.write("train.py", script)
        config = self.project.config() if command is None else ScriptRunConfig(self.project.path, command=command)
        config.run_config.environment.python.interpreter_path = self.interpreter
        submission = submission_of(config)
        submission.wanted = wanted(self.interpreter, list(requirements))
        record = launch(self.experiment.workspace._store, self.experiment.name, submission).record
        return Run.get(self.experiment.workspace, record.id)

    def built(self) -> list[BuildRecord]:
        with self.experiment.workspace._store.main.reading() as db:
            return builds.every(db)

    def folders(self) -> list[str]:
        folder = Path(self.experiment.workspace._store.layout.environments)
        return sorted(path.name for path in folder.glob("*"))


def printed(run: Run) -> str:
    return Path(run._layout.log).read_text()


def build_log(run: Run) -> str | None:
    """The text of the artifact that it is, None if there is none."""
    is_there = "azureml-logs/20_image_build_log.txt" in run.get_file_names()
    return Path(run._layout.build_log).read_text() if is_there else None
