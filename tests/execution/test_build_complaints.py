"""What the run is told of a build that failed is what the tool has said itself, and no more than is needed."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from localexp.execution.environments.complaints import reason

NOT_FOUND = """
    Looking in indexes: https://user:****@packages.example/simple
    ERROR: Could not find a version that satisfies the requirement tiny==2 (from versions: 1.0)
    ERROR: No matching distribution found for tiny==2
    """
NO_NETWORK = """
    WARNING: Retrying (Retry(total=1, connect=None)) after connection broken by 'ConnectionError('<pip._vendor.Made \
    object at 0x7f>: Failed to establish a new connection: Name not known')': /simple/tiny/
    ERROR: Could not find a version that satisfies the requirement tiny (from versions: none)
    ERROR: No matching distribution found for tiny
    """
CONFLICT = """
    ERROR: Cannot install six==1.15.0 and six==1.16 because these package versions have conflicting dependencies.

    The conflict is caused by:
        The user requested six==1.16
        The user requested six==1.15.0

    To fix this you could try to:
    1. loosen the range of package versions you've specified

    ERROR: ResolutionImpossible: for help visit https://pip.example/dependency-resolution
    """
OWN_BUILD = """
      error: subprocess-exited-with-error
      \u00d7 Getting requirements to build wheel did not run successfully.
      │ exit code: 1
      ╰─> [3 lines of output]
          Traceback (most recent call last):
            File "<string>", line 2, in <module>
          RuntimeError: this package needs a compiler
          [end of output]

      note: This error originates from a subprocess, and is likely not a problem with pip.
    """
OF_UV = """
    Using Python 3.11.7 environment at: place
    error: Request failed after 3 retries in 11.1s
      cause: Failed to fetch: https://packages.example/simple/tiny/
      cause: client error (Connect)
      cause: failed to lookup address information: Name or service not known
    """
OF_EARLIER_UV = """
    Using Python 3.11.7 environment at: place
      \u00d7 No solution found when resolving dependencies:
      ╰─▶ Because tiny was not found in the package registry and you require
          tiny==2, it cannot be.
    """
FULL = """
    Installing collected packages: tiny
    ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device
    """


SAID = {
    NOT_FOUND: [
        "Could not find a version that satisfies the requirement tiny==2 (from versions: 1.0)",
        "No matching distribution found for tiny==2",
    ],
    NO_NETWORK: [
        "connection broken by 'ConnectionError('Failed to establish a new connection: Name not known')': /simple/tiny/",
        "Could not find a version that satisfies the requirement tiny (from versions: none)",
        "No matching distribution found for tiny",
    ],
    CONFLICT: [
        "Cannot install six==1.15.0 and six==1.16 because these package versions have conflicting dependencies",
        "The user requested six==1.16",
        "The user requested six==1.15.0",
    ],
    OWN_BUILD: [
        "Getting requirements to build wheel did not run successfully",
        "RuntimeError: this package needs a compiler",
    ],
    OF_UV: [
        "Request failed after 3 retries in 11.1s",
        "Failed to fetch: https://packages.example/simple/tiny/",
        "failed to lookup address information: Name or service not known",
    ],
    OF_EARLIER_UV: [
        "No solution found when resolving dependencies",
        "Because tiny was not found in the package registry and you require tiny==2, it cannot be",
    ],
    FULL: ["the disk is full (No space left on device)", "free some space and submit it again"],
    "something\n\nelse\n\n": ["else (exit code 3)"],
    "": ["it says nothing (exit code 3)"],
}


@pytest.mark.parametrize("log", SAID, ids=range(len(SAID)))
def test_the_reason_is_in_the_words_of_the_tool(tmp_path: Path, log: str) -> None:
    path = tmp_path / "log.txt"
    path.write_text(dedent(log), encoding="utf-8")

    assert reason(str(path), 3) == "; ".join(SAID[log])
