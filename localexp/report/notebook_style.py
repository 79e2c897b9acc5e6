"""The style of what notebooks show: theirs, in light and dark, and nothing that reaches what is around it."""

from __future__ import annotations

# A notebook has a theme of its own, whatever the system's is: so text and lines have the colour of its text, and the
# few other colours are those of JupyterLab or VS Code, or follow the color-scheme of the page that this stands in.
# "&" stands for our own element, named so often that the tables of JupyterLab, with all its own words, look like ours.
_STYLE = """
& { font-size: 13px; line-height: 1.45; margin: .3em 0 .6em;
  --line: color-mix(in srgb, currentColor 16%, transparent); --quiet: color-mix(in srgb, currentColor 68%, transparent);
  --good: var(--jp-success-color1, var(--vscode-charts-green, light-dark(#1a7f4b, #4cc38a)));
  --bad: var(--jp-error-color1, var(--vscode-errorForeground, light-dark(#c62b2b, #ff7b72)));
  --going: var(--jp-brand-color1, var(--vscode-charts-blue, light-dark(#2563c9, #6cb0ff))); }
& p { margin: 0 0 .4em; } & .title { margin: .7em 0 .1em; font-weight: 600; } & .name { font-size: 1.15em; }
& .quiet, & small { color: var(--quiet); font-weight: normal; }
& table { border-collapse: collapse; border: 0; margin: 0; width: auto; table-layout: auto; font-size: inherit; }
& thead, & tbody tr, & tbody tr:nth-child(n):hover { background: none; border: 0; }
& th, & td { padding: .18em 1.3em .18em 0; border: 0; border-bottom: 1px solid var(--line); max-width: 30em;
  text-align: left; vertical-align: baseline; overflow-wrap: anywhere; white-space: normal; line-height: inherit; }
& th { font-weight: normal; color: var(--quiet); } & tbody tr:last-child > * { border-bottom: 0; }
& .scrolled { overflow-x: auto; }
& .scrolled td, & .scrolled th { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; max-width: 22em; }
& .groups th { border: 0; padding-bottom: 0; font-size: .85em; }
& td.number, & th.number { text-align: right; font-variant-numeric: tabular-nums; }
& td.curve, & th.curve { position: relative; left: -.7em; padding-right: .6em; }
& svg { vertical-align: middle; display: inline-block; max-width: none; }
& polyline { fill: none; stroke: var(--going); stroke-width: 1.4; stroke-linejoin: round; }
& .status { font-weight: 600; } & .Completed { color: var(--good); } & .Failed { color: var(--bad); }
& .Canceled, & .NotStarted, & .Queued { color: var(--quiet); }
& .Running, & .Preparing, & .Finalizing, & .CancelRequested { color: var(--going); }
& .why { border-left: 3px solid var(--bad); padding: .1em 0 .1em .8em; margin: .3em 0 .6em; white-space: pre-wrap;
  overflow-wrap: anywhere; }
& .warned { border-color: var(--line); }
& .parts { display: flex; flex-wrap: wrap; column-gap: 3em; }
& pre { margin: .2em 0 .6em; padding: .5em .8em; border: 1px solid var(--line); border-radius: 3px; background: none;
  color: inherit; font: 12px/1.4 var(--jp-code-font-family, var(--vscode-editor-font-family, monospace));
  max-height: 22em; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
& summary { cursor: pointer; color: var(--quiet); margin: .5em 0 .1em; }
"""


def styled(body: str) -> str:
    """What a notebook shows, with its style."""
    style = _STYLE.replace("&", ".localexp.localexp.localexp").replace("\n  ", " ").strip()
    return f'<div class="localexp"><style>{style}</style>{body}</div>'
