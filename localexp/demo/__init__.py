"""The demo project that ``localexp demo`` copies and submits, as package data."""
