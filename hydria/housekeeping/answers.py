"""The chore that forgets answers kept for repeated requests."""

from functools import partial

from hydria.kit.clock import Clock
from hydria.storage import answers
from hydria.storage.database import Database

KEPT_US = 86_400_000_000
"""A day."""


class Answers:
    """Answers are kept for a day; taken away in small bites, so that nobody waits."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def look(self) -> int:
        """One look; how many were removed."""
        before, removed = int(self._clock.now() * 1e6) - KEPT_US, 0
        while bite := self._database.write(partial(answers.trim, before=before)):
            removed += bite
        return removed
