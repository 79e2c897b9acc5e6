"""The views of the record that others may count on: what a query of somebody else's reads.

Later versions may add views and columns to these; none goes, and none changes its meaning. The README lists them, as
``described`` has them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH_OF_README = 120
_OF_RUN = ("r.id", "the id of its run")


def _moment(column: str) -> str:
    """A time as a text in UTC, as `clock.iso` gives it."""
    seconds = f"strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch')"
    return f"{seconds} || printf('.%06dZ', {column} % 1000000)"


def _moment_if_any(column: str) -> str:
    return f"CASE WHEN {column} IS NOT NULL THEN {_moment(column)} END"


def _value(column: str) -> str:
    """A value as SQL knows them: what `values` keeps as a BLOB is a text, or 0 or 1 if it is a bool, or NULL if NaN."""
    text = f"CAST(substr({column}, 2) AS TEXT)"
    return (
        f"CASE WHEN typeof({column}) <> 'blob' THEN {column} "
        f"ELSE CASE CAST(substr({column}, 1, 1) AS TEXT) WHEN 'n' THEN NULL WHEN 'b' THEN CAST({text} AS INTEGER) "
        f"WHEN 'i' THEN iif({text} LIKE '-%', '-0x' || substr({text}, 2), '0x' || {text}) ELSE {text} END END"
    )


class View:
    """One view: what each row of it stands for, where the rows come from, and of each column its SQL and meaning."""

    def __init__(self, row: str, source: str, columns: Mapping[str, tuple[str, str]]) -> None:
        self.row = row
        self.source = source
        self.columns = columns

    @property
    def select(self) -> str:
        columns = ", ".join(f"{sql} AS {name}" for name, (sql, _) in self.columns.items())
        return f"SELECT {columns} FROM {self.source}"


def _of_runs(table: str, letter: str) -> str:
    return f"{table} AS {letter} JOIN _runs AS r ON r.key = {letter}.run"


VIEWS = {
    "experiments": View(
        "an experiment, archived or not",
        "_experiments AS e",
        {
            "id": ("e.id", "a UUID"),
            "name": ("e.name", "which an archived one may share with others"),
            "created": (_moment("e.created_at"), "when it was created"),
            "archived": (_moment_if_any("e.archived_at"), "when it was archived, NULL if it is not"),
            "runs": ("(SELECT count(*) FROM _runs AS r WHERE r.experiment = e.key)", "how many, children among them"),
        },
    ),
    "experiment_tags": View(
        "a tag of an experiment",
        "_experiment_tags AS t JOIN _experiments AS e ON e.key = t.experiment",
        {
            "experiment_id": ("e.id", "the id of the experiment"),
            "name": ("t.key", "the key of the tag"),
            "value": ("t.value", "a text, NULL for a tag without value"),
        },
    ),
    "runs": View(
        "a run, children among them",
        "_runs AS r JOIN _experiments AS e ON e.key = r.experiment LEFT JOIN _runs AS p ON p.key = r.parent",
        {
            "id": ("r.id", "its id"),
            "experiment": ("e.name", "the name of its experiment"),
            "experiment_id": ("e.id", "the id of that"),
            "number": ("r.number", "counts the runs of its experiment, from 1"),
            "display_name": ("r.display_name", "a text"),
            "description": ("r.description", "a text"),
            "status": ("r.status", "as `run.get_status()` gives it"),
            "created": (_moment("r.created_at"), "when it was created"),
            "started": (_moment_if_any("r.started_at"), "when its script or block began, NULL if it has not"),
            "ended": (_moment_if_any("r.ended_at"), "when it ended, NULL if it goes on"),
            "duration": ("(r.ended_at - r.started_at) / 1e6", "the seconds between these two"),
            "parent": ("p.id", "the id of the run that it is a child of"),
            "type": ("r.type", "NULL for a run that was not submitted, if none was given"),
            "target": ("r.target", "where a submitted one is executed"),
            "script": ("json_extract(r.definition, '$.script')", "the script that was submitted"),
            "command": ("json_extract(r.definition, '$.command')", "the command that was submitted instead"),
            "arguments": ("json_extract(r.definition, '$.arguments')", "those of the script, as a JSON list"),
            "exit_code": ("r.exit_code", "that of the script"),
            "error": ("json_extract(r.error, '$.error.message')", "why it has failed"),
            "snapshot": (
                "iif(json_extract(r.definition, '$.snapshotProject') IS 0, NULL, r.snapshot)",
                "the id of its snapshot, NULL if it has none or does not keep it",
            ),
            "origin": ("r.origin", "the id of the run that it is a rerun of, which may be gone"),
        },
    ),
    "latest_metrics": View(
        "a metric of a run, the `system/…` ones that localexp samples among them",
        _of_runs("_metrics", "m"),
        {
            "run": _OF_RUN,
            "name": ("m.name", "the name of the metric"),
            "last": (_value("m.last"), "the value that was logged last"),
            "min": ("m.min", "the least of the numbers among all values, NULL if there is none"),
            "max": ("m.max", "the greatest"),
            "count": ("m.count", "how many values were logged"),
            "time": (_moment("m.last_time"), "when the last one was"),
            "kind": ("m.kind", "`scalar`, `list`, `row`, `table` and so on, as it was first logged"),
            "description": ("m.description", "a text"),
        },
    ),
    "metric_points": View(
        "a value of such a metric",
        f"{_of_runs('_metrics', 'm')} JOIN _points AS p ON p.metric = m.key",
        {
            "run": _OF_RUN,
            "name": ("m.name", "the name of the metric"),
            "step": ("p.step", "NULL if it was logged without one"),
            "time": (_moment("p.time"), "when it was logged"),
            "writer": ("p.writer", "a number for who of the run has logged it"),
            "position": ("p.position", "the order of what has the same time and writer"),
            "value": (_value("p.value"), "the value"),
        },
    ),
    "params": View(
        "a param of a run",
        _of_runs("_params", "p"),
        {
            "run": _OF_RUN,
            "name": ("p.name", "the name of the param"),
            "value": ("p.value", "a text, as it was given"),
            "number": ("p.number", "the number that this text reads as, NULL if it does not"),
        },
    ),
    "tags": View(
        "a tag of a run",
        f"{_of_runs('_tags', 't')} WHERE t.removed = 0",
        {
            "run": _OF_RUN,
            "name": ("t.key", "the key of the tag"),
            "value": ("t.value", "a text, NULL for a tag without value"),
        },
    ),
    "properties": View(
        "a property of a run",
        _of_runs("_properties", "p"),
        {"run": _OF_RUN, "name": ("p.key", "the key of the property"), "value": ("p.value", "a text, or NULL")},
    ),
    "artifacts": View(
        "a file of a run",
        _of_runs("_artifacts", "a"),
        {
            "run": _OF_RUN,
            "name": ("a.name", "a path with `/`, as `run.get_file_names()` gives it"),
            "size": ("a.size", "bytes"),
            "hash": ("a.hash", "of the bytes"),
            "time": (_moment("a.time"), "when it was kept"),
        },
    ),
    "inputs": View(
        "an input of a run",
        _of_runs("_inputs", "i"),
        {
            "run": _OF_RUN,
            "path": ("i.path", "a file or folder"),
            "files": ("i.files", "how many"),
            "bytes": ("i.bytes", "of all of them"),
            "changed": (_moment("i.changed"), "when the newest of them was changed"),
            "hash": ("i.hash", "of the names and bytes"),
        },
    ),
    "warnings": View(
        "a warning on a run",
        _of_runs("_warnings", "w"),
        {
            "run": _OF_RUN,
            "time": (_moment("w.time"), "when it was given"),
            "source": ("w.source", "who gave it"),
            "message": ("w.message", "a text"),
        },
    ),
    "snapshots": View(
        "a snapshot, whichever runs have it",
        "_snapshots AS s",
        {
            "id": ("s.id", "its id"),
            "files": ("s.files", "how many"),
            "bytes": ("s.bytes", "of all of them"),
            "created": (_moment("s.created_at"), "when it was first taken"),
        },
    ),
}
TEXT = "".join(f"CREATE VIEW {name} AS {view.select};\n" for name, view in VIEWS.items())


def described() -> str:
    """What each view and column is, as the README says it."""
    return "\n".join(_described(name, view) for name, view in VIEWS.items()) + "\n"


def _described(name: str, view: View) -> str:
    import textwrap

    columns = "; ".join(f"`{column}`, {meaning}" for column, (_, meaning) in view.columns.items())
    text = f"- **`{name}`**, a row for {view.row}: {columns}."
    return textwrap.fill(text, _WIDTH_OF_README, subsequent_indent="  ", break_on_hyphens=False)
