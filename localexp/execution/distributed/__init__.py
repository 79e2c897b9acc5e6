"""The processes of a distributed script, on this machine: who starts them, and what becomes of them."""
