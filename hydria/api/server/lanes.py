"""Lanes: threads that answer, in groups that do not wait for each other, each with a bounded queue."""

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUEUE = 32
"""Requests that may wait for each thread."""
READING = ("GET", "HEAD", "OPTIONS")
LOGINS = "/identity"
FEW = 2
"""Threads for logins, and for what is asked without a token."""

Job = Callable[[], None]


class Slots:
    """The threads of a lane: how many are busy, and how many of them may wait for something."""

    def __init__(self, threads: int = 8) -> None:
        self.threads = threads
        self._lock = threading.Lock()
        self._busy = 0
        self._waiting = threading.Semaphore(threads // 2)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """A request is being answered."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    @property
    def busy(self) -> int:
        """How many requests are being answered."""
        return self._busy

    def is_crowded(self) -> bool:
        """Whether more than half of the threads are busy."""
        return self._busy * 2 > self.threads

    @contextmanager
    def waiting(self) -> Iterator[bool]:
        """Whether one more request may wait: never more than half of the threads do."""
        allowed = self._waiting.acquire(blocking=False)
        try:
            yield allowed
        finally:
            if allowed:
                self._waiting.release()


class Lane:
    """Threads and their queue."""

    def __init__(self, name: str, slots: Slots) -> None:
        self._slots = slots
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._most = QUEUE * slots.threads
        for number in range(slots.threads):
            # What is bound to the log here is bound there.
            run = contextvars.copy_context().run
            threading.Thread(target=run, args=(self._work,), name=f"{name}-{number}", daemon=True).start()

    def put(self, job: Job) -> bool:
        """Let a thread do it; False: too much waits already. A job raises nothing."""
        if self._jobs.qsize() >= self._most:
            return False
        self._jobs.put(job)
        return True

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            with self._slots.taken():
                job()


class Lanes:
    """Reads, writes, logins, and what is asked without a token: none of them waits for another.

    Writes may wait for a lock of the database, logins cost much time by intent, and strangers may ask for much that is open.
    """

    def __init__(self, threads: int, writing: Slots | None = None, *, needs_token: bool = True) -> None:
        writing = writing or Slots(shared(threads))
        self._needs_token = needs_token
        self._reading = Lane("read", Slots(max(2, threads - writing.threads)))
        self._writing = Lane("write", writing)
        self._logins = Lane("login", Slots(FEW))
        self._open = Lane("open", Slots(FEW))

    def lane(self, method: str, path: str, *, has_token: bool) -> Lane:
        """Where a request is answered."""
        if path.startswith(LOGINS) and method not in READING:
            return self._logins
        if self._needs_token and not has_token:
            return self._open
        return self._reading if method in READING else self._writing


def shared(threads: int) -> int:
    """How many of all threads write."""
    return max(2, threads // 2)
