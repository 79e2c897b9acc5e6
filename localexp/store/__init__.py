"""What is remembered: where files lie, the database, and the SQL of each noun."""
