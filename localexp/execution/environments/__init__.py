"""Virtual environments for runs: each is built once for its content, and shared."""
