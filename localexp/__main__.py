"""``python -m localexp`` is the command ``localexp``."""

from __future__ import annotations

from localexp.cli import main

if __name__ == "__main__":
    main()
