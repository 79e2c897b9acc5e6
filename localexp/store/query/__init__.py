"""Runs found by what they are, have and came to: a small language, and how SQLite answers it.

A filter is read into a tree (`parser`), the tree becomes conditions with bound values (`conditions`), and a search
(`search`) asks the runs of a scope, in the order wanted, page by page.
"""
