"""The chore that forgets old lines of the journal."""

from functools import partial

from hydria.kit.clock import Clock
from hydria.storage import journal
from hydria.storage.database import Database

DAY_US = 86_400_000_000
WRITES_DAYS = 90
RUNS_DAYS = 7


class Journal:
    """Writes are kept for 90 days, runs for 7; taken away in small bites, so that nobody waits."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def look(self) -> int:
        """One look; how many lines were removed."""
        now, removed = int(self._clock.now() * 1e6), 0
        for entry, days in (("write", WRITES_DAYS), ("run", RUNS_DAYS)):
            before = now - days * DAY_US
            while bite := self._database.write(partial(journal.trim, entry=entry, before=before)):
                removed += bite
        return removed
