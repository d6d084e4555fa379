"""What a write of the API leaves in the tables: the difference between two trees, and what becomes known of a VIP."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from hydria.domain import edits, kinds
from hydria.domain.edits import Edit, Stamp
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.part import Part
from hydria.storage import intents, ledger, plain, tables

ROOT = tables.TREE["load_balancer"]


def parent(c: Connection, kind: kinds.Kind, object_id: str) -> tuple[str, str] | None:
    """The load balancer and the project of an object, or None."""
    table = tables.TREE[kind.table]
    row = plain.find(c, table, id=object_id).first()
    return (row.load_balancer_id, row.project_id) if row else None


def apply(c: Connection, edit: Edit, touched: Mapping[kinds.Kind, set[str]], stamp: Stamp) -> None:
    """Write a difference; the load balancer's row is held by this transaction."""
    for kind in kinds.KINDS:
        intents.add(c, *(p for p in edit.added if kinds.of(p) is kind))
        gone = [p.id for p in edit.removed if kinds.of(p) is kind]
        if gone:
            intents.remove(c, stamp.generation, kind, tables.TREE[kind.table].c.id.in_(gone))
    intents.change_all(c, (_wanted(*pair) for pair in edit.changed), stamp.generation, stamp.now)
    for kind, object_ids in touched.items():
        intents.touch(c, stamp.generation, kind, object_ids)


def _wanted(before: Part, after: Part) -> tuple[Part, dict[str, Any]]:
    return before, {name: getattr(after, name) for name in edits.values(before, after)}


def vip(c: Connection, lb: LoadBalancer, name: str) -> bool:
    """Record the VIP a load balancer has got, and the port made for it; False when the load balancer is gone."""
    got = {n: getattr(lb, n) for n in ("vip_address", "vip_port_id", "vip_subnet_id", "vip_network_id")}
    done = plain.change(c, ROOT, {"id": lb.id}, **got)
    if done and lb.vip_port_id:
        ledger.made(
            c, name, lb.vip_port_id, network_id=lb.vip_network_id, subnet_id=lb.vip_subnet_id, address=lb.vip_address
        )
    return bool(done)
