"""One archive of a workspace that is in use, which unpacked is a workspace of its own."""
