"""A run that was submitted on the leash of a process ends when that process has ended, and says so."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.execution.leash import Leash
from localexp.observing import LEASH
from localexp.store.owners import Owner, process, this_process
from tests.processes import Project, of_the_dead, python, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FOR_EVER = """
    import os, subprocess, sys, time
    from localexp import Run
    Run.get_context().log("loss", 1.0)
    daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    print("ready", os.getpid(), daemon.pid, flush=True)
    time.sleep(600)
    """


class Holder:
    """A process that holds the leash, until it is killed."""

    def __init__(self) -> None:
        self._process = python("input()")
        self.owner = process(self._process.pid)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def holder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Holder]:
    """A living process, on whose leash is what this one submits."""
    holder = Holder()
    monkeypatch.setenv(LEASH, str(holder.owner))
    yield holder
    holder.end()


def why(owner: Owner) -> str:
    session = f"the test session that it was submitted in (process {owner.pid}) has ended"
    return f"{session}; unset LOCALEXP_LEASH in what is to submit runs after that"


def ended(run: Run) -> tuple[str, str | None]:
    """The status of a run that has ended, and its error."""
    details = run.wait_for_completion(raise_on_error=False)
    error = details.get("error")
    return details["status"], None if error is None else error["error"]["message"]


def wait_until_ready(run: Run) -> list[int]:
    log = Path(run._layout.log)
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"), "the script is ready")
    return [int(pid) for pid in log.read_text().split()[1:]]


def test_a_script_is_ended_with_all_that_it_has_started(
    experiment: Experiment, project: Project, holder: Holder
) -> None:
    project.write("train.py", FOR_EVER)
    run = experiment.submit(project.config())
    started = [process(pid) for pid in wait_until_ready(run)]

    holder.end()

    assert ended(run) == ("Canceled", why(holder.owner))
    assert run.get_metrics() == {"loss": 1.0}
    assert not any(one.is_alive() for one in started)


def test_a_script_is_ended_though_its_store_is_gone(experiment: Experiment, project: Project, holder: Holder) -> None:
    project.write("train.py", FOR_EVER)
    run = experiment.submit(project.config())
    started = [process(pid) for pid in wait_until_ready(run)]
    wait_until(lambda: run.get_status() == "Running", "the run is Running")
    owner = run._known().owner
    assert owner is not None
    store = experiment.workspace._store
    store.close()
    shutil.rmtree(store.layout.root)

    holder.end()

    wait_until(lambda: not Owner.parse(owner).is_alive(), "the supervisor is gone")
    assert not any(one.is_alive() for one in started)


def test_a_script_ends_as_it_likes_while_the_process_lives(
    experiment: Experiment, project: Project, holder: Holder
) -> None:
    project.write("train.py", f"import os; print(os.environ[{LEASH!r}])")
    run = experiment.submit(project.config())

    assert ended(run) == ("Completed", None)
    assert Path(run._layout.log).read_text() == f"{holder.owner}\n"


MAKER = """
    import os, signal, sys, time
    from localexp import Experiment, ScriptRunConfig, Workspace
    workspace = Workspace.ephemeral()
    workspace.set_setting("max_concurrent_runs", 1)
    experiment = Experiment(workspace, "digits")
    first, second = (experiment.submit(ScriptRunConfig(sys.argv[1], "train.py")) for _ in range(2))
    print(workspace.path, first.id, second.id, flush=True)
    input()
    os._exit(1)
    """


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("end", ["os._exit", "SIGTERM", "SIGKILL"])
def test_what_is_in_an_ephemeral_workspace_ends_with_its_maker(
    project: Project, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    # That of a session is another, and lives on.
    monkeypatch.setenv(LEASH, str(this_process()))
    project.write("train.py", FOR_EVER)
    maker = python(MAKER, project.path)
    assert maker.stdout is not None
    path, *ids = maker.stdout.readline().split()
    at_work, waiting = (Workspace(path).get_run(identifier) for identifier in ids)
    started = [process(pid) for pid in wait_until_ready(at_work)]

    if end == "os._exit":
        maker.communicate("\n")
    else:
        maker.send_signal(signal.Signals[end])
        maker.communicate()

    ends = ("Canceled", f"the process {maker.pid} that made the ephemeral workspace has ended")
    assert (ended(at_work), ended(waiting)) == (ends, ends)
    assert not any(one.is_alive() for one in started)
    assert not os.path.exists(waiting._layout.log)


@pytest.mark.usefixtures("temporary")
def test_an_ephemeral_workspace_that_was_moved_outlasts_its_maker(project: Project, tmp_path: Path) -> None:
    project.write("train.py", "")
    maker = python("from localexp import Workspace\nworkspace = Workspace.ephemeral()\nprint(workspace.path)\ninput()")
    assert maker.stdout is not None
    os.rename(maker.stdout.readline().rstrip("\n"), tmp_path / "kept")
    maker.kill()
    maker.communicate()

    run = Experiment(Workspace(tmp_path / "kept"), "digits").submit(project.config())

    assert ended(run) == ("Completed", None)


def test_no_script_is_started_for_a_process_that_has_ended(
    experiment: Experiment, project: Project, holder: Holder
) -> None:
    project.write("train.py", "")
    holder.end()

    run = experiment.submit(project.config())

    assert ended(run) == ("Canceled", why(holder.owner))
    assert not os.path.exists(run._layout.log)


def test_what_waits_in_the_queue_is_not_started_and_holds_up_nobody(
    experiment: Experiment, project: Project, workspace: Workspace, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.set_setting("max_concurrent_runs", 1)
    project.write("train.py", FOR_EVER)
    at_work = experiment.submit(project.config())
    wait_until_ready(at_work)
    project.write("train.py", "open('outputs/made', 'w').close()")
    waiting = [experiment.submit(project.config()) for _ in range(10)]
    monkeypatch.delenv(LEASH)
    another = experiment.submit(project.config())

    holder.end()

    # Its supervisor is started by one that is on the leash.
    assert ended(another) == ("Completed", None)
    assert {ended(run) for run in [at_work, *waiting]} == {("Canceled", why(holder.owner))}
    # Not even a supervisor was.
    assert not any(os.path.exists(os.path.dirname(run._layout.log)) for run in waiting)
    assert not any(os.path.exists(run._layout.handover) for run in waiting)


def test_whoever_reads_ends_what_waits_though_no_supervisor_is_left(
    experiment: Experiment, project: Project, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.set_setting("max_concurrent_runs", 1)
    project.write("train.py", "import time; time.sleep(600)")
    first = experiment.submit(project.config())
    wait_until(lambda: first.get_status() == "Running", "the first is Running")
    dead = of_the_dead()
    monkeypatch.setenv(LEASH, str(dead))
    second = experiment.submit(project.config())
    owner = first._known().owner
    assert owner is not None

    os.kill(Owner.parse(owner).pid, signal.SIGKILL)

    assert ended(second) == ("Canceled", why(dead))
    assert not os.path.exists(os.path.dirname(second._layout.log))


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_a_script_that_does_not_end_is_killed_after_the_grace_seconds(
    experiment: Experiment, project: Project, workspace: Workspace, holder: Holder
) -> None:
    workspace.set_setting("cancel.grace_seconds", 1)
    project.write(
        "train.py",
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        while True:
            time.sleep(600)
        """,
    )
    run = experiment.submit(project.config())
    wait_until_ready(run)

    holder.end()

    assert ended(run) == ("Canceled", why(holder.owner))
    assert run.get_details()["exitCode"] == -signal.SIGKILL


def other(**parts: object) -> str:
    """This process, but for some parts."""
    here = this_process()
    known = {"boot": here.boot, "namespace": here.namespace, "pid": here.pid, "start": here.start, "host": here.host}
    return " ".join(str(part) for part in {**known, **parts}.values())


@pytest.mark.parametrize("text", ["", "nonsense", "a b c d e", "1 2 3 4 5"])
def test_what_is_no_process_lets_nothing_go(text: str) -> None:
    assert not Leash({LEASH: text}).is_let_go()


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"pid": 0},
        {"pid": -1},
        {"pid": 1 << 31},
        {"pid": 10**30},
        {"pid": 1 << 22, "namespace": "pid:[1]"},
        {"boot": "b", "host": "h"},
    ],
    ids=str,
)
def test_a_process_that_lives_or_is_not_of_here_lets_nothing_go(parts: dict[str, object]) -> None:
    assert not Leash({LEASH: other(**parts)}).is_let_go()
    assert not Leash({}).is_let_go()


def test_a_session_and_a_maker_let_a_run_go_each() -> None:
    here, dead = str(this_process()), of_the_dead()

    assert not Leash({LEASH: here}, here).is_let_go()
    for leash, who in ((Leash({LEASH: str(dead)}, here), "session"), (Leash({LEASH: here}, str(dead)), "ephemeral")):
        assert leash.is_let_go()
        assert who in str(leash.outcome().error)


def test_another_process_of_the_same_id_is_another() -> None:
    assert this_process().start != 0
    assert Leash({LEASH: other(start=this_process().start + 1)}).is_let_go()
    assert Leash({LEASH: str(of_the_dead())}).is_let_go()


def test_a_run_does_not_suffer_from_a_variable_that_is_somebody_elses(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEASH, "a dog's")
    project.write("train.py", "")

    assert ended(experiment.submit(project.config())) == ("Completed", None)
