"""The worker's process: hears nudges, looks for work, keeps its claims alive, and works with a bounded number of threads."""

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from hydria.kit import log
from hydria.storage import claims, database
from hydria.worker.runner import Runner
from hydria.worker.tools import Tools

QUIET_S = 60.0
"""Between two lines that tell of a database that is away or damaged: it is asked again every second."""


class Inbox(Protocol):
    """Where nudges arrive."""

    def wait(self, seconds: float) -> str | None:
        """The id of a load balancer that wants work; None when nothing came in time."""
        ...

    def close(self) -> None:
        """Listen no more."""
        ...


class Service:
    """One worker. `run` returns after `stop`, when every run has ended."""

    def __init__(self, tools: Tools, inbox: Inbox, name: str) -> None:
        self._tools = tools
        self._inbox = inbox
        self._name = name
        self._seldom = log.Seldom(QUIET_S)
        self._runner = Runner(tools, name, self._seldom)
        self._queue: queue.SimpleQueue[claims.Due | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._ended = threading.Event()  # nothing is held any more
        self._lock = threading.Lock()
        self._busy: dict[str, bool] = {}  # load balancers queued or worked on; True: nudged meanwhile
        self._beaten: dict[str, float] = {}  # load balancers held -> when the last beat was sent, monotonic
        self._seen: dict[str, tuple[int, int, float]] = {}  # held by others -> epoch, beat, first seen so

    def run(self) -> None:
        """Work until stopped."""
        helpers = [threading.Thread(target=t, name=t.__name__) for t in (self._listen, self._scan, self._beat)]
        workers = [threading.Thread(target=self._labour, name=f"run-{n}") for n in range(self._tools.settings.threads)]
        for thread in helpers + workers:
            thread.start()
        for thread in helpers[:2]:
            thread.join()
        self._inbox.close()
        for _ in workers:
            self._queue.put(None)
        for thread in workers:
            thread.join()
        self._ended.set()
        helpers[2].join()

    def stop(self) -> None:
        """Take no new work; what is under way is ended."""
        self._stop.set()

    def hear(self, load_balancer_id: str) -> None:
        """A nudge: offer the load balancer if it wants work, or have it looked at once more when its run has ended."""
        with self._lock:
            if load_balancer_id in self._busy:
                self._busy[load_balancer_id] = True
                return
        found = self._tools.database.read(lambda c: claims.wanting(c, load_balancer_id))
        if found is not None and found.owner in ("", self._name):
            self._offer(found)

    def _offer(self, due: claims.Due) -> None:
        with self._lock:
            if due.load_balancer_id in self._busy:
                return
            self._busy[due.load_balancer_id] = False
        self._queue.put(due)

    def _listen(self) -> None:
        while not self._stop.is_set():
            nudged = self._inbox.wait(0.5)
            if nudged is not None:
                self._safely(partial(self.hear, nudged))

    def _scan(self) -> None:
        while not self._stop.is_set():
            self._safely(self.search)
            self._stop.wait(self._tools.settings.look_every_s)

    def search(self) -> None:
        """Offer what nobody holds, what a run of ours was torn away from, and what its holder has let go stale."""
        clock = self._tools.clock
        found = self._tools.database.read(lambda c: claims.due(c, int(clock.now() * 1_000_000)))
        now = clock.monotonic()
        held = {}
        for due in found:
            if due.owner in ("", self._name):
                self._offer(due)
                continue
            epoch, beat, since = self._seen.get(due.load_balancer_id, (due.epoch, due.beat, now))
            if (epoch, beat) != (due.epoch, due.beat):
                since = now
            elif now - since >= claims.STALE_S:
                log.get().warning("worker.takeover", load_balancer=due.load_balancer_id, owner=due.owner)
                self._offer(due)
            held[due.load_balancer_id] = (due.epoch, due.beat, since)
        self._seen = held

    def _beat(self) -> None:
        while not self._ended.wait(claims.BEAT_S):
            self._safely(self.beat)

    def beat(self) -> None:
        """Show life for all that is held."""
        now = self._tools.clock.monotonic()
        with self._lock:
            held = list(self._beaten)
        if not held:
            return
        self._tools.database.write(lambda c: claims.beat(c, self._name, held))
        with self._lock:
            self._beaten.update(dict.fromkeys(self._beaten.keys() & set(held), now))

    def _sure(self, load_balancer_id: str) -> Callable[[int], Callable[[], bool]]:
        def claimed(_: int) -> Callable[[], bool]:
            with self._lock:
                self._beaten[load_balancer_id] = self._tools.clock.monotonic()
            return lambda: self._tools.clock.monotonic() - self._beaten[load_balancer_id] < claims.UNSURE_S

        return claimed

    def _labour(self) -> None:
        while self.take():
            pass

    def take(self) -> bool:
        """Work on the next load balancer that was offered; False when no more will come."""
        due = self._queue.get()
        if due is None:
            return False
        again = False
        try:
            if not self._stop.is_set():
                again = self._runner.work(due, self._sure(due.load_balancer_id))
        except Exception:  # noqa: BLE001  this loop must not die: the scan offers the load balancer again
            log.get().exception("worker.defect", load_balancer=due.load_balancer_id)
        with self._lock:
            again = self._busy.pop(due.load_balancer_id, False) or again
            self._beaten.pop(due.load_balancer_id, None)
        if again and not self._stop.is_set():
            self._safely(partial(self.hear, due.load_balancer_id))
        return True

    def _safely(self, work: Callable[[], None]) -> None:
        """Do what is done again by itself; the scan finds what was missed."""
        try:
            work()
        except database.Unavailable as away:
            self._seldom.warning("worker.database_away", self._tools.clock.monotonic(), error=str(away))
        except Exception:  # noqa: BLE001  without its loops a worker would hold claims and do nothing
            log.get().exception("worker.defect")
