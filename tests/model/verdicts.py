"""Model of verdicts: an API that writes, a worker that runs, a data plane that refuses; decided by the real decisions.

Values are words. The data plane refuses "bad", and with its first image "odd" too.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from hydria.control import blame, effective
from hydria.domain import kinds, statuses
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.pool import Pool
from hydria.domain.statuses import Provisioning
from hydria.domain.tree import Tree
from hydria.domain.types import Algorithm, ListenerProtocol, PoolProtocol
from hydria.domain.verdict import Verdict


class Row(NamedTuple):
    """A pool, or a listener (it refers to a pool)."""

    id: str
    born: int
    changed: int
    value: str
    pool: str | None = None


class Mark(NamedTuple):
    """What is kept of a verdict."""

    id: str
    changed: int
    held: bool
    because: str | None
    bare: bool
    image: int


Rows = tuple[Row, ...]
Marks = tuple[Mark, ...]


class Run(NamedTuple):
    generation: int
    image: int
    rows: Rows  # as read, later as applied
    marks: Marks = ()
    is_applied: bool = False


class State(NamedTuple):
    generation: int
    desired: Rows
    accepted: Rows  # recorded when a run settles
    runs: Rows  # what the data plane runs: it may be ahead of what is recorded
    marks: Marks
    settled: int
    image: int
    rolled: int  # the image of the last run that settled
    run: Run | None


FIRST: Rows = (Row("l", 1, 1, "good", "p"), Row("p", 1, 1, "good"))


@dataclass(frozen=True)
class Verdicts:
    """The rules, each of which may be taken away to see that it is needed."""

    writes: int = 4
    verdict_is_about_a_write: bool = True  # not about an object for ever
    verdict_is_about_an_image: bool = True
    settles_what_it_read: bool = True
    proves: bool = True
    what_waits_is_told: bool = True  # also when it was written after what it waits for was refused

    def start(self) -> State:
        return State(1, FIRST, FIRST, FIRST, (), settled=1, image=1, rolled=1, run=None)

    def is_goal(self, s: State) -> bool:
        return s.settled == s.generation and s.rolled == s.image and s.run is None

    def fault(self, s: State) -> str | None:
        if any(_is_refused(r.value, s.image) for r in s.runs):
            return "what is refused runs"
        ids = {r.id for r in s.runs} | {None}
        if any(r.pool not in ids for r in s.runs):
            return "what runs refers to what does not"
        return self._shown(s) if self.is_goal(s) else None

    def _shown(self, s: State) -> str | None:
        """What users see when all is settled."""
        running = {r.id: r for r in s.runs}
        is_faultless = not any(_is_refused(r.value, s.image) for r in s.desired)
        for row in s.desired:
            status = _status(row, s)
            as_wanted = row.id in running and running[row.id][3:] == row[3:]
            if status is Provisioning.ACTIVE and not as_wanted:
                return f"{row.id} is shown as ACTIVE and is not what runs"
            if status is not Provisioning.ACTIVE and (is_faultless or status is not Provisioning.ERROR):
                return f"{row.id} is shown as {status} and nothing is wrong"
        gone = running.keys() - {r.id for r in s.desired}
        return "what is deleted still runs" if gone and is_faultless else None

    def moves(self, s: State) -> Iterator[tuple[str, State]]:
        if s.generation <= self.writes:
            yield from self._requests(s)
        if s.image == 1:
            yield "a new image", s._replace(image=2)
        if s.run is None:
            if s.settled < s.generation or s.rolled < s.image:
                yield "a run reads", s._replace(run=Run(s.generation, s.image, s.desired))
            return
        yield "the worker dies", s._replace(run=None)
        if s.run.is_applied:
            settled = s.run.generation if self.settles_what_it_read else s.generation
            done = s._replace(accepted=s.run.rows, marks=s.run.marks, run=None)
            yield "it settles", done._replace(settled=settled, rolled=s.run.image)
        else:
            rows, marks = self._decide(s, s.run)
            yield "it applies", s._replace(runs=rows, run=s.run._replace(rows=rows, marks=marks, is_applied=True))

    def _requests(self, s: State) -> Iterator[tuple[str, State]]:
        running, pools = {r.id: r for r in s.accepted}, {r.id for r in s.desired} | {None}
        for row in s.desired:
            for value in ("good", "bad", "odd") if row.id != "l" else ("good", "bad"):
                if value != row.value:
                    yield f"{row.id} = {value}", _write(s, row._replace(value=value))
            before = running.get(row.id, row)
            if before != row and before.pool in pools:
                yield f"{row.id} is restored", _write(s, row._replace(value=before.value, pool=before.pool))
        listener = next(r for r in s.desired if r.id == "l")
        if not any(r.id == "q" for r in s.desired):
            yield "q is created", _write(s, Row("q", s.generation + 1, 0, "odd"))
        elif listener.pool != "q":
            yield "l is turned to q", _write(s, listener._replace(pool="q"))
            yield "q is deleted", _write(s, None, "q")
        else:
            yield "l is turned to p", _write(s, listener._replace(pool="p"))

    def _decide(self, s: State, run: Run) -> tuple[Rows, Marks]:
        if not self.proves:
            return run.rows, ()
        now = {r.id: r.changed for r in s.accepted} | {r.id: r.changed for r in run.rows}
        marks = s.marks
        if not self.verdict_is_about_a_write:
            marks = tuple(m._replace(changed=now.get(m.id, m.changed)) for m in marks)
        if not self.verdict_is_about_an_image:
            marks = tuple(m._replace(image=run.image) for m in marks)
        return _decided(run.rows, s.accepted, marks, run.image, completes=self.what_waits_is_told)


def _is_refused(value: str, image: int) -> bool:
    return value == "bad" or (value == "odd" and image == 1)


def _status(row: Row, s: State) -> Provisioning:
    about = next((m.changed for m in s.marks if m.id == row.id), None)
    return statuses.provisioning(_part(row), s.settled, refused_at=about, overdue=False)


def _write(s: State, row: Row | None, gone: str = "") -> State:
    g = s.generation + 1
    rest = tuple(r for r in s.desired if r.id not in (gone, row and row.id))
    new = (row._replace(changed=g),) if row else ()
    return s._replace(generation=g, desired=tuple(sorted(rest + new)))


# --- between the model's words and the real ones


@functools.cache
def _part(row: Row) -> Listener | Pool:
    common: dict[str, Any] = {"project_id": "", "load_balancer_id": "lb", "created_at": 0, "touched": row.changed}
    common |= {"id": row.id, "born": row.born, "changed": row.changed, "name": row.value}
    if row.id == "l":
        return Listener(protocol=ListenerProtocol.TCP, protocol_port=80, default_pool_id=row.pool, **common)
    return Pool(protocol=PoolProtocol.TCP, lb_algorithm=Algorithm.ROUND_ROBIN, **common)


@functools.cache
def _tree(rows: Rows) -> Tree:
    root = LoadBalancer(
        id="lb", project_id="", load_balancer_id="lb", created_at=0, born=1, changed=1, touched=1, generation=1
    )
    return Tree().plus(root, *(_part(r) for r in rows))


def _rows(tree: Tree) -> Rows:
    pools = [Row(p.id, p.born, p.changed, p.name) for p in tree.pools.values()]
    listeners = [Row(li.id, li.born, li.changed, li.name, li.default_pool_id) for li in tree.listeners.values()]
    return tuple(sorted(pools + listeners))


@functools.cache
def _decided(desired: Rows, accepted: Rows, marks: Marks, image: int, *, completes: bool) -> tuple[Rows, Marks]:
    """What a run applies, and the verdicts it gives."""
    want, have = _tree(desired), _tree(accepted)
    before = {m.id: _verdict(m, want) for m in marks}
    still = blame.standing(before, have, want, 0, str(image))
    outcome = effective.effective(want, have, still)
    verdicts = tuple(blame.complete(still, have, want).values()) if completes else tuple(still.values())
    if _refusal(outcome, image):
        deciding = blame.blame(have, want, known=still, image=str(image))
        words = None
        try:
            while True:
                words = _refusal(deciding.send(words), image)
        except StopIteration as end:
            outcome, verdicts = end.value.tree, end.value.verdicts
    return _rows(outcome), tuple(
        Mark(v.object_id, v.changed, v.held, v.because, v.bare, int(v.image)) for v in verdicts
    )


def _verdict(m: Mark, tree: Tree) -> Verdict:
    part = tree.find(m.id)
    kind = kinds.of(part).table if part else "pool"
    return Verdict(
        object_id=m.id,
        kind=kind,
        load_balancer_id="lb",
        changed=m.changed,
        held=m.held,
        because=m.because,
        image=str(m.image),
        bare=m.bare,
    )


def _refusal(tree: Tree, image: int) -> str | None:
    return next((f"{row.value!r} is refused" for row in _rows(tree) if _is_refused(row.value, image)), None)
