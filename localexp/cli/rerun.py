"""``localexp rerun``."""

from __future__ import annotations

import sys

from localexp.cli import again, attended, options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.again import Changed


@again.command(
    "Run again what a run was.",
    "localexp rerun latest",
    "localexp rerun --set lr=0.3 3f2a         # with another value of an argument",
    "localexp rerun 3f2a --epochs 10 --fast   # with other arguments altogether",
)
@again.changes
@options.detach
@options.workspace_path
@options.as_json
def rerun(run: str, changed: Changed, detach: bool, workspace: str | None, as_json: bool) -> None:
    """Submit the same as a RUN was: its snapshot, arguments, inputs and environment; whatever its source is by now.

    Says what differs today, shows the output, and exits with the exit code of the script. Ctrl-C cancels the new run; a
    second one leaves that to its supervisor.

    Options of localexp stand before RUN; ARGS are all arguments of the script anew. RUN is an id,
    the beginning of an id, or 'latest'.
    """
    found = again.found(run, workspace)
    attended.check_may_return(again.runs_here(found), detach)
    begun = again.begun(found, changed, is_quiet=as_json)
    sys.exit(attended.exit_code(begun, detach, as_json, workspace, has_shown_log=again.runs_here(begun)))
