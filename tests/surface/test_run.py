"""Runs that the test itself is, and what they say."""

from __future__ import annotations

import math
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import pytest

from localexp import Experiment, Run, RunConfiguration, ScriptRunConfig
from localexp.errors import (
    RunConfigurationException,
    RunEnvironmentException,
    UserErrorException,
)
from tests.processes import Project


class Scalar:
    """What numpy's and torch's scalars look like from outside."""

    def __init__(self, value: object) -> None:
        self.value = value

    def size(self) -> tuple[int, ...]:
        return ()

    def item(self) -> object:
        return self.value


def interactive(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def test_a_value_logged_once_is_bare_and_one_logged_twice_a_list(experiment: Experiment) -> None:
    run = interactive(experiment)
    run.log("once", 1.5)
    run.log("twice", 1)
    run.log("twice", 2)

    assert run.get_metrics() == {"once": 1.5, "twice": [1, 2]}
    assert run.get_metrics("once") == {"once": 1.5}
    assert run.get_metrics("never") == {}
    run.complete()


@pytest.mark.parametrize(
    ("logged", "kept"),
    [
        (Scalar(3), 3),
        (Scalar(0.5), 0.5),
        (Scalar(True), True),
        (True, True),
        (None, None),
        ("text", "text"),
        ("1.0", "1.0"),
        (10**30, 10**30),
        (-(2**63), -(2**63)),
        (math.inf, math.inf),
    ],
)
def test_a_scalar_comes_back_as_the_nearest_python_value(experiment: Experiment, logged: object, kept: object) -> None:
    run = interactive(experiment)
    run.log("value", logged)

    found = run.get_metrics()["value"]

    assert found == kept
    assert type(found) is type(kept)
    run.complete()


def test_nan_survives(experiment: Experiment) -> None:
    run = interactive(experiment)
    run.log("loss", math.nan)
    run.log("loss", 1.0)
    run.complete()

    first, second = run.get_metrics()["loss"]
    assert math.isnan(first)
    assert second == 1.0


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, object(), b"bytes", range(3)])
def test_what_is_no_scalar_is_refused(experiment: Experiment, value: object) -> None:
    run = interactive(experiment)

    with pytest.raises(UserErrorException, match="'loss'"):
        run.log("loss", value)

    assert run.get_metrics() == {}
    run.complete()


@pytest.mark.parametrize("step", ["1", 1.5, 2**63, object()])
def test_a_step_that_is_no_integer_is_refused(experiment: Experiment, step: object) -> None:
    run = interactive(experiment)

    with pytest.raises(UserErrorException, match="step"):
        run.log("loss", 1.0, step=step)  # type: ignore[arg-type]

    run.complete()


def test_outside_a_run_the_context_prints(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.get_context()
    with run:
        run.log("loss", 0.25, step=1)
        run.tag("model", "mlp")

    printed = capsys.readouterr().out
    assert run.id.startswith("OfflineRun_")
    assert "Attempted to log scalar metric loss at step 1:\n0.25\n" in printed
    assert "Attempted to add tag model with value mlp\n" in printed
    with pytest.raises(RunEnvironmentException):
        Run.get_context(allow_offline=False)


def test_a_submitted_run_gives_the_same_context_each_time_and_reads_its_own_metrics(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        run = Run.get_context()
        assert Run.get_context() is run
        run.log("loss", 2)
        run.tag("model", "mlp")
        run.log("read", str(run.get_metrics()))
        assert run.experiment.name == "digits"
        assert run.get_status() == "Running"
        run.complete()
        assert run.get_status() == "Running"
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics() == {"loss": 2, "read": "{'loss': 2}"}
    assert run.get_tags() == {"model": "mlp"}


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)


def test_the_page_of_a_run_needs_nothing_but_itself_and_escapes_what_it_shows(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "from localexp import Run; Run.get_context().log('<b>loss</b>', 1.0)")
    run = experiment.submit(project.config(), tags={"<script>": "alert(1)"})
    address = run.get_portal_url()
    run.wait_for_completion()

    page = urllib.request.urlopen(address).read().decode()
    texts = _Texts()
    texts.feed(page)

    assert address.startswith("file://")
    assert run.id in page
    assert "Completed" in page
    assert "&lt;b&gt;loss&lt;/b&gt;" in page
    assert "<script>" not in page
    assert texts.links == ["artifacts/user_logs/std_log.txt"]
    assert urllib.request.urlopen(f"{address.rpartition('/')[0]}/{texts.links[0]}").read() == b""


def test_a_file_that_is_not_there_is_an_error_that_lists_those_that_are(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", "open('outputs/model', 'w').close()")
    run = experiment.submit(project.config())
    run.wait_for_completion()

    with pytest.raises(UserErrorException, match=r"outputs/model, user_logs/std_log\.txt"):
        run.download_file("outputs/nothing", tmp_path)
    with pytest.raises(UserErrorException, match="cannot write"):
        run.download_file("outputs/model", tmp_path / "project" / "train.py" / "below")
    assert (project.path / "train.py").is_file()


@pytest.mark.parametrize("argument", [None, ["nested"], b"bytes", object(), "nul\0"])
def test_an_argument_that_cannot_be_passed_is_refused(
    experiment: Experiment, project: Project, argument: object
) -> None:
    project.write("train.py", "")

    with pytest.raises(UserErrorException, match="argument"):
        experiment.submit(ScriptRunConfig(project.path, "train.py", [argument]))  # type: ignore[list-item]

    assert list(experiment.get_runs()) == []


def test_a_configuration_of_another_kind_is_refused_by_name(experiment: Experiment) -> None:
    class HyperDriveConfig: ...

    with pytest.raises(RunConfigurationException, match=r"HyperDriveConfig.*ScriptRunConfig"):
        experiment.submit(HyperDriveConfig())  # type: ignore[arg-type]


def test_a_misspelt_setting_is_an_error() -> None:
    configuration = RunConfiguration()

    with pytest.raises(AttributeError, match="enviroment"):
        configuration.enviroment = {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "cluster"}, "cluster.*: leave compute_target out"),
        ({"command": "echo"}, "not both"),
        ({"script": None}, "neither a script nor a command; give one of both"),
    ],
)
def test_a_configuration_that_cannot_run_is_refused(
    experiment: Experiment, project: Project, change: dict[str, object], message: str
) -> None:
    project.write("train.py", "")
    config = project.config()
    for name, value in change.items():
        setattr(config.run_config if name == "target" else config, name, value)

    with pytest.raises(RunConfigurationException, match=message):
        experiment.submit(config)

    assert list(experiment.get_runs()) == []
