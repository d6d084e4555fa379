"""Benchmarks: one command each, JSON out. They measure; nothing here passes or fails."""
