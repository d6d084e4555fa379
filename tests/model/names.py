"""Model of things in a cloud that knows no fencing: two workers under one claim, housekeeping, calls that land late.

One load balancer needs one thing. A call in flight may land at any later time, or never; a paused worker is one whose
turn does not come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

FREE, PLANNED, MADE, DOOMED, FORGOTTEN = "free", "planned", "made", "doomed", "forgotten"
IDLE, OWNS, ARMED, WAITS, ANSWERED, UNSURE, LISTED = "idle", "owns", "armed", "waits", "answered", "unsure", "listed"


class Worker(NamedTuple):
    at: str = IDLE
    name: int = -1
    is_there: bool = False  # what the list said


class State(NamedTuple):
    ledger: tuple[str, ...]  # by name
    cloud: tuple[int, ...]  # how many things have the name
    posted: tuple[int, ...]  # how often it was asked for
    posts: frozenset[int]  # calls under way
    deletes: frozenset[int]
    owner: int | None  # whose epoch it is
    workers: tuple[Worker, ...]
    chore: tuple[int, str]  # the name housekeeping saw in the cloud and what it takes it for; (-1, "") while it rests
    faults: int  # what may still go wrong


@dataclass(frozen=True)
class Names:
    """The rules, each of which may be taken away to see that it is needed."""

    names: int = 3
    faults: int = 2
    fresh_name: bool = True  # on an unknown outcome, instead of asking again
    records_first: bool = True  # the name is committed before it is asked for
    dooms_first: bool = True  # before anything is deleted
    doomed_is_final: bool = True
    commits_with_epoch: bool = True
    lists_before_ledger: bool = True  # housekeeping: what is listed is looked up, not the other way round

    def start(self) -> State:
        n = self.names
        return State(
            (FREE,) * n, (0,) * n, (0,) * n, frozenset(), frozenset(), None, (Worker(), Worker()), (-1, ""), self.faults
        )

    def is_goal(self, s: State) -> bool:
        """One thing in use and nothing else in the cloud."""
        is_known = all(count == (state == MADE) for count, state in zip(s.cloud, s.ledger, strict=True))
        return is_known and s.ledger.count(MADE) == 1 and PLANNED not in s.ledger

    def fault(self, s: State) -> str | None:
        if max(s.posted) > 1:
            return "a name was asked for twice"
        if s.ledger.count(MADE) > 1:
            return "two things are in use"
        if any(state == MADE and not count for count, state in zip(s.cloud, s.ledger, strict=True)):
            return "what is in use is not there"
        return None

    def moves(self, s: State) -> Iterator[tuple[str, State]]:
        for name, then in self._all(s):
            first, second = then.workers
            if second < first:  # one worker is as good as the other
                owner = None if then.owner is None else 1 - then.owner
                yield name, then._replace(workers=(second, first), owner=owner)
            else:
                yield name, then

    def _all(self, s: State) -> Iterator[tuple[str, State]]:
        for name in s.posts:
            yield from self._post_lands(s, name)
        for name in s.deletes:
            yield f"deletion of {name} lands", self._deleted(s, name)
        for i, worker in enumerate(s.workers):
            yield from ((f"worker {i} {what}", then) for what, then in self._worker(s, i, worker))
        yield from self._housekeeping(s)
        if s.faults and MADE in s.ledger and s.owner is None:
            name = s.ledger.index(MADE)
            yield f"{name} is replaced", _note(s, name, DOOMED)._replace(faults=s.faults - 1)

    def _post_lands(self, s: State, name: int) -> Iterator[tuple[str, State]]:
        there = s._replace(posts=s.posts - {name}, cloud=_at(s.cloud, name, s.cloud[name] + 1))
        yield f"{name} is made, no answer", there
        awaited = Worker(WAITS, name) in s.workers
        if s.faults or not awaited:
            yield f"{name} is never made", s._replace(posts=s.posts - {name}, faults=s.faults - awaited)
        if awaited:
            yield f"{name} is made", _put(there, s.workers.index(Worker(WAITS, name)), Worker(ANSWERED, name))

    def _deleted(self, s: State, name: int) -> State:
        in_use = s.cloud[name] and s.ledger[name] in (PLANNED, MADE)
        assert not in_use, f"{name} is destroyed while it is {s.ledger[name]}"
        return s._replace(deletes=s.deletes - {name}, cloud=_at(s.cloud, name, 0))

    # --- workers

    def _worker(self, s: State, i: int, w: Worker) -> Iterator[tuple[str, State]]:
        if w.at == IDLE:
            if s.owner is None and MADE not in s.ledger:
                yield "claims", _put(s, i, Worker(OWNS))._replace(owner=i)
            elif s.owner == 1 - i and s.workers[1 - i].at == IDLE:
                yield "takes over from the dead", _put(s, i, Worker(OWNS))._replace(owner=i)
            elif s.owner == 1 - i and s.faults:
                yield "takes over", _put(s, i, Worker(OWNS))._replace(owner=i, faults=s.faults - 1)
            elif s.owner == i:
                yield "claims again", _put(s, i, Worker(OWNS))
            return
        if s.faults:
            yield "crashes", _put(s, i, Worker())._replace(faults=s.faults - 1)
        if s.owner != i:
            yield "sees that its claim is lost", _put(s, i, Worker())
        yield from self._calls(s, i, w)
        if s.owner == i or not self.commits_with_epoch:
            yield from self._commits(s, i, w)

    def _calls(self, s: State, i: int, w: Worker) -> Iterator[tuple[str, State]]:
        """What a worker does to the cloud; nothing there knows whether its claim still holds."""
        if w.at == ARMED:
            asked = s._replace(posts=s.posts | {w.name}, posted=_at(s.posted, w.name, s.posted[w.name] + 1))
            yield f"asks for {w.name}", _put(asked, i, Worker(WAITS, w.name))
        elif w.at == WAITS and (s.faults or w.name not in s.posts):
            slow = w.name in s.posts
            yield "waits no longer", _put(s, i, Worker(UNSURE, w.name))._replace(faults=s.faults - slow)
        elif w.at == UNSURE and not self.fresh_name:
            yield f"asks for {w.name} again", _put(s, i, Worker(ARMED, w.name))
        elif w.at == UNSURE:
            yield "lists", _put(s, i, Worker(LISTED, w.name, is_there=s.cloud[w.name] > 0))

    def _commits(self, s: State, i: int, w: Worker) -> Iterator[tuple[str, State]]:
        if w.at == OWNS:
            yield from self._plan(s, i)
        elif w.at in (ANSWERED, LISTED) and self.doomed_is_final and s.ledger[w.name] in (DOOMED, FORGOTTEN):
            yield f"finds {w.name} doomed", _put(s, i, Worker(OWNS))
        elif w.at == ANSWERED or (w.at == LISTED and w.is_there):
            yield f"notes {w.name} as made", _put(_note(s, w.name, MADE), i, Worker(OWNS))
        elif w.at == LISTED and self.dooms_first:
            yield f"dooms {w.name}", _put(_note(s, w.name, DOOMED), i, Worker(OWNS))
        elif w.at == LISTED:
            gone = s._replace(deletes=s.deletes | {w.name})
            yield f"deletes {w.name}", _put(gone, i, Worker(OWNS))

    def _plan(self, s: State, i: int) -> Iterator[tuple[str, State]]:
        """From what is: adopt or doom what was planned before, else plan anew."""
        if MADE in s.ledger:
            yield "lets go", _put(s, i, Worker())._replace(owner=None)
        elif PLANNED in s.ledger:
            yield "finds a plan", _put(s, i, Worker(UNSURE, s.ledger.index(PLANNED)))
        elif FREE in s.ledger:
            name = s.ledger.index(FREE)
            noted = _note(s, name, PLANNED) if self.records_first else s
            yield f"plans {name}", _put(noted, i, Worker(ARMED, name))

    # --- housekeeping

    def _housekeeping(self, s: State) -> Iterator[tuple[str, State]]:
        """Looks at one name at a time; sees it in a list of the cloud, then looks it up, then asks for its end."""
        name, taken_for = s.chore
        if name < 0:
            for n, count in enumerate(s.cloud):
                if count:
                    yield f"housekeeping sees {n}", s._replace(chore=(n, "seen"))
                elif not self.lists_before_ledger and s.ledger[n] == FREE:
                    yield f"housekeeping finds no {n} in the ledger", s._replace(chore=(n, FREE))
            for n, state in enumerate(s.ledger):
                if state == DOOMED and not s.cloud[n]:
                    yield f"{n} is forgotten", _note(s, n, FORGOTTEN)
        elif taken_for == "seen":
            yield f"housekeeping looks {name} up", s._replace(chore=(name, s.ledger[name]))
        elif taken_for in (DOOMED, FORGOTTEN, FREE):
            if s.cloud[name]:
                yield f"housekeeping deletes {name}", s._replace(chore=(-1, ""), deletes=s.deletes | {name})
            else:
                yield "housekeeping rests", s._replace(chore=(-1, ""))
        else:
            yield "housekeeping rests", s._replace(chore=(-1, ""))


def _at(values: tuple[int, ...], i: int, value: int) -> tuple[int, ...]:
    return (*values[:i], value, *values[i + 1 :])


def _note(s: State, name: int, state: str) -> State:
    return s._replace(ledger=(*s.ledger[:name], state, *s.ledger[name + 1 :]))


def _put(s: State, i: int, worker: Worker) -> State:
    return s._replace(workers=(*s.workers[:i], worker, *s.workers[i + 1 :]))
