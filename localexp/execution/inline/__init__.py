"""Run a script in this process, as if it had one of its own, and put everything back."""
