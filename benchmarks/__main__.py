"""``python -m benchmarks``: measure, print a table, write JSON."""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.catalogue import BENCHMARKS
from benchmarks.environment import commit, machine
from benchmarks.row import Row
from benchmarks.settings import Settings
from benchmarks.table import table


def main() -> int:
    """Exit code 0 whether or not the goals are met: figures of a busy machine are for people to judge."""
    options = _options()
    settings = Settings(options.quick, options.repeat, options.peers, options.real_tree)
    before = {"commit": commit(), **machine()}
    rows: list[Row] = []
    for name in options.only or BENCHMARKS:
        print(name, end=" ", file=sys.stderr, flush=True)
        rows.extend(BENCHMARKS[name](settings))
        print(file=sys.stderr)
    print(table(rows))
    if settings.is_quick:
        print("\nA smoke test: with counts this small neither the ratios nor whether a goal is met mean anything.")
    _write(options.json, before, settings, rows)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", default="benchmarks.json", metavar="PATH", help="where to write the figures")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*BENCHMARKS],
        metavar="NAME",
        help=f"one of {', '.join(BENCHMARKS)}; repeatable",
    )
    parser.add_argument("--quick", action="store_true", help="small counts: a smoke test, not a measurement")
    parser.add_argument("--repeat", type=int, metavar="N", help="pairs of each; by default each benchmark's own number")
    parser.add_argument(
        "--peers",
        default=sys.executable,
        metavar="PYTHON",
        help="an interpreter that has the peers; by default this one",
    )
    parser.add_argument(
        "--real-tree",
        metavar="DIR",
        help="source to measure snapshots with, no file of which is ignored; by default some is downloaded",
    )
    return parser.parse_args()


def _write(path: str, before: dict[str, object], settings: Settings, rows: list[Row]) -> None:
    found = {
        "before": before,
        "after": {"commit": commit(), **machine()},
        "quick": settings.is_quick,
        "rows": [row.as_json() for row in rows],
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=2, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
