"""Hydria: load balancing as a service. Layers, words and laws are in ARCHITECTURE.md."""
