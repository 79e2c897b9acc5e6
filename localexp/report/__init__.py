"""Pages that need nothing but themselves, from plain data."""
