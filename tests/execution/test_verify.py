"""A run that is verified is run again, and what it logged compared: reproduced, or drifted with the differences."""

from __future__ import annotations

import pytest

from localexp import Experiment
from localexp.errors import UserErrorException
from tests.processes import Project

SCRIPT = """
    import random, sys
    from localexp import Run

    random.seed(int(sys.argv[2]))
    run = Run.get_context()
    run.log("fixed", 1.0)
    with run.child_run("fold") as child:
        child.log("accuracy", random.random())
    for step in range(3):
        run.log("loss", random.random(), step=step)
    if sys.argv[2] == "3":
        raise ValueError("no such seed")
"""


def test_a_deterministic_run_is_reproduced_and_one_with_another_seed_drifts(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", SCRIPT)
    first = experiment.submit(project.config(arguments=["--seed", "1"]))
    first.wait_for_completion()

    same = first.verify()
    other = first.verify(seed=2)
    close = first.verify(tolerance=1e3, seed=2)
    failed = first.verify(seed=3, tags={"a": "b"})

    assert same.is_reproduced
    assert (same.differences, same.error, same.metrics, same.run.origin) == ([], None, 3, first.id)
    assert not other.is_reproduced
    assert [(one.child, one.metric) for one in other.differences] == [(None, "loss"), ("child 1 (fold)", "accuracy")]
    assert other.differences[0].then == first.get_metrics()["loss"][0]
    assert (other.differences[0].step, other.differences[0].differing) == (0, 3)
    assert close.is_reproduced
    assert not failed.is_reproduced
    assert failed.error is not None
    assert "no such seed" in failed.error
    assert (failed.differences, failed.metrics, failed.run.get_tags()) == ([], 3, {"a": "b"})


def test_what_cannot_be_verified_is_refused(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "raise SystemExit(1)")
    first = experiment.submit(project.config())
    first.wait_for_completion(raise_on_error=False)

    with pytest.raises(UserErrorException, match="is Failed: only a Completed run can be verified"):
        first.verify()
    for tolerance in (-1.0, float("nan"), float("inf"), "much"):
        with pytest.raises(UserErrorException, match="the tolerance is a number from 0 up"):
            first.verify(tolerance)  # type: ignore[arg-type]
    assert len(list(experiment.get_runs())) == 1


def test_a_run_that_has_logged_nothing_but_samples_is_not_verified(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import warnings
        from localexp import Run
        warnings.simplefilter("ignore")
        Run.get_context().log("system/cpu_percent", 1.0)
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    with pytest.raises(UserErrorException, match=r"has logged nothing that could be compared, .* submit it anew"):
        run.verify()
    assert len(list(experiment.get_runs())) == 1
