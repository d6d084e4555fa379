"""Everything known of one load balancer, read in one snapshot with a fixed number of statements."""

from typing import Any

from sqlalchemy import Connection, delete, select

from hydria.control.world import Suspicion, World
from hydria.domain import kinds, tree
from hydria.domain.part import Part
from hydria.domain.tree import FIELD, Tree
from hydria.domain.verdict import Verdict
from hydria.storage import amphorae, demands, ledger, quotas, rows, tables

V, S, P = tables.VERDICT, tables.SUSPICION, tables.PROGRESS
MOST = 500
"""Ids in a statement."""


def desired(c: Connection, lb_id: str, *, deleted: bool = False) -> Tree:
    """The tree as users want it; what is being deleted only when asked for."""
    fields: dict[str, Any] = {}
    for kind in kinds.KINDS:
        table = tables.TREE[kind.table]
        found: list[Part] = rows.where(c, kind, table.c.load_balancer_id == lb_id, deleted=deleted)
        field = FIELD[kind.resource]
        fields[field] = next(iter(found), None) if kind is kinds.LOADBALANCER else {p.id: p for p in found}
    return Tree(**fields)


def verdicts(c: Connection, lb_id: str) -> dict[str, Verdict]:
    """The verdicts on objects of a load balancer, by object."""
    known = Verdict.__struct_fields__
    found = c.execute(select(V).where(V.c.load_balancer_id == lb_id))
    return {row.object_id: Verdict(**{k: v for k, v in row._mapping.items() if k in known}) for row in found}  # noqa: SLF001


def suspicions(c: Connection, lb_id: str) -> tuple[Suspicion, ...]:
    """What the health manager finds odd about a load balancer."""
    found = c.execute(select(S).where(S.c.load_balancer_id == lb_id).order_by(S.c.id))
    return tuple(Suspicion(**row._mapping) for row in found)  # noqa: SLF001


def accepted(c: Connection, lb_id: str) -> tuple[Tree, int, int]:
    """The accepted tree, its generation and the renderer's revision; the empty tree at first."""
    row = c.execute(select(tables.ACCEPTED).where(tables.ACCEPTED.c.load_balancer_id == lb_id)).first()
    return (tree.load(row.tree), row.generation, row.revision) if row else (Tree(), 0, 0)


def read(c: Connection, lb_id: str) -> World | None:
    """The world of a load balancer; None when there is no such thing."""
    settled = c.execute(select(P.c.settled).where(P.c.load_balancer_id == lb_id)).scalar()
    lb = rows.one(c, kinds.LOADBALANCER, lb_id)
    if lb is None or settled is None:
        return None
    runs, generation, revision = accepted(c, lb_id)
    return World(
        desired=desired(c, lb_id),
        deleted=bool(lb.deleted),
        generation=lb.generation,  # type: ignore[attr-defined]
        settled=settled,
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


def bury(c: Connection, lb_id: str, settled: int) -> None:
    """Remove demands that are settled, and objects whose deletion is; give quota back. Part of the settling transaction."""
    demands.settle(c, lb_id, settled)
    counts: dict[str, int] = {}
    project = c.execute(
        select(tables.TREE["load_balancer"].c.project_id).where(tables.TREE["load_balancer"].c.id == lb_id)
    ).scalar()
    for kind in reversed(kinds.KINDS):
        t = tables.TREE[kind.table].c
        # Looked up before, deleted by id: a database that locks what it looks at would wait here for a user's write,
        # which holds the load balancer and waits for the progress row that we hold.
        done = (t.load_balancer_id == lb_id) & (t.deleted > 0) & (t.deleted <= settled)
        gone = c.execute(select(t.id).where(done)).scalars().all()
        for first in range(0, len(gone), MOST):
            c.execute(delete(tables.TREE[kind.table]).where(t.id.in_(gone[first : first + MOST])))
        if gone:
            counts[kind.table] = len(gone)
    quotas.free(c, str(project), counts)
    if "load_balancer" in counts:
        for table in (P, tables.ACCEPTED, V, S, tables.EXTERNAL):
            c.execute(delete(table).where(table.c.load_balancer_id == lb_id))
