"""What is true of a load balancer whatever was written at once: nothing dangles, everything is counted, the journal tells it all."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import func, select

from hydria.control import effective
from hydria.control.world import World
from hydria.domain import kinds, rules
from hydria.domain.part import Part
from hydria.domain.tree import Tree
from hydria.storage import shown, tables, worlds
from hydria.storage.database import Connection, Database
from tests.system.house import LB, House

Event = dict[str, Any]
Values = dict[str, Any]
REFERENCES = ("load_balancer_id", "pool_id", "listener_id", "l7policy_id", "default_pool_id", "redirect_pool_id")
UNTOLD = frozenset(
    {"id", "project_id", "created_at", "updated_at", "vip_address", "vip_port_id", "vip_subnet_id", "vip_network_id"}
)
"""What the journal need not tell: it is known otherwise, or the network's answer."""


class Truth:
    """What the tables of a deployment say."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._database: Database
        self._database, observed = house.deployment.parts.databases()
        observed.close()

    def close(self) -> None:
        self._database.close()

    def world(self, lb_id: str) -> World:
        """The world of a load balancer that exists."""
        found = self._database.read(lambda c: worlds.read(c, lb_id))
        assert found
        return found

    def forgotten(self, lb_id: str) -> list[Part]:
        """What was deleted and settled, and is still there."""
        left = self._database.read(lambda c: worlds.desired(c, lb_id, deleted=True))
        return [p for p in left.parts() if p.deleted]

    def miscounted(self) -> dict[str, tuple[int, int]]:
        """Kinds whose counters and rows differ at this moment, over all projects: what is counted, what is there."""
        found = self._database.read(_counts)
        return {kind: both for kind, both in found.items() if both[0] != both[1]}

    def used(self) -> dict[str, int]:
        """How many of each kind are counted."""
        return {kind: counted for kind, (counted, _) in self._database.read(_counts).items()}

    def events(self, lb_id: str) -> list[Event]:
        """The journal as its owner reads it, page by page, oldest first."""
        found: list[Event] = []
        path = f"{LB}/{lb_id}/events?limit=200"
        while path:
            page = self._house.api.call("GET", path)
            found += page["events"]
            links = [urlsplit(link["href"]) for link in page["events_links"]]
            path = f"{links[0].path}?{links[0].query}" if links else ""
        return found[::-1]

    def is_whole(self, lb_id: str) -> None:
        """Assert all that must hold of a load balancer that is settled."""
        world = self.world(lb_id)
        assert list(dangling(world.desired)) == []
        assert (world.settled, dict(world.verdicts)) == (world.generation, {})
        assert effective.changes(world.desired, world.accepted) == {}
        assert self.forgotten(lb_id) == []
        assert self.miscounted() == {}
        events = self.events(lb_id)
        assert list(disorder(events)) == []
        assert replayed(events) == {p.id: told(p) for p in world.desired.parts()}


def _counts(c: Connection) -> dict[str, tuple[int, int]]:
    sums = (func.coalesce(func.sum(tables.QUOTA.c[f"used_{k}"]), 0) for k in tables.QUOTA_KINDS)
    counted = [int(n) for n in c.execute(select(*sums)).one()]
    there = [c.execute(select(func.count()).select_from(tables.TREE[k])).scalar_one() for k in tables.QUOTA_KINDS]
    return {k: (a, b) for k, a, b in zip(tables.QUOTA_KINDS, counted, there, strict=True)}


def dangling(tree: Tree) -> Iterator[str]:
    """What does not fit together in a tree."""
    ids = {p.id for p in tree.parts()} | {None}
    yield from (
        f"{p.id} refers to {x}" for p in tree.parts() for f in REFERENCES if (x := getattr(p, f, None)) not in ids
    )
    for li in tree.listeners.values():
        places = [p.position for p in tree.policies_of(li.id)]
        if places != list(range(1, len(places) + 1)):
            yield f"policies of {li.id} are at {places}"
        pool = tree.pools.get(li.default_pool_id or "")
        if pool and pool.protocol not in rules.CARRIES[li.protocol]:
            yield f"{li.id} cannot use {pool.id}"
    yield from (f"{key} is there {n} times" for key, n in Counter(_keys(tree)).items() if n > 1)


def _keys(tree: Tree) -> Iterator[tuple[Any, ...]]:
    """What only one object may have."""
    yield from (("port", rules.transport(li.protocol), li.protocol_port) for li in tree.listeners.values())
    yield from (("member", m.pool_id, m.address, m.protocol_port) for m in tree.members.values())
    yield from (("monitor", h.pool_id) for h in tree.healthmonitors.values())


def disorder(events: list[Event]) -> Iterator[str]:
    """What is out of order in a journal, oldest first: numbers, generations, runs before what they settled."""
    for one, other in itertools.pairwise(events):
        if one["number"] >= other["number"]:
            yield f"{one['number']} before {other['number']}"
    writes, runs = ([e for e in events if e["entry"] == entry] for entry in ("write", "run"))
    for entries in (writes, runs):
        generations = [e["generation"] for e in entries]
        if generations != sorted(generations):
            yield f"generations {generations}"
    by_request = {(e["request_id"], e["generation"]) for e in writes}
    if len(by_request) != len({g for _, g in by_request}) or len(by_request) != len({r for r, _ in by_request}):
        yield "a generation is not that of one request"
    newest = {e["generation"]: e["number"] for e in writes}
    yield from (f"run {r['number']} before its write" for r in runs if newest.get(r["generation"], 0) > r["number"])


def replayed(events: list[Event]) -> dict[str, Values]:
    """The objects that the writes of a journal lead to; asserts that each change begins where the one before it ended."""
    objects: dict[str, Values] = {}
    for event in events:
        if event["entry"] != "write":
            continue
        if event["action"] == "delete":
            del objects[event["id"]]
            continue
        if event["action"] == "create":
            assert event["id"] not in objects
            objects[event["id"]] = {}
        known = objects[event["id"]]
        for name, (before, after) in event["changes"].items():
            assert known.get(name) == (before if _is_said(before) else None), (event, known)
            known[name] = after
        objects[event["id"]] = {n: v for n, v in known.items() if n not in UNTOLD and _is_said(v)}
    return objects


def told(part: Part) -> Values:
    """An object as a journal tells of it."""
    plain = {n: msgspec.to_builtins(getattr(part, n), enc_hook=str) for n in shown.names(kinds.of(part))}
    return {n: v for n, v in plain.items() if n not in UNTOLD and _is_said(v)}


def _is_said(value: Any) -> bool:
    return value not in (None, "", [], {})
