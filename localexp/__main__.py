"""The command ``localexp``, also as ``python -m localexp``."""

from __future__ import annotations


def main() -> None:
    """Run the command line; Ctrl-C while it is still being imported is one line too."""
    try:
        from localexp.cli.main import main as run

        run()
    except KeyboardInterrupt:
        # What there is to say it with may be half imported.
        import os

        os.write(2, b"\nInterrupted.\n")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
