"""Processes: how a submitted script is started, watched and ended, and who answers for a run."""
