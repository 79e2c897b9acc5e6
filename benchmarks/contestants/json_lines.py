"""The floor: one JSON line a value, appended to a file and handed to the system one by one."""

from __future__ import annotations

import json
import os
from time import time_ns

from benchmarks.contestants import METRIC


class JsonLines:
    """Each line holds what localexp keeps of a value: name, value, step and the time in microseconds."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - it stays open as long as the run

    def log(self, name: str, value: float, *, step: int) -> None:
        line = json.dumps({"name": name, "value": value, "step": step, "time": time_ns() // 1000})
        self._file.write(line + "\n")
        self._file.flush()

    def publish(self) -> None:
        pass

    def close(self) -> None:
        self._file.close()


def start(folder: str, run: str) -> JsonLines:
    return JsonLines(_path(folder, run))


def read(folder: str, run: str) -> list[float]:
    values = []
    with open(_path(folder, run), encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if record["name"] == METRIC:
                values.append(record["value"])
    return values


def _path(folder: str, run: str) -> str:
    return os.path.join(folder, f"{run}.jsonl")
