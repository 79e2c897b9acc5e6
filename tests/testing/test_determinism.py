"""What is recorded and shown in a block, or a test, that is deterministic."""

from __future__ import annotations

import io
import math
import os
import subprocess
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from localexp import Experiment, PyTorchConfiguration, Run, ScriptRunConfig, Workspace
from localexp.errors import UserErrorException
from localexp.execution.doctor.runs import findings
from localexp.execution.resources import Sampler, Sampling
from localexp.snapshot import collect, take, verify
from localexp.store import clock, points
from localexp.testing import deterministic
from tests.cli.command import COMMAND
from tests.processes import Project, output, python
from tests.snapshot.interleaving import add_run

START = "2026-01-01T00:00:00.000000Z"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def at(seconds: float) -> str:
    return (datetime(2026, 1, 1) + timedelta(seconds=seconds)).isoformat(timespec="microseconds") + "Z"


def times(run: Run) -> list[str]:
    details = run.get_details()
    return [details["startTimeUtc"], details["endTimeUtc"]]


def begun(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def test_a_frozen_clock_has_one_time_for_everything(workspace: Workspace) -> None:
    with deterministic():
        experiment = Experiment(workspace, "digits")
        run = begun(experiment)
        run.log("loss", 0.5)
        run.log("loss", 0.25)
        run.tag("stage", "first")
        run.tag("stage", "last")
        run.complete()
        assert times(run) == [START, START]
        assert run.get_metrics() == {"loss": [0.5, 0.25]}
        assert run.get_tags() == {"stage": "last"}


def test_a_stepping_clock_goes_on_with_what_is_recorded_and_not_with_what_is_shown(workspace: Workspace) -> None:
    with deterministic("stepping", start="2026-01-01T01:00:00+01:00", step=timedelta(milliseconds=500)):
        experiment = Experiment(workspace, "digits")
        run = begun(experiment)
        assert run.get_details()["startTimeUtc"] == at(0.5)
        run.log("loss", 1)
        run.get_metrics()
        run.get_portal_url()
        experiment.get_portal_url()
        Experiment(workspace, "digits")
        run.log("loss", 2)
        run.complete()
        assert times(run) == [at(0.5), at(2)]
        page = Path(run.get_portal_url().removeprefix("file://")).read_text()
        assert f"As of {at(2)}" in page


def test_what_is_submitted_is_frozen_at_the_time_of_its_submission(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import os
        from localexp import Run
        run = Run.get_context()
        run.log("loss", 1)
        run.child_run().complete()
        print(os.environ["LOCALEXP_DETERMINISTIC"])
        """,
    )
    with deterministic("stepping", step=10):
        first, second = (experiment.submit(project.config()) for _ in range(2))
        for run in (first, second):
            run.wait_for_completion()
        created, later = (run.get_details()["startTimeUtc"] for run in (first, second))
        assert at(0) < created < later
        assert times(first) == [created, created]
        assert [times(child) for child in first.get_children()] == [[created, created]]
        assert first.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"].strip() == f"frozen {created}"


def test_runs_are_numbered_in_their_experiment(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    with deterministic():
        run = begun(experiment)
        children = [run.child_run(), *run.create_children(count=2)]
        submitted = experiment.submit(project.config())
        submitted.wait_for_completion()
        ids = [one.id for one in (run, *children, submitted, begun(Experiment(experiment.workspace, "a-b")))]
    assert ids == ["digits_1", "digits_2", "digits_3", "digits_4", "digits_5", "a-b_1"]


def test_an_id_that_is_taken_is_followed_by_another(workspace: Workspace) -> None:
    with deterministic():
        old = Experiment(workspace, "digits")
        begun(old).complete()
        old.start_logging(snapshot_directory=None, run_id="digits_1_2").complete()
        old.archive()
        new = Experiment(workspace, "digits")
        assert [begun(new).id, begun(new).id] == ["digits_1_3", "digits_2"]
        assert old.id != new.id


def test_an_experiment_made_anew_has_the_id_that_it_had(workspace: Workspace) -> None:
    with deterministic():
        first = Experiment(workspace, "digits")
        first.archive()
        second = Experiment(workspace, "digits")
        second.archive()
        Experiment.delete(workspace, str(first.id))
        third = Experiment(workspace, "digits")
        assert len({first.id, second.id, third.id}) == 3
        third.archive()
        Experiment.delete(workspace, str(third.id))
        assert Experiment(workspace, "digits").id == third.id


def test_blocks_nest_and_leave_nothing_behind(workspace: Workspace) -> None:
    before = dict(os.environ)
    experiment = Experiment(workspace, "digits")
    with deterministic(start="2030-01-01T00:00:00Z"):
        with deterministic(start="2020-01-01T00:00:00Z"):
            inner = begun(experiment).get_details()["startTimeUtc"]
        outer = begun(experiment).get_details()["startTimeUtc"]
    with pytest.raises(ZeroDivisionError), deterministic():
        1 / 0  # noqa: B018
    usual = begun(experiment)
    assert (inner[:4], outer[:4]) == ("2020", "2030")
    assert usual.get_details()["startTimeUtc"] > at(0)
    assert len(usual.id) == 36
    assert dict(os.environ) == before


def test_a_stepping_clock_stands_still_at_the_end_of_the_year_9998(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "from localexp import Run\nRun.get_context().log('loss', 1)")
    with deterministic("stepping", start="9997-06-01T00:00:00Z", step=timedelta(days=365)):
        Experiment(experiment.workspace, "other")
        last = "9998-12-31T23:59:00.000000Z"
        interactive = begun(experiment)
        interactive.log("loss", 1)
        interactive.complete()
        ranks = PyTorchConfiguration(process_count=2)
        submitted = experiment.submit(ScriptRunConfig(project.path, "train.py", distributed_job_config=ranks))
        submitted.wait_for_completion()
        assert times(interactive)[1:] + times(submitted) == [last] * 3
        assert submitted.get_metrics() == {"loss": [1, 1]}


def test_threads_share_the_clock_and_the_numbers(experiment: Experiment) -> None:
    ids = list[str]()
    with deterministic("stepping"):
        threads = [threading.Thread(target=lambda: ids.append(begun(experiment).id)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ids) == [f"digits_{number}" for number in range(1, 9)]
        assert len({run.get_details()["startTimeUtc"] for run in experiment.get_runs()}) == 8


@needs_fork
def test_a_forked_child_is_frozen_at_the_time_of_the_fork(tmp_path: Path) -> None:
    child = python(
        """
        import os, sys
        from localexp import Experiment, Workspace
        from localexp.testing import deterministic
        with deterministic("stepping"):
            experiment = Experiment(Workspace(sys.argv[1]), "digits")
            run = experiment.start_logging(snapshot_directory=None)
            if os.fork() == 0:
                run.log("loss", 1)
                run.log("loss", 2)
                sys.exit(0)
            os.wait()
            run.log("loss", 3)
            run.log("loss", 4)
            run.complete()
            history = run.get_metric_history("loss")
            print([(int(time) // 1_000_000 % 60, int(value)) for time, value in zip(history.times, history.values)])
        """,
        tmp_path,
    )
    assert output(child).strip() == "[(2, 1), (2, 2), (3, 3), (4, 4)]"


def test_ranks_come_in_their_order_whichever_is_first(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import os, time
        from localexp import Run
        rank = int(os.environ["RANK"])
        while rank < 2 and not os.path.exists(f"outputs/{rank + 1}"):
            time.sleep(0.001)
        run = Run.get_context()
        run.log("loss", rank)
        run.log(f"loss of {rank}", rank)
        run.tag("rank", rank)
        run.flush()
        open(f"outputs/{rank}", "w").close()
        """,
    )
    with deterministic():
        job = PyTorchConfiguration(process_count=3)
        run = experiment.submit(ScriptRunConfig(project.path, "train.py", distributed_job_config=job))
        run.wait_for_completion()
        assert [*run.get_metrics().items()] == [
            ("loss", [0, 1, 2]),
            ("loss of 0", 0),
            ("loss of 1", 1),
            ("loss of 2", 2),
        ]
        assert run.get_tags() == {"rank": "2"}


@pytest.mark.parametrize("start", ["1980-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_garbage_is_collected_by_the_clock_of_the_machine(experiment: Experiment, project: Project, start: str) -> None:
    project.write("kept.txt", "kept")
    before = clock.real()
    with deterministic(start=start):
        store = experiment.workspace._store
        kept = experiment.start_logging(snapshot_directory=project.path)
        project.write("dropped.txt", "dropped")
        project.write("large.bin", "dropped" * 20_000)
        dropped = experiment.start_logging(snapshot_directory=project.path)
        for run in (kept, dropped):
            run.complete()
        dropped.delete()
        project.write("coming.txt", "coming")
        with take.taken(store, str(project.path)) as coming:
            assert collect.collect(store).blobs == 0
            with store.main.writing() as db:
                (begun_at,) = db.execute("SELECT started_at FROM _snapshots_in_the_making").fetchone()
                coming.record(db)
                add_run(db, coming.id)
        with store.blobs.reading() as db:
            stored_at = {row[0] for row in db.execute("SELECT stored_at FROM packs UNION SELECT stored_at FROM trees")}
        assert before <= min(stored_at) <= begun_at <= max(stored_at) <= clock.real()
        assert verify.checked(store).problems == []
        project.write("dropped.txt", "other")
        with take.taken(store, str(project.path)):
            pass
        assert collect.collect(store).blobs == 1
        assert [*findings(store)] == []


def test_a_long_curve_at_one_time_is_drawn_from_all_of_it(experiment: Experiment) -> None:
    with deterministic():
        run = begun(experiment)
        for number in range(2000):
            run.log("loss", number)
        run.complete()
        with experiment.workspace._store.main.reading() as db:
            (summary,) = points.summaries(db, run._current().key)
            drawn = points.sample(db, summary, 100)
        assert drawn == [*range(0, 2000, 21), 1999]


def test_nothing_is_sampled(experiment: Experiment) -> None:
    with deterministic():
        run = begun(experiment)
        writer = run._writer
        assert writer is not None
        assert Sampling(Sampler(os.getpid()), 1e-9, writer).due == math.inf


def test_a_rerun_has_the_same_facts(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    with deterministic():
        run = experiment.submit(project.config())
        run.wait_for_completion()
        again = run.rerun()
        again.wait_for_completion()
        assert again.get_details()["facts"] == run.get_details()["facts"]
        assert "warnings" not in again.get_details()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"clock": "fast"}, "there is no clock 'fast'; write 'frozen', or 'stepping'"),
        ({"start": "yesterday"}, "start is a datetime, or a text as '2026-01-01T00:00:00Z', not 'yesterday'"),
        ({"start": 5}, "not 5"),
        ({"start": "2026-01-01"}, "of no time zone; give it one"),
        ({"start": datetime(2026, 1, 1)}, "of no time zone; give it one"),
        ({"start": "1969-12-31T23:59:59Z"}, "clocks begin in the years 1970 to 9998"),
        ({"start": "9998-12-31T23:59:59-01:00"}, "clocks begin in the years 1970 to 9998"),
        ({"start": datetime.max.replace(tzinfo=timezone.utc)}, "clocks begin in the years 1970 to 9998"),
        ({"step": 1}, "a frozen clock has no step, which is 1"),
        ({"clock": "stepping", "step": 0}, "to a year, and not 0"),
        ({"clock": "stepping", "step": 366 * 86400 + 1}, "to a year, and not 31622401"),
        ({"clock": "stepping", "step": 1e308}, "to a year, and not 1e+308"),
        ({"clock": "stepping", "step": math.nan}, "to a year, and not nan"),
        ({"clock": "stepping", "step": timedelta(seconds=-1)}, "to a year, and not"),
        ({"clock": "stepping", "step": "1"}, "to a year, and not '1'"),
    ],
)
def test_arguments_that_are_none_are_refused(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(UserErrorException) as refused, deterministic(**arguments):  # type: ignore[arg-type]
        pass
    assert complaint in str(refused.value)


def test_the_variable_alone_makes_a_process_deterministic(tmp_path: Path) -> None:
    child = python(
        """
        import sys
        from localexp import Experiment, Workspace
        experiment = Experiment(Workspace(sys.argv[1]), "digits")
        print(experiment.start_logging(snapshot_directory=None).get_details()["startTimeUtc"])
        """,
        tmp_path,
        LOCALEXP_DETERMINISTIC="stepping 2026-01-01T00:00:00Z 0.5",
    )
    assert output(child).strip() == at(1)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("frozn", "there is no clock 'frozn'"),
        (" ", "there is no clock ''"),
        ("stepping 2026", "start is"),
        ("stepping 2026-01-01T00:00:00Z x", "step"),
    ],
)
def test_a_variable_that_says_nothing_is_complained_of_in_a_line(tmp_path: Path, said: str, complaint: str) -> None:
    environment = {**os.environ, "LOCALEXP_DETERMINISTIC": said}
    done = subprocess.run(
        [*COMMAND, "runs"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: the environment variable LOCALEXP_DETERMINISTIC is '{said}': {complaint}")
    assert done.stderr.count("\n") == 1


def test_what_is_logged_of_a_plot_has_the_time_of_the_clock(workspace: Workspace) -> None:
    class Plot:
        def savefig(self, file: io.BytesIO, **_: object) -> None:
            file.write(b"\x89PNG\r\n\x1a\n" + bytes(20))

    with deterministic():
        run = begun(Experiment(workspace, "digits"))
        run.log_image("plot", plot=Plot())
        assert run.get_file_names() == ["plot_1767225600.png"]


def test_a_variable_that_is_set_too_late_fails_the_script_by_name(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "from localexp import Run\nRun.get_context()")
    monkeypatch.setenv("LOCALEXP_DETERMINISTIC", "frozn")
    run = experiment.submit(project.config())
    run.wait_for_completion(raise_on_error=False)
    error = run.get_details()["error"]["error"]
    assert "the environment variable LOCALEXP_DETERMINISTIC is 'frozn'" in error["message"]


def test_a_run_of_the_usual_time_is_not_yet_to_come(experiment: Experiment) -> None:
    begun(experiment).complete()
    with deterministic():
        assert [*findings(experiment.workspace._store)] == []
