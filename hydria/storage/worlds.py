"""Everything known of one load balancer, read in one snapshot with a fixed number of statements."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, select

from hydria.control.world import Suspicion, World
from hydria.domain import kinds, tree
from hydria.domain.part import Part
from hydria.domain.tree import FIELD, Tree
from hydria.domain.verdict import Verdict
from hydria.storage import amphorae, demands, ledger, plain, progress, quotas, rows, tables

V, S, P = tables.VERDICT, tables.SUSPICION, tables.PROGRESS
MOST = 500
"""Ids in a statement."""


@cache
def _buried(table: Table) -> Select[Any]:
    t = table.c
    settled = (t.deleted > 0) & (t.deleted <= bindparam("settled"))
    return select(t.id, t.project_id).where(t.load_balancer_id == bindparam("lb"), settled)


def desired(c: Connection, lb_id: str, *, deleted: bool = False) -> Tree:
    """The tree as users want it; what is being deleted only when asked for."""
    fields: dict[str, Any] = {}
    for kind in kinds.KINDS:
        found: list[Part] = rows.where(c, kind, load_balancer_id=lb_id, deleted=deleted)
        field = FIELD[kind.resource]
        fields[field] = next(iter(found), None) if kind is kinds.LOADBALANCER else {p.id: p for p in found}
    return Tree(**fields)


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


def read(c: Connection, lb_id: str) -> World | None:
    """The world of a load balancer; None when there is no such thing."""
    stands = progress.standing(c, lb_id)
    lb = rows.one(c, kinds.LOADBALANCER, lb_id)
    if lb is None or stands is None:
        return None
    runs, generation, revision = accepted(c, lb_id)
    return World(
        desired=desired(c, lb_id),
        deleted=bool(lb.deleted),
        generation=lb.generation,  # type: ignore[attr-defined]
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


def bury(c: Connection, lb_id: str, settled: int) -> None:
    """Remove demands that are settled, and objects whose deletion is; give quota back. Part of the settling transaction."""
    demands.settle(c, lb_id, settled)
    counts: dict[str, int] = {}
    project = ""
    for kind in reversed(kinds.KINDS):
        table = tables.TREE[kind.table]
        # Looked up before, deleted by id: a database that locks what it looks at would wait here for a user's write,
        # which holds the load balancer and waits for the progress row that we hold.
        found = c.execute(_buried(table), {"lb": lb_id, "settled": settled}).all()
        gone = [row.id for row in found]
        for first in range(0, len(gone), MOST):
            c.execute(delete(table).where(table.c.id.in_(gone[first : first + MOST])))
        if found:
            counts[kind.table] = len(gone)
            project = found[0].project_id
    quotas.free(c, project, counts)
    if "load_balancer" in counts:
        for table in (P, tables.ACCEPTED, V, S, tables.EXTERNAL):
            plain.remove(c, table, load_balancer_id=lb_id)
