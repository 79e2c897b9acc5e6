"""The command ``localexp``."""
