"""What processes say about runs: appended to files by those who say it, folded into the database by anyone."""
