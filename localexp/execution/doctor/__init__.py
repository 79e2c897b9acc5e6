"""What is wrong with a workspace, in words, and what can safely be done about it."""
