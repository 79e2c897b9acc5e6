"""Runs that are executed where their store cannot be opened, as on another machine.

A run is exported to a folder, its place. That may be copied to wherever it can be executed, is executed there by the
same supervisor as any other run, copied back, and what it holds then is brought into the store.
"""
