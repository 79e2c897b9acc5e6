"""trackio in its local mode: a thread writes what is logged into SQLite, and ``finish`` waits for it."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from benchmarks.contestants import METRIC

# Read when it is imported; an actor works in the folder of the measurement.
os.environ.update(TRACKIO_DIR=os.path.join(os.getcwd(), "trackio"), HF_HUB_OFFLINE="1")
_trackio: Any = import_module("trackio")
_storage: Any = import_module("trackio.sqlite_storage").SQLiteStorage

_PROJECT = "benchmark"


class Trackio:
    def __init__(self, run: str) -> None:
        _trackio.init(_PROJECT, name=run, embed=False, auto_log_gpu=False, auto_log_cpu=False)

    def log(self, name: str, value: float, *, step: int) -> None:
        _trackio.log({name: value}, step=step)

    def publish(self) -> None:
        _trackio.finish()

    def close(self) -> None:
        pass


def start(_folder: str, run: str) -> Trackio:
    return Trackio(run)


def read(_folder: str, run: str) -> list[float]:
    return [row["value"] for row in _storage.get_metric_values(_PROJECT, run, METRIC)]
