"""What changed from one run to another, for people."""

from __future__ import annotations

import re
from itertools import islice

from localexp.execution.comparing import Row
from localexp.execution.explaining import SECTIONS, delta, last
from localexp.report import html
from localexp.report.html import escape
from localexp.report.notebook_style import styled
from localexp.report.printable import printable
from localexp.report.side_by_side import ABSENT, closer, html_table, texts
from localexp.snapshot.sizes import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.execution.explaining import Changes
    from localexp.metrics.comparison import Sides
    from localexp.snapshot.diff import SnapshotDiff

    # What is said of a change: what it is of, and what was and is now, None if there was or is nothing.
    Line = tuple[str, str | None, str | None]

_MOST_NAMED, _LONGEST = 3, 30
_COMMIT, _DIGITS_OF_COMMIT = re.compile("[0-9a-f]{40}"), 10
_MOST_LINES = 500


def summary(changes: Changes) -> list[tuple[str, str]]:
    """What to say in a line of each section in which something changed."""
    said = {"source": _source(changes), "metrics": _listed([_brief(*line) for line in metric_lines(changes.metrics)])}
    for section in SECTIONS:
        if section not in said:
            said[section] = _listed([_brief_of(section, line, changes) for line in lines(changes.of_section(section))])
    return [(section, said[section]) for section in SECTIONS if said[section]]


def lines(rows: list[Row]) -> list[Line]:
    """What was and what is now, of each row."""
    return [(printable(row.name), *_pair(row.values)) for row in rows]


def metric_lines(metrics: list[Sides]) -> list[Line]:
    """The same of the last values of metrics."""
    return [_metric_line(one) for one in metrics]


def summary_text(changes: Changes) -> str:
    """The summary, a line a section; it says so if nothing changed."""
    return "\n".join(f"{section}: {text}" for section, text in summary(changes)) or "nothing that is known of changed"


def changes_html(old: str, new: str, changes: Changes) -> str:
    """What changed, for notebooks: the summary, what was and is now, and the beginning of the source's patch."""
    body = f"<table>{html.rows(dict(summary(changes)))}</table>" if summary(changes) else "<p>Nothing changed.</p>"
    metrics = [Row("metrics", one.name, [last(one.then), last(one.now)], True) for one in changes.metrics]
    rows = [*changes.rows, *metrics]
    body += html_table([old, new], rows) if rows else ""
    body += _patch_html(changes.source) if changes.source is not None else ""
    return styled(f"<p><b>{escape(old)}</b> → <b>{escape(new)}</b></p>{body}")


def extent_texts(sides: Sides) -> tuple[str, str, str]:
    """The lowest and highest value of a metric, and their number: before and after, or once if that says it all."""
    then, now = sides.then, sides.now
    pairs = [[None if one is None else getattr(one, name) for one in (then, now)] for name in ("min", "max", "count")]
    low, high, count = (_from_to(*texts(pair)) for pair in pairs)
    return low, high, count


def delta_text(sides: Sides) -> str:
    """By how much the last value of a metric is more, with its sign."""
    found = delta(sides)
    return "-" if found is None else f"{found:+}" if isinstance(found, int) else f"{found:+.4g}"


def _from_to(then: str, now: str) -> str:
    known = dict.fromkeys(text for text in (then, now) if text != ABSENT)
    return " → ".join(known) or ABSENT


def _metric_line(sides: Sides) -> Line:
    then, now = texts([last(sides.then), last(sides.now)])
    return printable(sides.name), None if sides.then is None else then, None if sides.now is None else now


def _pair(values: list[object]) -> tuple[str | None, str | None]:
    then, now = (None if value is None else text for value, text in zip(values, texts(values), strict=True))
    return then, now


def _source(changes: Changes) -> str:
    source = changes.source
    if source is None:
        return changes.note or ""
    counts = [
        (len(source.changed), "changed"),
        (len(source.added), "added"),
        (len(source.removed), "removed"),
        (len(source.renamed), "renamed"),
    ]
    said = [f"{count:,} {what}" for count, what in counts if count]
    if said:
        count, what = next(one for one in counts if one[0])
        said[0] = f"{counted(count, 'file')} {what}"
    return ", ".join(said)


def _distance(commits: tuple[int, int] | None) -> str:
    if commits is None:
        return ""
    only_old, only_new = commits
    if only_old and only_new:
        return f" ({counted(only_old, 'commit')} here and {only_new:,} there since they parted)"
    return f" ({counted(only_old or only_new, 'commit')} {'earlier' if only_old else 'later'})"


def _brief_of(section: str, line: Line, changes: Changes) -> str:
    return _brief(*line) + (_distance(changes.commits) if (section, line[0]) == ("git", "commit") else "")


def _brief(name: str, then: str | None, now: str | None) -> str:
    name = _short(name)
    if then is None or now is None:
        value, what = (now, "added") if then is None else (then, "removed")
        return f"{name} {_short(value)} {what}" if value else f"{name} {what}"
    then, now = closer([then, now], _LONGEST)
    if then == now:
        return f"{name} {_short(now)} (not the same throughout)"
    return f"{name} {_short(then) or 'without value'} → {_short(now) or 'without value'}"


def _short(text: str) -> str:
    if _COMMIT.fullmatch(text):
        return text[:_DIGITS_OF_COMMIT]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _listed(said: list[str]) -> str:
    more = [f"and {len(said) - _MOST_NAMED:,} more"] if len(said) > _MOST_NAMED else []
    return ", ".join([*said[:_MOST_NAMED], *more])


def _patch_html(source: SnapshotDiff) -> str:
    found = list(islice(_patch_lines(source), _MOST_LINES + 1))
    more = "\nand more: .source.text() has all of it" if len(found) > _MOST_LINES else ""
    return "" if not found else f"<pre>{escape(''.join(found[:_MOST_LINES]))}{more}</pre>"


def _patch_lines(source: SnapshotDiff) -> Iterator[str]:
    for line in source.lines():
        yield line.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plain(changes: Changes) -> dict[str, object]:
    """What changed as plain data."""
    found: dict[str, object] = {"summary": dict(summary(changes)), "source": _plain_source(changes.source)}
    for row in changes.rows:
        section = found.setdefault(row.section, {})
        assert isinstance(section, dict)
        section[row.name] = row.values
    if changes.commits is not None:
        found["commits"] = {"only_old": changes.commits[0], "only_new": changes.commits[1]}
    found["metrics"] = {one.name: _plain_metric(one) for one in changes.metrics}
    return found


def _plain_source(source: SnapshotDiff | None) -> dict[str, object] | None:
    if source is None:
        return None
    renamed = [{"from": old, "to": new} for old, new in source.renamed]
    return {"added": source.added, "removed": source.removed, "changed": source.changed, "renamed": renamed}


def _plain_metric(sides: Sides) -> dict[str, object]:
    found: dict[str, object] = {"last": [last(sides.then), last(sides.now)], "delta": delta(sides)}
    for name in ("min", "max", "count"):
        found[name] = [None if one is None else getattr(one, name) for one in (sides.then, sides.now)]
    found["first"] = None if sides.first is None else sides.first.as_json()
    return found
