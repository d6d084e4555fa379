"""Hydria: load balancing as a service. Layers, words and laws are in ARCHITECTURE.md."""

__version__ = "0.1.0"
