"""Which files of a source directory count, their hashes, their bytes, and how they are had back."""
