"""One of those compared: where its API is, and whose CPU time is its own."""

from collections.abc import Mapping
from dataclasses import dataclass

API_PROCESSES = 2
API_THREADS = 16
"""How the API is served, on every side."""


@dataclass(frozen=True)
class Side:
    """A running deployment. `filler`: a provider that does no work, where one is needed to fill a table in time."""

    name: str
    url: str
    pids: Mapping[str, int]
    filler: str = ""
