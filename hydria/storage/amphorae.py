"""Amphorae and placements: written by the worker that holds their load balancer's claim."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from hydria.control.world import Placement
from hydria.domain.amphora import Amphora, AmphoraStatus, move
from hydria.storage import flat, plain, rows, tables
from hydria.storage.lists import Asked

A = tables.AMPHORA
P = tables.PLACEMENT


def add(c: Connection, amphora: Amphora) -> None:
    """Store a new amphora and its placement."""
    rows.add(c, A, amphora)
    plain.add(c, P, [{"amphora_id": amphora.id, "load_balancer_id": amphora.loadbalancer_id}])


def one(c: Connection, amphora_id: str) -> Amphora | None:
    """One amphora."""
    row = plain.find(c, A, id=amphora_id).first()
    return rows.to(Amphora, row) if row else None


def of(c: Connection, load_balancer_id: str) -> list[Amphora]:
    """The amphorae of a load balancer that are not gone, oldest first."""
    found = plain.find(c, A, ("created_at", "id"), loadbalancer_id=load_balancer_id)
    return [rows.to(Amphora, row) for row in found if row.status != AmphoraStatus.DELETED]


def every(c: Connection) -> list[Amphora]:
    """All amphorae that are not gone, oldest first."""
    query = select(A).where(A.c.status != AmphoraStatus.DELETED).order_by(A.c.created_at, A.c.id)
    return [rows.to(Amphora, row) for row in c.execute(query)]


def page(c: Connection, names: Sequence[str], asked: Asked) -> list[Amphora]:
    """One page of a list of what is not gone; `names` may be asked for, and the project of the load balancer."""
    root = tables.TREE["load_balancer"].c
    owned = {"project_id": lambda value: A.c.loadbalancer_id.in_(select(root.id).where(root.project_id == value))}
    what = flat.Flat(A, {n: A.c[n] for n in names}, "amphora", always=[A.c.status != AmphoraStatus.DELETED], more=owned)
    return [rows.to(Amphora, row) for row in flat.page(c, what, asked)]


def note(c: Connection, amphora_id: str, now: int, **learned: Any) -> None:
    """Record something learned of an amphora; a status only moves as its table allows."""
    if "status" in learned:
        before = AmphoraStatus(plain.find(c, A, id=amphora_id).one().status)
        learned["status"] = move(before, AmphoraStatus(learned["status"]))
    plain.change(c, A, {"id": amphora_id}, updated_at=now, **learned)


def renewed(c: Connection, amphora_id: str, expiration: int) -> None:
    """Record when the new certificate of an amphora ends (microseconds). Written by housekeeping, of an amphora in use."""
    plain.change(c, A, {"id": amphora_id}, cert_expiration=expiration)


def placements(c: Connection, load_balancer_id: str) -> dict[str, Placement]:
    """The placements of a load balancer, by amphora."""
    found = plain.find(c, P, load_balancer_id=load_balancer_id)
    return {row.amphora_id: Placement(**row._mapping) for row in found}  # noqa: SLF001


def placed(c: Connection, placement: Placement) -> None:
    """Record what was applied."""
    values = msgspec.structs.asdict(placement)
    mine = {name: values.pop(name) for name in ("amphora_id", "load_balancer_id")}
    plain.change(c, P, mine, **values)


def forget(c: Connection, amphora_id: str) -> None:
    """Remove an amphora that is gone, and what was suspected of it; its journal stays."""
    plain.remove(c, tables.SUSPICION, amphora_id=amphora_id)
    plain.remove(c, P, amphora_id=amphora_id)
    plain.remove(c, A, id=amphora_id)
