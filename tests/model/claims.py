"""Model of claims: two workers, one load balancer, one placement, and an API that goes on writing.

A worker that is paused is one whose turn does not come while time passes; whatever it has sent may land at any later
time, or never. Time moves in ticks of 3 s; a moment is a whole tick.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

IDLE, OWNS, READ, ARMED, SENT, PROVED = "idle", "owns", "read", "armed", "sent", "proved"
LATEST = 2  # ticks from which on it makes no difference


class Worker(NamedTuple):
    epoch: int = 0
    at: str = IDLE
    tree: int = 0  # generation of the tree it read
    age: int = 0  # ticks since its last beat
    watched: int = -1  # ticks since it first saw the claim of another as it still is; -1: it does not watch
    seen: int = 0  # the epoch it takes for granted, where it does not look again


class State(NamedTuple):
    generation: int
    epoch: int  # of the progress row
    is_held: bool
    settled: int
    placement: tuple[int, int]  # highest (epoch, generation); it runs that generation
    air: frozenset[tuple[int, int]]  # documents under way
    workers: tuple[Worker, ...]
    faults: int  # crashes and takings from the living that may still happen


@dataclass(frozen=True)
class Claims:
    """The rules, each of which may be taken away to see that it is needed."""

    generations: int = 3
    faults: int = 2
    settles_with_epoch: bool = True
    placement_refuses_lower: bool = True
    takes_what_it_saw: bool = True  # UPDATE … WHERE epoch = seen AND beat = seen
    patience: int = 2  # ticks a claim must be seen unchanged
    youth: int = 1  # a beat older than this starts no effect
    reads_after_claim: bool = True

    def start(self) -> State:
        workers = (Worker(), Worker())
        return State(1, 0, False, 0, (0, 0), frozenset(), workers, self.faults)  # noqa: FBT003

    def is_goal(self, s: State) -> bool:
        return s.settled == s.generation == s.placement[1] == self.generations

    def fault(self, s: State) -> str | None:
        if s.settled > s.placement[1]:
            return "what is settled does not run"
        return None

    def moves(self, s: State) -> Iterator[tuple[str, State]]:
        for name, then in self._all(s):
            assert then.settled >= s.settled, f"settled goes back ({name})"
            assert then.placement >= s.placement, f"the placement goes back ({name})"
            yield name, self._reduced(then)

    def _reduced(self, s: State) -> State:
        """The same for all that can follow: one worker is as good as the other, and what is late for everybody is gone."""
        awaited = {(w.epoch, w.tree) for w in s.workers if w.at == SENT}
        air = frozenset(d for d in s.air if d in awaited or d > s.placement or not self.placement_refuses_lower)
        return s._replace(workers=tuple(sorted(s.workers)), air=air)

    def _all(self, s: State) -> Iterator[tuple[str, State]]:
        if s.generation < self.generations:
            yield "the API writes", s._replace(generation=s.generation + 1)
        if (later := self._tick(s)) != s:
            yield "3 s pass", later
        for document in s.air:
            yield from self._land(s, document)
        for i, worker in enumerate(s.workers):
            steps = self._idle(s, i, worker) if worker.at == IDLE else self._busy(s, i, worker)
            yield from ((f"worker {i} {name}", then) for name, then in steps)

    def _tick(self, s: State) -> State:
        def older(w: Worker) -> Worker:
            return w._replace(
                age=min(w.age + 1, LATEST) if w.at != IDLE else 0,
                watched=min(w.watched + 1, LATEST) if w.watched >= 0 else -1,
            )

        return s._replace(workers=tuple(older(w) for w in s.workers))

    def _land(self, s: State, document: tuple[int, int]) -> Iterator[tuple[str, State]]:
        """A document arrives; its sender, if it still waits, may hear of it or not."""
        is_taken = document >= s.placement or not self.placement_refuses_lower
        then = s._replace(air=s.air - {document}, placement=document if is_taken else s.placement)
        yield f"{document} lands, no answer", then
        for i, w in enumerate(s.workers):
            if w.at == SENT and (w.epoch, w.tree) == document:
                heard = Worker() if not is_taken else w._replace(at=PROVED)  # refused: the claim is lost
                yield f"{document} lands", _put(then, i, heard)

    def _idle(self, s: State, i: int, w: Worker) -> Iterator[tuple[str, State]]:
        if s.settled >= s.generation:
            return
        if not self.reads_after_claim and not w.tree:
            yield "reads ahead", _put(s, i, w._replace(tree=s.generation))
            return
        if not s.is_held:
            yield "claims", self._claimed(s, i, s.faults)
        elif w.watched < 0:
            yield "watches", _put(s, i, w._replace(watched=0, seen=0 if self.takes_what_it_saw else s.epoch))
        elif w.watched >= self.patience:
            lives = any(other.epoch == s.epoch for other in s.workers)
            if s.faults or not lives:
                yield "takes over", self._claimed(s, i, s.faults - lives)

    def _claimed(self, s: State, i: int, faults: int) -> State:
        before = s.workers[i]
        epoch = 1 + (before.seen or s.epoch)
        worker = Worker(epoch, OWNS) if self.reads_after_claim else Worker(epoch, READ, before.tree)
        return self._beaten(_put(s, i, worker)._replace(epoch=epoch, is_held=True, faults=faults))

    def _beaten(self, s: State) -> State:
        """The row has changed: whoever watches it starts anew."""
        if not self.takes_what_it_saw:
            return s
        return s._replace(workers=tuple(w._replace(watched=-1) for w in s.workers))

    def _busy(self, s: State, i: int, w: Worker) -> Iterator[tuple[str, State]]:
        is_mine = w.epoch == s.epoch
        if s.faults:
            yield "crashes", _put(s, i, Worker())._replace(faults=s.faults - 1)
        if not is_mine:
            yield "sees that its claim is lost", _put(s, i, Worker())
        elif w.age:
            yield "beats", self._beaten(_put(s, i, w._replace(age=0)))
        yield from self._work(s, i, w, is_mine=is_mine)

    def _work(self, s: State, i: int, w: Worker, *, is_mine: bool) -> Iterator[tuple[str, State]]:
        if w.at == OWNS and s.settled >= s.generation and is_mine:
            yield "lets go", self._beaten(_put(s, i, Worker())._replace(is_held=False))
        elif w.at == OWNS:
            yield "reads the tree", _put(s, i, w._replace(at=READ, tree=s.generation))
        elif w.at == READ and w.age <= self.youth:
            assert is_mine, "a worker whose claim was taken starts an effect"
            yield "starts to send", _put(s, i, w._replace(at=ARMED))
        elif w.at == ARMED:  # it may have been paused since it looked at the clock
            yield "sends", _put(s, i, w._replace(at=SENT))._replace(air=s.air | {(w.epoch, w.tree)})
        elif w.at == SENT:
            yield "waits no longer", _put(s, i, w._replace(at=READ))
        elif w.at == PROVED and (is_mine or not self.settles_with_epoch):
            yield "settles", _put(s, i, w._replace(at=OWNS, tree=0))._replace(settled=w.tree)


def _put(s: State, i: int, worker: Worker) -> State:
    return s._replace(workers=tuple(worker if j == i else w for j, w in enumerate(s.workers)))
