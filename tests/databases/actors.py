"""Processes that use one database at the same time: python -m tests.databases.actors URL ROLE LOAD_BALANCER SEED TIMES.

Each says on its last line, as JSON, what it did.
"""

import json
import random
import sys
from collections.abc import Callable
from typing import Any

from hydria.domain import kinds
from hydria.domain.refusals import Forbidden
from hydria.kit import ids
from hydria.storage import claims, intents, journal, quotas, rows, tables, worlds
from hydria.storage.database import Connection, Database
from tests.unit.storage import making

MEMBER = tables.TREE["member"]


def entry(lb_id: str, generation: int, seed: str) -> journal.Entry:
    """Who wrote which generation."""
    return journal.Entry(
        at=making.NOW,
        load_balancer_id=lb_id,
        project_id=making.PROJECT,
        generation=generation,
        entry="write",
        action="update",
        kind="load_balancer",
        object_id=lb_id,
        who=seed,
    )


def write(db: Database, lb_id: str, seed: str, times: int) -> Any:
    """Users who write anything anywhere in one tree; the generations that were accepted."""
    chance = random.Random(seed)

    def work(c: Connection) -> int:
        locked = intents.lock(c, lb_id, 0)
        _anything(c, chance, locked)
        journal.add(c, entry(lb_id, locked.generation, seed))
        return locked.generation

    return [db.write(work) for _ in range(times)]


def _anything(c: Connection, chance: random.Random, locked: intents.Locked) -> None:
    lb, generation = locked.load_balancer, locked.generation
    tree = worlds.desired(c, lb.id)
    pools, members = sorted(tree.pools), sorted(tree.members)
    what = chance.choice(["pool", "member", "member", "change", "remove", "remove pool"])
    if what == "pool" or not pools:
        intents.add(c, making.part(kinds.POOL, lb, generation))
    elif what == "member" or not members:
        intents.add(c, making.part(kinds.MEMBER, lb, generation, pool_id=chance.choice(pools)))
    elif what == "change":
        intents.change(c, tree.members[chance.choice(members)], generation, making.NOW, {"weight": generation % 256})
    elif what == "remove":
        intents.remove(c, generation, kinds.MEMBER, MEMBER.c.id == chance.choice(members))
    else:
        pool = chance.choice(pools)
        intents.remove(c, generation, kinds.MEMBER, MEMBER.c.pool_id == pool)
        intents.remove(c, generation, kinds.POOL, tables.TREE["pool"].c.id == pool)


def stamp(db: Database, lb_id: str, seed: str, times: int) -> Any:
    """A user who gives every member the number of the write, one after another."""

    def work(c: Connection) -> int:
        locked = intents.lock(c, lb_id, 0)
        for member in rows.where(c, kinds.MEMBER, load_balancer_id=lb_id):
            intents.change(c, member, locked.generation, making.NOW, {"weight": locked.generation % 256})
        return locked.generation

    return [db.write(work) for _ in range(times)]


def look(db: Database, lb_id: str, seed: str, times: int) -> Any:
    """A worker who reads the world again and again: generation, and the numbers its members carry."""
    seen = []
    for _ in range(times):
        world = db.read(lambda c: worlds.read(c, lb_id))
        assert world
        seen.append((world.generation, sorted({(m.weight, m.changed) for m in world.desired.members.values()})))
    return seen


def settle(db: Database, lb_id: str, seed: str, times: int) -> Any:
    """A worker who holds the claim and settles what it finds, burying what was deleted."""
    due = db.read(lambda c: claims.seen(c, lb_id))
    assert due
    epoch = db.write(lambda c: claims.claim(c, due, seed))
    assert epoch
    settled = []

    def work(c: Connection, generation: int) -> None:
        claims.hold(c, lb_id, epoch)
        claims.settle(c, lb_id, generation)
        worlds.bury(c, lb_id, generation)

    for _ in range(times):
        world = db.read(lambda c: worlds.read(c, lb_id))
        assert world
        db.write(lambda c, g=world.generation: work(c, g))  # type: ignore[misc]
        settled.append(world.generation)
    return settled


def claim(db: Database, lb_id: str, seed: str, times: int) -> Any:
    """A worker who claims what it sees, as if every holder were silent; the epochs it won."""
    won = []
    for _ in range(times):
        due = db.read(lambda c: claims.seen(c, lb_id))
        assert due
        won.append(db.write(lambda c, d=due: claims.claim(c, d, seed)))  # type: ignore[misc]
    return [epoch for epoch in won if epoch]


def take(db: Database, lb_id: str, seed: str, times: int) -> Any:
    """A user who creates until the quota, given instead of the load balancer, is met; how many there are then."""
    made = 0

    def work(c: Connection) -> None:
        intents.create_root(c, making.load_balancer())
        quotas.take(c, making.PROJECT, {"load_balancer": 1}, {"load_balancer": int(lb_id)})

    for _ in range(times):
        try:
            db.write(work)
            made += 1
        except Forbidden:
            continue
    return made


def append(db: Database, lb_id: str, seed: str, times: int) -> Any:
    """Somebody who counts by reading, adding one and writing, with the row held."""

    def work(c: Connection) -> int:
        locked = intents.lock(c, lb_id, 0)
        name = str(int(locked.load_balancer.name or 0) + 1)
        intents.change(c, locked.load_balancer, locked.generation, making.NOW, {"name": name})
        return int(name)

    return [db.write(work) for _ in range(times)]


ROLES: dict[str, Callable[[Database, str, str, int], Any]] = {
    role.__name__: role for role in (write, stamp, look, settle, claim, take, append)
}


def main(url: str, role: str, lb_id: str, seed: str, times: str) -> None:
    """Play a role."""
    db = Database(url, tables.INTENT, durable=False)
    db.read(lambda c: rows.one(c, kinds.LOADBALANCER, ids.NIL))
    print("ready", flush=True)
    sys.stdin.readline()  # until all are ready
    print(json.dumps(ROLES[role](db, lb_id, seed, int(times))))
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
