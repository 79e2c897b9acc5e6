"""How logged values are checked, and how they become what ``get_metrics`` returns."""
