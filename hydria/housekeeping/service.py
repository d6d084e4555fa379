"""The housekeeping process: chores in turn, for as long as it is not stopped."""

import threading
from collections.abc import Callable, Sequence

from hydria.kit import log
from hydria.storage import database


class Service:
    """Does every chore, waits, and starts over."""

    def __init__(self, chores: Sequence[Callable[[], object]], every_s: float) -> None:
        self._chores = chores
        self._every_s = every_s
        self._stop = threading.Event()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stop.wait(self._every_s):
            for chore in self._chores:
                try:
                    chore()
                except database.Unavailable as away:
                    log.get().warning("housekeeping.database_away", error=str(away))
                    break  # the others need it as well
                except Exception:  # noqa: BLE001  one chore's trouble must not stop the others, nor its own next turn
                    log.get().exception("housekeeping.failed")

    def stop(self) -> None:
        """End after the chore under way."""
        self._stop.set()
