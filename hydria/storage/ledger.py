"""The ledger of things made in a cloud. A row is committed before the call that makes the thing; doomed is for good."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, case, delete, update

from hydria.control.world import External, ExternalState, Purpose
from hydria.storage import plain, tables

X = tables.EXTERNAL
MADE = (
    update(X)
    .where(X.c.name == bindparam("known"))
    .values(state=case((X.c.state == ExternalState.PLANNED, ExternalState.MADE), else_=X.c.state))
)


def _to(row: Any) -> External:
    values = dict(row._mapping)  # noqa: SLF001
    values["purpose"], values["state"] = Purpose(values["purpose"]), ExternalState(values["state"])
    return External(**values)


def plan(c: Connection, *things: External) -> None:
    """Record what is about to be asked for."""
    plain.add(c, X, [msgspec.structs.asdict(t) for t in things])


def one(c: Connection, name: str) -> External | None:
    """The row of a name."""
    row = plain.find(c, X, name=name).first()
    return _to(row) if row else None


def of(c: Connection, load_balancer_id: str) -> list[External]:
    """All rows of a load balancer, oldest first."""
    return [_to(row) for row in plain.find(c, X, ("created_at", "name"), load_balancer_id=load_balancer_id)]


def every(c: Connection) -> list[External]:
    """All rows, for housekeeping."""
    return [_to(row) for row in plain.find(c, X)]


def made(c: Connection, name: str, cloud_id: str, **learned: Any) -> None:
    """Record that the thing exists, and what was learned of it; a doomed name stays doomed."""
    c.execute(MADE, {"known": name, "cloud_id": cloud_id, **learned})


def note(c: Connection, name: str, **learned: Any) -> None:
    """Record something learned of a thing."""
    plain.change(c, X, {"name": name}, **learned)


def doom(c: Connection, names: Iterable[str], now: int) -> None:
    """Mark things for destruction, for good."""
    live = X.c.name.in_(list(names)) & (X.c.state != ExternalState.DOOMED)
    c.execute(update(X).where(live).values(state=ExternalState.DOOMED, doomed_at=now))


def give_up(c: Connection, name: str, now: int) -> None:
    """Doom a name under which nothing was found; a thing that was made meanwhile is left alone."""
    planned = {"name": name, "state": ExternalState.PLANNED}
    plain.change(c, X, planned, state=ExternalState.DOOMED, doomed_at=now)


def forget(c: Connection, names: Iterable[str]) -> None:
    """Remove rows of doomed things that are known to be gone."""
    c.execute(delete(X).where(X.c.name.in_(list(names)), X.c.state == ExternalState.DOOMED))
