"""Housekeeping: chores that nobody waits for."""
