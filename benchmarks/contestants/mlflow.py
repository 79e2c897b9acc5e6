"""mlflow with its SQLite store: each value is committed when ``log_metric`` returns."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from benchmarks.contestants import METRIC

# A benchmark calls nobody.
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
_mlflow: Any = import_module("mlflow")


class Mlflow:
    def __init__(self, run: str) -> None:
        _mlflow.start_run(run_name=run)

    def log(self, name: str, value: float, *, step: int) -> None:
        _mlflow.log_metric(name, value, step=step)

    def publish(self) -> None:
        pass

    def close(self) -> None:
        _mlflow.end_run()


def start(folder: str, run: str) -> Mlflow:
    _use(folder)
    return Mlflow(run)


def read(folder: str, run: str) -> list[float]:
    _use(folder)
    found = _mlflow.search_runs(filter_string=f"attributes.run_name = '{run}'", output_format="list")
    history = _mlflow.MlflowClient().get_metric_history(found[0].info.run_id, METRIC)
    return [metric.value for metric in history]


def _use(folder: str) -> None:
    _mlflow.set_tracking_uri(f"sqlite:///{os.path.join(folder, 'mlflow.db')}")
