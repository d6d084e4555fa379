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
LOGIN_THREADS = 2

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
    """Reads, logins and writes: writes that wait for a lock, and logins that cost time, hold up no read."""

    def __init__(self, threads: int, writing: Slots | None = None) -> None:
        writing = writing or Slots(shared(threads))
        self._reading = Lane("read", Slots(max(2, threads - writing.threads - LOGIN_THREADS)))
        self._logins = Lane("login", Slots(LOGIN_THREADS))
        self._writing = Lane("write", writing)

    def lane(self, method: str, path: str) -> Lane:
        """Where a request is answered."""
        if method in READING:
            return self._reading
        return self._logins if path.startswith(LOGINS) else self._writing


def shared(threads: int) -> int:
    """How many of all threads write."""
    return max(2, threads // 2)
