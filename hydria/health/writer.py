"""Writes what is heard: edges at once, full turns and statistics together, only what changed."""

import threading
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

import msgspec

from hydria.domain import operating
from hydria.domain.operating import Outline
from hydria.health import tallies, views
from hydria.health.heard import Event, Report, Seen
from hydria.health.settings import HealthSettings
from hydria.health.views import View
from hydria.kit import ids
from hydria.kit.clock import Clock
from hydria.storage import database, observed, outlines
from hydria.storage.database import Database
from hydria.storage.observed import Fresh, Statistics
from hydria.storage.roster import Expected
from hydria.wire.datagrams import ListenerCounts

Counted = tuple[bytes, bytes]
"""(listener, amphora)"""

BITE = 100
"""Trees and listeners written in one transaction."""

T = TypeVar("T")
K = TypeVar("K")


class Tally(msgspec.Struct, frozen=True):
    """Newer counters of a listener, to be added to what is written."""

    load_balancer_id: bytes
    start: str
    counts: ListenerCounts


class Batch(msgspec.Struct):
    """What waits to be written. The newest of each counts, so it is bounded by what exists."""

    fresh: dict[bytes, Fresh] = {}
    trees: set[bytes] = set()
    tallies: dict[Counted, Tally] = {}

    def merged(self, newer: "Batch") -> "Batch":
        """Both, the newer first."""
        return Batch(self.fresh | newer.fresh, self.trees | newer.trees, self.tallies | newer.tallies)


class Written(msgspec.Struct):
    """The statuses that stand in the database, and when we knew them to."""

    at: float
    statuses: dict[str, str]


class Changes(msgspec.Struct):
    """What one transaction writes. `trees`: every status of the trees looked at, to be remembered once written."""

    trees: dict[bytes, dict[str, str]] = {}
    statuses: dict[str, tuple[str, str]] = {}
    gone: list[str] = []
    fresh: tuple[Fresh, ...] = ()
    tallies: dict[tuple[str, str], Tally] = {}


class Writer:
    """`take` is called by the receiver and never waits for a database; `flush` by the writer's thread."""

    def __init__(self, intent: Database, seen: Database, clock: Clock, settings: HealthSettings) -> None:
        self._intent, self._observed, self._clock, self._settings = intent, seen, clock, settings
        self._turn = threading.Lock()
        self._waiting = Batch()  # until the next turn
        self._due = Batch()  # to be written now, bite by bite
        self._edges: set[bytes] = set()
        self.wake = threading.Event()
        self._views: dict[bytes, dict[bytes, View]] = {}
        self._known: dict[Counted, tallies.Known] = {}
        self._outlines: dict[bytes, Outline] = {}
        self._written: dict[bytes, Written] = {}

    def take(self, events: Iterable[Event]) -> None:
        """Keep what is to be written."""
        edge = False
        with self._turn:
            for event in events:
                if isinstance(event, Seen):
                    self._waiting.fresh[event.amphora_id] = _fresh(event)
                    edge = edge or event.news
                else:
                    edge = self._report(event) or edge
        if edge:
            self.wake.set()

    def _report(self, report: Report) -> bool:
        """Whether somebody is waiting for it."""
        state, amphora = report.state, report.amphora_id
        lb = state.load_balancer_id
        seen = self._views.setdefault(lb, {})
        first = amphora not in seen
        changed = seen.setdefault(amphora, View()).take(state) or first
        if changed:
            self._waiting.trees.add(lb)
        for counts in state.listeners:
            key = counts.listener_id, amphora
            known = self._known.get(key)
            if known is None:
                self._known[key] = tallies.Known(state.start, counts)
            elif not known.is_news(state.start, counts):
                continue
            self._waiting.tallies[key] = Tally(lb, state.start, counts)
        if changed and (state.edge or first):
            self._edges.add(lb)
            return True
        return False

    def late(self, rows: Iterable[Fresh]) -> None:
        """Somebody is late: written at once."""
        with self._turn:
            for row in rows:
                self._waiting.fresh[ids.raw(row.amphora_id)] = row
        self.wake.set()

    def expect(self, roster: Mapping[bytes, Expected]) -> None:
        """Take the whole roster: forget who is gone, look again at trees that were written."""
        owners = {p.load_balancer_id: p.tree_generation for e in roster.values() for p in e.placements}
        with self._turn:
            for lb in self._views.keys() - owners.keys():
                del self._views[lb]
            for seen in self._views.values():
                # not `seen.keys() - roster.keys()`: that goes through the whole roster each time
                for amphora in [a for a in seen if a not in roster]:
                    del seen[amphora]
            for key in [k for k in self._known if k[1] not in roster]:
                del self._known[key]
            aged = [lb for lb in self._views if lb in self._outlines and self._outlines[lb].generation < owners[lb]]
            self._edges.update(aged)
            self._waiting.trees.update(aged)
            absent = self._outlines.keys() - owners.keys()
        for lb in absent:
            self._outlines.pop(lb, None)
            self._written.pop(lb, None)
        if aged:
            self.wake.set()

    def turn(self) -> None:
        """Let everything that waits be written by the next flushes."""
        with self._turn:
            self._due, self._waiting = self._due.merged(self._waiting), Batch()
            self._due.trees.update(self._doubted())

    def flush(self) -> bool:
        """Write what somebody is waiting for and a bite of what is due; whether more is due.

        Raises Unavailable: then everything is kept for the next time.
        """
        batch, more = self._bite()
        if not (batch.fresh or batch.trees or batch.tallies):
            return more
        try:
            self._outline(batch)
            changes = self._changes(batch)
            if changes.statuses or changes.gone or changes.fresh or changes.tallies:
                self._observed.write(lambda c: _write(c, changes, int(self._clock.now() * 1e6)))
        except database.Unavailable:
            with self._turn:
                self._due = batch.merged(self._due)
            raise
        for lb, statuses in changes.trees.items():
            self._written[lb].statuses = statuses
        return more

    def _bite(self) -> tuple[Batch, bool]:
        """What is urgent, and so much of what is due that the next edge does not wait long."""
        with self._turn:
            edges, self._edges = self._edges, set()
            fresh, self._waiting.fresh = self._waiting.fresh, {}
            self._waiting.trees -= edges
            due = self._due
            due.trees -= edges
            batch = Batch(due.fresh | fresh, edges)
            due.fresh = {}
            batch.trees.update(due.trees.pop() for _ in range(min(BITE, len(due.trees))))
            batch.tallies.update(due.tallies.popitem() for _ in range(min(BITE, len(due.tallies))))
            return batch, bool(due.trees or due.tallies)

    def _doubted(self) -> Iterable[bytes]:
        """Trees whose rows were not read for a while, some at a time: other receivers write the same rows."""
        since = self._clock.monotonic() - self._settings.trust_written
        return islice((lb for lb, written in self._written.items() if written.at < since), observed.MOST)

    def _outline(self, batch: Batch) -> None:
        """Read the trees that were written since we read them, or that we never read."""
        blank = {t.load_balancer_id for t in batch.tallies.values()} - self._outlines.keys()
        for some in _bites(sorted(batch.trees | blank), outlines.MOST):
            current = self._intent.read(_apply(outlines.generations, some))
            for lb in [lb for lb in some if lb not in current]:
                self._outlines.pop(lb, None)
            aged = [lb for lb, generation in current.items() if self._generation(lb) != generation]
            if aged:
                self._outlines |= self._intent.read(_apply(outlines.read, aged))

    def _generation(self, lb: bytes) -> int:
        outline = self._outlines.get(lb)
        return outline.generation if outline else -1

    def _changes(self, batch: Batch) -> Changes:
        changes = Changes(fresh=tuple(batch.fresh.values()))
        trees = [self._outlines[lb] for lb in batch.trees if lb in self._outlines]
        self._read_written(trees)
        for outline in trees:
            self._compare(outline, changes)
        for (listener, amphora), tally in batch.tallies.items():
            outline_ = self._outlines.get(tally.load_balancer_id)
            if outline_ and any(li.id == listener for li in outline_.listeners):
                changes.tallies[ids.text(listener), ids.text(amphora)] = tally
            else:  # made this moment, or not of this load balancer: its next counters are looked at anew
                with self._turn:
                    self._known.pop((listener, amphora), None)
        return changes

    def _read_written(self, trees: Iterable[Outline]) -> None:
        now = self._clock.monotonic()
        unsure = {}
        for outline in trees:
            written = self._written.get(outline.load_balancer_id)
            if written is None or now - written.at > self._settings.trust_written:
                unsure[ids.text(outline.load_balancer_id)] = outline.load_balancer_id
        if unsure:
            found = self._observed.read(_apply(observed.statuses, list(unsure)))
            self._written |= {lb: Written(now, found[text]) for text, lb in unsure.items()}

    def _compare(self, outline: Outline, changes: Changes) -> None:
        with self._turn:
            seen = list(self._views.get(outline.load_balancer_id, {}).values())
            servers, takes = views.joined(seen)
        if not seen:
            return
        written = self._written[outline.load_balancer_id].statuses
        owner = ids.text(outline.load_balancer_id)
        now = {ids.text(k): s.value for k, s in operating.statuses(outline, servers, takes).items()}
        changes.statuses |= {k: (owner, status) for k, status in now.items() if written.get(k) != status}
        changes.gone += written.keys() - now.keys()
        changes.trees[outline.load_balancer_id] = now


def _write(c: database.Connection, changes: Changes, now: int) -> None:
    observed.set_statuses(c, changes.statuses, changes.gone, now)
    observed.set_fresh(c, changes.fresh)
    before = observed.statistics(c, changes.tallies)
    observed.set_statistics(c, [_added(before, key, tally) for key, tally in changes.tallies.items()])


def _added(before: Mapping[tuple[str, str], Statistics], key: tuple[str, str], tally: Tally) -> Statistics:
    listener, amphora = key
    blank = Statistics(
        listener_id=listener, amphora_id=amphora, load_balancer_id=ids.text(tally.load_balancer_id), start=tally.start
    )
    return tallies.add(before.get(key, blank), tally.start, tally.counts)


def _fresh(seen: Seen) -> Fresh:
    owner = seen.load_balancer_id
    return Fresh(
        amphora_id=ids.text(seen.amphora_id),
        load_balancer_id=ids.text(owner) if owner else None,
        late=False,
        seen_at=int(seen.wall * 1e6),
        boot_id=ids.text(seen.boot_id),
    )


def _apply(read: Callable[[database.Connection, Any], T], argument: Any) -> Callable[[database.Connection], T]:
    return lambda c: read(c, argument)


def _bites(things: list[K], most: int) -> Iterable[list[K]]:
    return (things[first : first + most] for first in range(0, len(things), most))
