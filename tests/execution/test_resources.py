"""What the processes of a script take is sampled while they run, and left out unless asked for by name."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from localexp import Experiment, Run, Workspace
from localexp.execution.resources import Sampler, Sampling, of_ps
from localexp.journal.writer import JournalWriter
from localexp.metrics.system import SAMPLED
from tests.cli.command import localexp, printed
from tests.processes import Project, output, python

CPU, MEMORY = "system/cpu_percent", "system/memory_rss_bytes"
MIB = 2**20
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is sampled on Windows")


def test_time_and_memory_of_the_whole_tree_are_sampled(
    workspace: Workspace, experiment: Experiment, project: Project
) -> None:
    workspace.set_setting("resources.sample_seconds", 1)
    project.write(
        "train.py",
        """
        import subprocess, sys, time
        from localexp import Run
        run = Run.get_context()
        run.log("loss", 1.0)
        code = "data = bytearray(200 * 2**20); print('ready', flush=True); input()"
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdout.readline()
        known = len(run.get_metric_history("system/cpu_percent"))
        while len(run.get_metric_history("system/cpu_percent")) < known + 2:
            end = time.process_time() + 0.1
            while time.process_time() < end:
                pass
        child.communicate(b"done")
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics() == {"loss": 1.0}
    percent, memory = run.get_metrics(CPU)[CPU], run.get_metrics(MEMORY)[MEMORY]
    assert len(percent) == len(memory) >= 2
    # Others compute meanwhile, maybe.
    assert 5 < percent[-1] <= 100 * (os.cpu_count() or 1)
    assert 200 * MIB < memory[-1] < 400 * MIB
    times = run.get_metric_history(CPU).times
    assert times[-1] - times[-2] > 0.9e6


@pytest.fixture
def named_so(experiment: Experiment) -> Run:
    """A run with metrics of these names; who has logged them makes no difference."""
    with experiment.start_logging(snapshot_directory=None) as run:
        for name in SAMPLED:
            with pytest.warns(UserWarning, match=r"get_metrics\(\) leaves it out"):
                run.log(name, 1.0)
        for name in ("loss", "system/other"):
            run.log(name, 1.0)
    return run


def test_samples_are_left_out_unless_asked_for_by_name(workspace: Workspace, named_so: Run) -> None:
    own = {"loss": 1.0, "system/other": 1.0}

    assert [named_so.get_metrics(name) for name in SAMPLED] == [{name: 1.0} for name in SAMPLED]
    assert named_so.get_metrics() == own
    assert named_so.get_metrics(recursive=True) == {named_so.id: own}
    assert list(named_so.get_metrics_frame()["metric"]) == list(own)
    columns = list(named_so.experiment.to_frame().columns)
    assert [column for column in columns if column.startswith("metrics.")] == [f"metrics.{name}" for name in own]
    for shown in (named_so._repr_html_(), named_so.experiment.get_runs()._repr_html_()):
        assert "system/other" in shown
        assert CPU not in shown
    assert CPU not in printed(localexp("runs", "--json", at=Path(workspace.path)))


def test_the_page_of_a_run_has_a_section_of_them(named_so: Run) -> None:
    page = Path(named_so.get_portal_url().removeprefix("file://")).read_text(encoding="utf-8")

    metrics, resources = page.index("<h2>Metrics</h2>"), page.index("<h2>Resources</h2>")
    assert metrics < page.index("system/other") < resources < page.index(CPU)
    assert page.count(CPU) == 1


def test_with_the_setting_at_0_no_sample_is_ever_due(workspace: Workspace, named_so: Run) -> None:
    workspace.set_setting("resources.sample_seconds", 0)
    writer = JournalWriter(named_so._layout, named_so.id, lambda: None)

    assert Sampling(Sampler(os.getpid()), 0, writer).due == math.inf


def test_a_short_run_has_none(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics(CPU) == {}


def test_a_sampler_sees_what_comes_of_a_process_and_what_has_ended_of_it() -> None:
    code = """
        import os, subprocess, sys, time
        busy = "import time\\nwhile time.process_time() < 0.5: pass"
        print("begun", flush=True)
        subprocess.run([sys.executable, "-c", busy])
        print("burnt", flush=True)
        input()
        """
    with python(code) as process:
        sampler = Sampler(process.pid)
        assert process.stdout is not None
        process.stdout.readline()
        sampler.sample()
        process.stdout.readline()
        [(name, percent), (_, memory)] = sampler.sample()
        process.communicate("done\n")

    assert (name, memory > MIB) == (CPU, True)
    if sys.platform == "linux":
        assert percent > 5
    assert sampler.sample() == []


def test_what_ps_says_is_understood() -> None:
    found = of_ps("    1     0   0:01.50   2048\n  345     1 1-02:03:04  10\n")

    assert (found[1].parent, found[1].seconds, found[1].memory) == (0, 1.5, 2 * MIB)
    assert (found[345].parent, found[345].seconds, found[345].memory) == (1, 93784.0, 10240)


GPUS = """
class NVMLError(Exception): pass
class Of:
    def __init__(self, **values): self.__dict__.update(values)
def nvmlInit(): {init}
def nvmlDeviceGetCount(): return 3
def nvmlDeviceGetHandleByIndex(number): return number
def nvmlDeviceGetComputeRunningProcesses(gpu):
    import os
    return [Of(pid=os.getpid() if gpu else 1, usedGpuMemory=2**30), Of(pid=1, usedGpuMemory=7)]
def nvmlDeviceGetUtilizationRates(gpu): return Of(gpu=40)
"""


@pytest.mark.parametrize(
    ("init", "found"),
    [("pass", "[('system/gpu_percent', 80.0), ('system/gpu_memory_bytes', 2147483648)]"), ("raise NVMLError", "[]")],
)
def test_gpus_that_the_processes_use_are_sampled(tmp_path: Path, init: str, found: str) -> None:
    (tmp_path / "pynvml.py").write_text(GPUS.format(init=init))
    code = "import os; from localexp.execution.resources import Sampler; print(Sampler(os.getpid()).sample()[2:])"

    assert output(python(code, PYTHONPATH=str(tmp_path))).strip() == found


def test_a_script_goes_on_when_it_cannot_be_sampled(experiment: Experiment) -> None:
    class Broken(Sampler):
        def sample(self) -> list[tuple[str, float]]:
            raise RuntimeError("a broken driver")

    with experiment.start_logging(snapshot_directory=None) as run:
        writer = run._writer
        assert writer is not None
        sampling = Sampling(Broken(os.getpid()), 1e-9, writer)
        sampling.sample_if_due()
        sampling.sample_if_due()

    assert [said["message"] for said in run.get_details()["warnings"]] == [
        "what its processes take is not sampled any more: RuntimeError: a broken driver"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="supervisors are only recognised there")
def test_runs_that_a_script_has_submitted_count_for_themselves() -> None:
    like_a_supervisor = """
        import subprocess, sys  # as localexp.execution.supervisor
        subprocess.run([sys.executable, "-c", "data = bytearray(200 * 2**20); print('begun', flush=True); input()"])
        """
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    with python(code, dedent(like_a_supervisor)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = dict(Sampler(process.pid).sample())
        process.communicate("done\n")

    assert MIB < found[MEMORY] < 100 * MIB
