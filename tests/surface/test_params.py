"""Params of a run: the arguments of its script, and what is said by ``log_param``."""

from __future__ import annotations

from enum import Enum

import numpy
import pytest

from localexp import Experiment, Run, ScriptRunConfig
from localexp.errors import UserErrorException
from localexp.offline import OfflineRun
from tests.processes import Project


def test_a_submitted_run_has_its_arguments_and_what_its_script_says(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        run = Run.get_context()
        run.log_param("lr", 0.2)
        run.log_params({"found": "here", "none": None})
        """,
    )
    run = experiment.submit(ScriptRunConfig(project.path, "train.py", ["--lr", 0.1, "--amp", "--model", "mlp"]))
    run.wait_for_completion()

    assert run.params == {"amp": "True", "found": "here", "lr": 0.2, "model": "mlp", "none": None}
    assert run.get_params() == run.params


def test_what_is_said_last_counts_and_nothing_after_the_end(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log_param("lr", 0.1)
        Run.get(experiment.workspace, run.id).log_param("other", 1)
        run.log_param("lr", 0.3)

    for ended in (run, Run.get(experiment.workspace, run.id)):
        with pytest.raises(UserErrorException, match="is Completed: only a run that goes on can log"):
            ended.log_param("lr", 7)

    assert run.get_params() == {"lr": 0.3, "other": 1}


class Size(str, Enum):
    SMALL = "small"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (3, 3),
        (0.25, 0.25),
        (True, "True"),
        ("0.10", "0.10"),
        ("1e-3", "1e-3"),
        ("mlp", "mlp"),
        (None, None),
        ([64, 32], "[64, 32]"),
        (numpy.float64(0.5), 0.5),
        (numpy.int64(4), 4),
        (float("nan"), "nan"),
        (Size.SMALL, "small"),
        ("\ud800", "\\ud800"),
    ],
)
def test_any_value_is_kept_as_a_text_and_read_as_the_number_that_it_is(
    experiment: Experiment, value: object, kept: object
) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log_param("p", value)

    assert run.get_params() == {"p": kept}


def test_params_that_are_no_dict_are_refused(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log_params(None)
        with pytest.raises(UserErrorException, match="params are a dict of texts, not 'lr'"):
            run.log_params("lr")  # type: ignore[arg-type]

    assert run.get_params() == {}


def test_outside_a_run_they_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    OfflineRun().log_params({"lr": 0.1})

    assert capsys.readouterr().out == "Attempted to log param lr:\n0.1\n"
