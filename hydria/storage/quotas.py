"""Quotas: what a project may have and has. Always taken after the load balancer's row, so that two writers never wait for each other."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from hydria.domain.refusals import Forbidden
from hydria.storage import tables

QUOTA = tables.QUOTA


def take(c: Connection, project_id: str, wanted: Mapping[str, int], defaults: Mapping[str, int]) -> None:
    """Count objects (table name -> how many) of a project; raises Forbidden when a limit would be passed."""
    taken = {f"used_{k}": QUOTA.c[f"used_{k}"] + n for k, n in wanted.items()}
    if not c.execute(update(QUOTA).where(QUOTA.c.project_id == project_id).values(**taken)).rowcount:
        c.execute(insert(QUOTA).values(project_id=project_id, **{f"used_{k}": n for k, n in wanted.items()}))
    row = c.execute(select(QUOTA).where(QUOTA.c.project_id == project_id)).one()._mapping  # noqa: SLF001
    for k in wanted:
        limit = row[f"limit_{k}"]
        most = defaults.get(k, -1) if limit is None else limit
        if 0 <= most < row[f"used_{k}"]:
            message = f"Quota has been met for resources: {k}"
            raise Forbidden(message)


def free(c: Connection, project_id: str, counts: Mapping[str, int]) -> None:
    """Give back what a settled deletion has freed."""
    if counts:
        freed = {f"used_{k}": QUOTA.c[f"used_{k}"] - n for k, n in counts.items()}
        c.execute(update(QUOTA).where(QUOTA.c.project_id == project_id).values(**freed))


def limits(c: Connection, project_id: str) -> dict[str, int | None]:
    """The limits of a project by table name; None where the default holds."""
    row = c.execute(select(QUOTA).where(QUOTA.c.project_id == project_id)).first()
    return _limits(row)


def every(c: Connection) -> dict[str, dict[str, int | None]]:
    """The limits of every project that has some of its own."""
    found = {row.project_id: _limits(row) for row in c.execute(select(QUOTA).order_by(QUOTA.c.project_id))}
    return {p: own for p, own in found.items() if any(v is not None for v in own.values())}


def limit(c: Connection, project_id: str, wanted: Mapping[str, int | None]) -> None:
    """Set limits of a project; None gives the default back."""
    values = {f"limit_{k}": n for k, n in wanted.items()}
    if values and not c.execute(update(QUOTA).where(QUOTA.c.project_id == project_id).values(**values)).rowcount:
        c.execute(insert(QUOTA).values(project_id=project_id, **values))


def _limits(row: Any) -> dict[str, int | None]:
    return {k: getattr(row, f"limit_{k}") if row else None for k in tables.QUOTA_KINDS}
