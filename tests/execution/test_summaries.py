"""Summaries of many runs are those of each, and take no more queries than that of one."""

from __future__ import annotations

import pytest

from localexp import Experiment, Run
from localexp.execution.details import summaries, summary
from tests.statements import statements_of


def test_many_are_asked_for_at_once(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    store = experiment.workspace._store
    parent = said_of(experiment.start_logging(snapshot_directory=None), 0)
    found = [said_of(parent.child_run(), number) for number in range(1, 5)]
    records = [run._current() for run in [parent, *found]]
    one_by_one = [summary(store, record) for record in records]
    said = statements_of(experiment.workspace, monkeypatch)

    assert summaries(store, records[1:2]) == one_by_one[1:2]
    of_one = len(said)
    assert summaries(store, records) == one_by_one
    assert len(said) - of_one == len([one for one in said[:of_one] if one.startswith("SELECT")])
    assert [one["parent"] for one in one_by_one] == [None] + [parent.id] * 4
    assert one_by_one[2]["params"] == {"lr": 0.2, "model": "mlp"}
    assert one_by_one[2]["tags"] == {"bare": None, "number": "2"}
    assert one_by_one[2]["metrics"] == {"loss": 2, "flag": True}
    assert list(one_by_one[2]["metrics"]) == ["loss", "flag"]
    assert summaries(store, []) == []


def said_of(run: Run, number: int) -> Run:
    run.log_params({"model": "mlp", "lr": number / 10})
    run.set_tags({"number": str(number), "bare": None})
    run.log("loss", 1)
    run.log("loss", number)
    run.log("flag", True)
    return run
