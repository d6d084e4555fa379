"""Nudges: sent after commit, so that work begins at once. A lost one costs seconds, never a change."""

from typing import Protocol


class Nudge(Protocol):
    """Tells workers that a load balancer wants work."""

    def nudge(self, load_balancer_id: str) -> None:
        """Never raises and never waits."""
        ...
