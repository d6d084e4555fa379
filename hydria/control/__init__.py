"""Decisions, pure: what to do next for a tree, its placements and what the data plane refuses; no I/O, no clock."""
