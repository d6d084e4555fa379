"""Lanes: threads that answer, in groups that do not wait for each other, each with a bounded queue."""

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hydria.api.server.turns import Turns

QUEUE = 32
"""Requests that may wait for each thread."""
READING = ("GET", "HEAD", "OPTIONS")
LOGINS = "/identity"
FEW = 2
"""Threads for logins, and for what is asked without a token."""


@dataclass(slots=True)
class Job:
    """What a thread is to do, for whom, and what is done instead where too much waits. Neither raises anything."""

    peer: str
    do: Callable[[], None]
    refuse: Callable[[], None]


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
    """Threads and their queue, in which peers take turns: who asks much waits for himself."""

    def __init__(self, name: str, slots: Slots) -> None:
        self._slots = slots
        self._lock = threading.Lock()
        self._turns: Turns[Job] = Turns()
        self._bells: queue.SimpleQueue[None] = queue.SimpleQueue()
        """One for each job, at least."""
        self._most = QUEUE * slots.threads
        for number in range(slots.threads):
            # What is bound to the log here is bound there.
            run = contextvars.copy_context().run
            threading.Thread(target=run, args=(self._work,), name=f"{name}-{number}", daemon=True).start()

    def put(self, job: Job) -> None:
        """Let a thread do it. Where too much waits, the last job of whoever has most of them is refused, at once."""
        with self._lock:
            self._turns.add(job.peer, job)
            surplus = self._turns.surplus() if len(self._turns) > self._most else None
        self._bells.put(None)
        if surplus:
            surplus.refuse()

    def _work(self) -> None:
        while True:
            self._bells.get()
            with self._lock:
                job = self._turns.next()
            if job:
                with self._slots.taken():
                    job.do()


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
