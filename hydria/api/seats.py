"""The threads that answer requests: how many are busy, and how many of them may wait for something."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Seats:
    """The threads of one process."""

    def __init__(self, threads: int = 16) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._busy = 0
        self._waiting = threading.Semaphore(threads // 2)

    def take(self) -> None:
        """A request is being answered."""
        with self._lock:
            self._busy += 1

    def leave(self) -> None:
        """It has been answered."""
        with self._lock:
            self._busy -= 1

    @property
    def busy(self) -> int:
        """How many requests are being answered."""
        return self._busy

    def is_crowded(self) -> bool:
        """Whether more than half of the threads are busy."""
        return self._busy * 2 > self._threads

    @contextmanager
    def waiting(self) -> Iterator[bool]:
        """Whether one more request may wait: never more than half of the threads do."""
        allowed = self._waiting.acquire(blocking=False)
        try:
            yield allowed
        finally:
            if allowed:
                self._waiting.release()
