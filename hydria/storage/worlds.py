"""Everything known of one load balancer, read in one snapshot with a fixed number of statements."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, literal, select, union_all

from hydria.control.world import Suspicion, World
from hydria.domain import kinds, tree
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.part import Part
from hydria.domain.tree import FIELD, Tree
from hydria.domain.verdict import Verdict
from hydria.storage import amphorae, demands, ledger, plain, progress, quotas, rows, tables

V, S, P = tables.VERDICT, tables.SUSPICION, tables.PROGRESS
MOST = 500
"""Ids in a statement."""


def _buried(kind: kinds.Kind) -> Select[Any]:
    t = tables.TREE[kind.table].c
    settled = (t.deleted > 0) & (t.deleted <= bindparam("settled"))
    what = literal(kind.table, literal_execute=True).label("kind")
    return select(what, t.id, t.project_id).where(t.load_balancer_id == bindparam("lb"), settled)


BURIED = union_all(*map(_buried, kinds.KINDS))
"""Objects whose deletion is settled."""


def desired(c: Connection, lb_id: str, *, deleted: bool = False) -> Tree:
    """The tree as users want it; what is being deleted only when asked for."""
    root = rows.one(c, kinds.LOADBALANCER, lb_id, deleted=deleted)
    return beneath(c, lb_id, root if isinstance(root, LoadBalancer) else None, deleted=deleted)


def beneath(c: Connection, lb_id: str, root: LoadBalancer | None, *, deleted: bool = False) -> Tree:
    """The same, where the load balancer itself is known."""
    fields: dict[str, Any] = {}
    for kind in kinds.CHILDREN:
        found: list[Part] = rows.where(c, kind, load_balancer_id=lb_id, deleted=deleted)
        fields[FIELD[kind.resource]] = {p.id: p for p in found}
    return Tree(loadbalancer=root, **fields)


def verdicts(c: Connection, lb_id: str) -> dict[str, Verdict]:
    """The verdicts on objects of a load balancer, by object."""
    known = Verdict.__struct_fields__
    found = plain.find(c, V, load_balancer_id=lb_id)
    return {row.object_id: Verdict(**{k: v for k, v in row._mapping.items() if k in known}) for row in found}  # noqa: SLF001


def suspicions(c: Connection, lb_id: str) -> tuple[Suspicion, ...]:
    """What the health manager finds odd about a load balancer."""
    found = plain.find(c, S, ("id",), load_balancer_id=lb_id)
    return tuple(Suspicion(**row._mapping) for row in found)  # noqa: SLF001


def accepted(c: Connection, lb_id: str) -> tuple[Tree, int, int]:
    """The accepted tree, its generation and the renderer's revision; the empty tree at first."""
    row = plain.find(c, tables.ACCEPTED, load_balancer_id=lb_id).first()
    return (tree.load(row.tree), row.generation, row.revision) if row else (Tree(), 0, 0)


def read(c: Connection, lb_id: str, known: World | None = None) -> World | None:
    """The world of a load balancer; None when there is no such thing. What is `known` of it spares reading the same again."""
    stands = progress.standing(c, lb_id)
    lb = rows.one(c, kinds.LOADBALANCER, lb_id)
    if not isinstance(lb, LoadBalancer) or stands is None:
        return None
    runs, generation, revision = accepted(c, lb_id)
    return World(
        desired=_desired(c, lb, known),
        deleted=bool(lb.deleted),
        generation=lb.generation,
        settled=stands.settled,
        accepted=runs,
        accepted_generation=generation,
        accepted_revision=revision,
        verdicts=verdicts(c, lb_id),
        amphorae=tuple(amphorae.of(c, lb_id)),
        placements=amphorae.placements(c, lb_id),
        externals=tuple(ledger.of(c, lb_id)),
        suspicions=suspicions(c, lb_id),
        demands=demands.of(c, lb_id),
    )


def _desired(c: Connection, lb: LoadBalancer, known: World | None) -> Tree:
    """The tree as it is wanted. Whatever is beneath a load balancer is written together with a new generation."""
    root = None if lb.deleted else lb
    if known is None or known.generation != lb.generation:
        return beneath(c, lb.id, root)
    return msgspec.structs.replace(known.desired, loadbalancer=root)


def bury(c: Connection, lb_id: str, settled: int) -> None:
    """Remove demands that are settled, and objects whose deletion is; give quota back. Part of the settling transaction."""
    demands.settle(c, lb_id, settled)
    # Looked up before, deleted by id: a database that locks what it looks at would wait here for a user's write,
    # which holds the load balancer and waits for the progress row that we hold.
    found = c.execute(BURIED, {"lb": lb_id, "settled": settled}).all()
    gone = {kind.table: [row.id for row in found if row.kind == kind.table] for kind in reversed(kinds.KINDS)}
    for name, object_ids in gone.items():
        table = tables.TREE[name]
        for first in range(0, len(object_ids), MOST):
            c.execute(delete(table).where(table.c.id.in_(object_ids[first : first + MOST])))
    if not found:
        return
    quotas.free(c, found[0].project_id, {name: len(object_ids) for name, object_ids in gone.items() if object_ids})
    if gone["load_balancer"]:
        for table in (P, tables.ACCEPTED, V, S, tables.EXTERNAL):
            plain.remove(c, table, load_balancer_id=lb_id)
