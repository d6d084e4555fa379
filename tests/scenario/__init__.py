"""Scenarios on a simulated cloud, with a clock turned by hand."""
