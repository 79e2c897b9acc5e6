"""The parts of which pages and what notebooks show are made."""

from __future__ import annotations

import json
import os
from html import escape as as_html
from io import BufferedWriter
from urllib.parse import quote

from localexp.execution import placing
from localexp.execution.details import file_address
from localexp.store import clock
from localexp.store.telling import all_told, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localexp.store.runs import RunRecord

_PAGE_STYLE = """
:root { color-scheme: light dark; --quiet: light-dark(#667, #99a); --line: light-dark(#dde, #334); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
body.wide { max-width: 90rem; } .scrolled td, .scrolled th { white-space: nowrap; } .scrolled { overflow-x: auto; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; } h2 { font-size: 1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: normal; color: var(--quiet); }
td, th { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
svg { vertical-align: middle; } polyline { fill: none; stroke: #37c; stroke-width: 1.5; }
.status { padding: .1rem .6rem; border-radius: 1rem; border: 1px solid var(--line); font-size: .9rem; }
.Failed { color: light-dark(#b22, #f77); } .Completed { color: light-dark(#173, #6c8); }
.number { font-variant-numeric: tabular-nums; } td.number, th.number { text-align: right; }
.groups th { border: 0; padding-bottom: 0; font-size: .8rem; } .quiet { color: var(--quiet); }
pre, footer { color: var(--quiet); white-space: pre-wrap; overflow-wrap: anywhere; }
"""

_LONGEST, _LONGEST_FACT = 200, 10_000


def page(title: str, heading: str, body: str, *, is_wide: bool = False) -> str:
    """A page that needs nothing but itself; ``title`` is text, ``heading`` and ``body`` are HTML."""
    body_tag = '<body class="wide">' if is_wide else "<body>"
    return (
        "<!doctype html>\n"
        f'<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_PAGE_STYLE}</style>{body_tag}<h1>{heading}</h1>{body}"
        f"<footer>As of {clock.iso(clock.shown())}; get_portal_url() writes this page anew.</footer></html>\n"
    )


def write(path: str, content: str) -> str:
    """Write a page aside and put it in its place, and return its ``file://`` address."""
    folder, aside = os.path.dirname(path), f"{path}.{os.urandom(4).hex()}.part"
    with BufferedWriter(placing.opened(aside, lambda: os.makedirs(folder, exist_ok=True))) as file:
        file.write(content.encode("utf-8", "backslashreplace"))
    os.replace(aside, path)
    return file_address(path)


def elsewhere(name: str) -> str:
    """Where a page goes if the store may only be read: a folder of its own for temporary files."""
    import tempfile

    return os.path.join(tempfile.mkdtemp(prefix="localexp-"), name)


def escape(text: str) -> str:
    """The HTML of a text, with names for paths in it if those are told so."""
    return as_html(told(text))


def anchor(address: str, shown: str) -> str:
    """A link; what is shown of it is HTML."""
    return f'<a href="{as_html(address)}">{shown}</a>'


def section(title: str, rows: str) -> str:
    return f"<h2>{title}</h2><table>{rows}</table>" if rows else ""


def row(cells: Iterable[str]) -> str:
    first, *rest = cells
    return f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"


def rows(values: object) -> str:
    """A row for each entry of a dict; nothing of anything else."""
    if not isinstance(values, dict):
        return ""
    return "".join(
        row([escape(short(str(name))), escape(short(text(value), _LONGEST_FACT))]) for name, value in values.items()
    )


def facts(values: Mapping[str, object]) -> str:
    """A table of what is known."""
    return f"<table>{rows({name: value for name, value in values.items() if value is not None})}</table>"


def text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(all_told(value))


def short(text: str, longest: int = _LONGEST) -> str:
    """The beginning of a text, which may be one of megabytes."""
    text = told(text)
    return text if len(text) <= longest else f"{text[:longest]}…"


def and_more(count: int) -> str:
    """A row that says how many are not shown; none if all are."""
    return row([f"and {count:,} more"]) if count > 0 else ""


def link(path: str, folder: str) -> str:
    """The way from a folder to a file, which still leads there when the workspace has been moved."""
    return quote(os.fsencode(os.path.relpath(path, folder)).replace(os.fsencode(os.sep), b"/"))


def moment(microseconds: int) -> str:
    """A time in UTC, to the second."""
    return clock.iso(microseconds)[:19].replace("T", " ")


def minute(microseconds: int) -> str:
    """A time in UTC, to the minute, and to the second where the mouse rests."""
    whole = moment(microseconds)
    return f'<span title="{whole}">{whole[:16]}</span>'


def status(name: str, why: str | None = None) -> str:
    """The status of a run, with what is said of it where the mouse rests."""
    title = f' title="{escape(short(why))}"' if why else ""
    return f'<span class="status {name}"{title}>{name}</span>'


def took(record: RunRecord) -> str:
    """How long a run has taken, or has taken so far; empty if it has not begun.

    After a minute what goes on is told to the minute, so that what shows it need not change with each second.
    """
    if record.started_at is None:
        return ""
    seconds = max(0, (record.ended_at or clock.shown()) - record.started_at) / 1e6
    return _ended_after(seconds) if record.ended_at is not None else f"{_whole(int(seconds))} so far"


def _ended_after(seconds: float) -> str:
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _whole(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
