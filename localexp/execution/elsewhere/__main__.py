"""``python -m localexp.execution.elsewhere PLACE`` executes the run that was exported to a place."""

from __future__ import annotations

import sys

from localexp.errors import LocalexpError
from localexp.execution.elsewhere.executing import execute

if len(sys.argv) != 2:
    sys.exit("give one folder, to which a run was exported")
try:
    execute(sys.argv[1])
except (LocalexpError, OSError) as error:
    sys.exit(str(error))
