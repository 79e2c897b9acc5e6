"""A run can be executed where its store cannot be opened, and be brought back: shown with two folders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from localexp import Experiment, Run, ScriptRunConfig
from localexp.errors import UserErrorException
from localexp.execution import targets
from localexp.execution.elsewhere.bringing_back import bring_back
from localexp.execution.elsewhere.exporting import check, export
from localexp.observing import LEASH
from localexp.store.owners import process, this_process
from tests.processes import Project, of_the_dead, python, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.execution.submission import Submission
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

# A process that has no SQLite at all.
EXECUTE = """
import sys
sys.modules["sqlite3"] = sys.modules["_sqlite3"] = None
from localexp.execution.elsewhere.executing import execute
execute(sys.argv[1])
"""


def executor(place: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", EXECUTE, str(place)]
    return subprocess.Popen(
        command, cwd=place, stderr=subprocess.PIPE, text=True, env={**os.environ, "HERE": "elsewhere"}
    )


class TwoFolders:
    """A target: what it executes is exported to one folder, copied to another, executed there, and copied back."""

    is_queued = False
    turn = staticmethod(nullcontext)

    def __init__(self, folder: Path) -> None:
        self.here, self.there, self.back = folder / "here", folder / "there", folder / "back"
        self.execute: Callable[[], None] = self._executed
        self.damage: Callable[[Path], object] = Path.exists

    def check(self, submission: Submission) -> None:
        check(submission)

    def start(self, store: Store, record: RunRecord) -> None:
        export(store, record, str(self.here))
        shutil.copytree(self.here, self.there, symlinks=True)
        hidden = f"{store.layout.root}-hidden"
        os.rename(store.layout.root, hidden)
        try:
            self.execute()
        finally:
            os.rename(hidden, store.layout.root)
        shutil.copytree(self.there, self.back, symlinks=True)
        self.damage(self.folder_of_run())
        bring_back(store, record, str(this_process()), str(self.back))

    def folder_of_run(self) -> Path:
        (folder,) = (self.back / ".localexp" / "runs" / "digits").iterdir()
        return folder

    def _executed(self) -> None:
        process = executor(self.there)
        _, complaint = process.communicate()
        assert (process.returncode, complaint) == (0, "")


@pytest.fixture
def two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwoFolders:
    monkeypatch.setattr(targets, "_targets", dict(targets._targets))
    target = TwoFolders(tmp_path)
    targets.register("two-folders", target)
    return target


@pytest.fixture
def submit(experiment: Experiment, project: Project, two_folders: TwoFolders) -> Callable[..., Run]:
    def submitted(text: str, *arguments: str, **settings: object) -> Run:
        project.write("train.py", text)
        config = ScriptRunConfig(
            project.path, "train.py", list(arguments), compute_target="two-folders", max_run_duration_seconds=None
        )
        for name, value in settings.items():
            setattr(config.run_config, name, value)
        return experiment.submit(config, tags={"model": "mlp"})

    return submitted


def test_a_run_is_executed_where_its_store_cannot_be_opened(submit: Callable[..., Run], project: Project) -> None:
    project.write("data.txt", "7")
    run = submit(
        """
        import os, sys
        from localexp import Run
        from localexp.errors import StoreError
        run = Run.get_context()
        for step in range(1000):
            run.log("loss", 1 / (step + 1), step=step)
        run.log("data", int(open("data.txt").read()))
        run.tag("where", os.environ["HERE"])
        run.add_properties({"given": os.environ["GIVEN"]})
        open("outputs/model", "w").write("model")
        open("data.txt", "w").write("8")
        open("note", "w").write("note")
        run.upload_file("uploaded/note", "note")
        try:
            run.get_metrics()
        except StoreError as error:
            print(error)
        print("said", *sys.argv[1:])
        """,
        "--lr",
        "0.1",
        environment_variables={"GIVEN": "here"},
    )

    details = run.get_details()

    assert (details["status"], details["exitCode"], details["target"]) == ("Completed", 0, "two-folders")
    assert run.get_metrics("data") == {"data": 7}
    assert len(run.get_metrics("loss")["loss"]) == 1000
    assert run.get_tags() == {"model": "mlp", "where": "elsewhere"}
    assert run.get_properties()["given"] == "here"
    names = {"data.txt", "note", "outputs/model", "uploaded/note", "user_logs/std_log.txt"}
    assert set(run.get_file_names()) == names
    (log,) = run.get_all_logs(str(project.path.parent / "logs"))
    assert f"run {run.id} is executed where its workspace is not" in Path(log).read_text()
    assert Path(log).read_text().endswith("said --lr 0.1\n")
    assert not os.path.exists(run._layout.journals)
    assert "warnings" not in details


def test_a_script_that_fails_elsewhere_says_why(submit: Callable[..., Run]) -> None:
    run = submit("raise ValueError('no such model')")

    error = run.get_details()["error"]["error"]
    assert run.get_status() == "Failed"
    assert error["message"] == "the script exited with code 1: ValueError: no such model (train.py, line 1)"
    assert error["exitCode"] == 1


def test_a_run_can_be_canceled_elsewhere(submit: Callable[..., Run], two_folders: TwoFolders) -> None:
    def executed_and_canceled() -> None:
        process = executor(two_folders.there)
        (log,) = wait_for_files(two_folders.there, "std_log.txt")
        wait_until(lambda: "begun" in log.read_text(), "the script runs")
        (folder,) = (two_folders.there / ".localexp" / "runs" / "digits").iterdir()
        (folder / "cancel").touch()
        process.communicate()

    two_folders.execute = executed_and_canceled

    run = submit("import time; print('begun', flush=True); time.sleep(60)")

    assert run.get_status() == "Canceled"


def test_a_run_elsewhere_ends_with_the_process_on_whose_leash_its_executor_is(
    submit: Callable[..., Run], two_folders: TwoFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # That of the submitter has no part in it.
    monkeypatch.setenv(LEASH, str(of_the_dead()))

    def executed_and_let_go() -> None:
        holder = python("input()")
        monkeypatch.setenv(LEASH, str(process(holder.pid)))
        executing = executor(two_folders.there)
        (log,) = wait_for_files(two_folders.there, "std_log.txt")
        wait_until(lambda: "begun" in log.read_text(), "the script runs")
        holder.communicate("\n")
        executing.communicate()

    two_folders.execute = executed_and_let_go

    run = submit("import time; print('begun', flush=True); time.sleep(60)")

    assert run.get_status() == "Canceled"
    assert "the test session" in run.get_details()["error"]["error"]["message"]


def test_a_run_whose_executor_dies_elsewhere_has_what_it_said_by_then(
    submit: Callable[..., Run], two_folders: TwoFolders
) -> None:
    def executed_and_killed() -> None:
        process = executor(two_folders.there)
        (log,) = wait_for_files(two_folders.there, "std_log.txt")
        wait_until(lambda: "logged" in log.read_text(), "the script has logged")
        process.kill()
        process.communicate()
        os.kill(int(log.read_text().split()[1]), 9)

    two_folders.execute = executed_and_killed

    run = submit(
        """
        import os, time
        from localexp import Run
        Run.get_context().log("loss", 0.5)
        print("logged", os.getpid(), flush=True)
        time.sleep(60)
        """
    )

    assert run.get_status() == "Failed"
    assert run.get_details()["error"]["error"]["message"] == f"what executed the run in {two_folders.back} died"
    assert run.get_metrics() == {"loss": 0.5}


def test_what_is_brought_back_twice_is_there_once(submit: Callable[..., Run], two_folders: TwoFolders) -> None:
    run = submit("from localexp import Run; Run.get_context().log('loss', 0.5); open('outputs/a', 'w').write('a')")

    (two_folders.folder_of_run() / "artifacts" / "late").touch()

    again = bring_back(run.experiment.workspace._store, run._known(), str(this_process()), str(two_folders.back))

    assert not again
    assert not os.path.exists(run._layout.artifact("late"))
    assert run.get_metrics() == {"loss": 0.5}
    assert run.get_status() == "Completed"


@pytest.mark.parametrize("outcome", ["{", '{"outcome": {"status": "Running"}}'])
def test_a_run_that_comes_back_damaged_ends_all_the_same(
    outcome: str, submit: Callable[..., Run], two_folders: TwoFolders
) -> None:
    def damage(folder: Path) -> None:
        (folder / "outcome.json").write_text(outcome)
        (folder / "artifacts" / "outputs" / "cut").write_text("a")
        (folder / "journal" / "folder").mkdir()
        (folder / "journal" / "folder" / "file").touch()

    two_folders.damage = damage

    run = submit("from localexp import Run; Run.get_context().log('loss', 1); open('outputs/cut', 'w').write('abc')")

    details = run.get_details()
    assert details["status"] == "Failed"
    assert re.match(r"how the run ended is not to be known: .* is damaged", details["error"]["error"]["message"])
    assert [said["message"].partition(";")[0] for said in details["warnings"]] == [
        "these files did not come back whole: outputs/cut"
    ]
    assert run.get_metrics() == {"loss": 1}


def test_what_comes_back_as_a_link_is_refused(
    submit: Callable[..., Run], two_folders: TwoFolders, experiment: Experiment, tmp_path: Path
) -> None:
    def damage(folder: Path) -> None:
        os.rename(folder / "artifacts", tmp_path / "moved")
        (folder / "artifacts").symlink_to(tmp_path / "moved")

    two_folders.damage = damage

    with pytest.raises(UserErrorException, match="artifacts leads out of the place by a link"):
        submit("")

    (run,) = experiment.get_runs()
    assert not os.path.exists(run._layout.log)
    manifest = two_folders.back / ".localexp" / "exported.json"
    manifest.write_text("{")
    with pytest.raises(UserErrorException, match=r"exported\.json is damaged, or of another version"):
        bring_back(experiment.workspace._store, run._known(), str(this_process()), str(two_folders.back))
    shutil.rmtree(two_folders.back)
    assert bring_back(experiment.workspace._store, run._known(), str(this_process()), str(two_folders.there))
    assert run.get_status() == "Completed"


def test_a_place_executes_its_run_once(submit: Callable[..., Run], two_folders: TwoFolders) -> None:
    submit("")

    process = executor(two_folders.there)

    assert "has been executed here, or is being executed" in process.communicate()[1]


def test_a_folder_to_which_nothing_was_exported_is_refused(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "localexp.execution.elsewhere", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert process.returncode == 1
    assert process.stderr == f"no run was exported to {tmp_path}; name a folder to which one was\n"


def test_inputs_are_not_brought_along_and_refused(
    experiment: Experiment, project: Project, two_folders: TwoFolders
) -> None:
    project.write("train.py", "")
    project.write(".gitignore", "data")
    project.write("data", "1")
    config = ScriptRunConfig(project.path, "train.py", compute_target="two-folders", inputs=["data"])

    with pytest.raises(UserErrorException, match="the input data cannot be brought to the target two-folders"):
        experiment.submit(config)
    assert list(experiment.get_runs()) == []


def wait_for_files(folder: Path, name: str) -> list[Path]:
    wait_until(lambda: any(folder.rglob(name)), f"there is a {name}")
    return list(folder.rglob(name))
