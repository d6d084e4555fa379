"""Quotas: what a project may have and has. Always taken after the load balancer's row, so that two writers never wait for each other."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Update, bindparam, func, or_, update

from hydria.domain.refusals import Forbidden
from hydria.storage import flat, merging, plain, tables
from hydria.storage.lists import Asked

QUOTA = tables.QUOTA


def take(
    c: Connection,
    project_id: str,
    wanted: Mapping[str, int],
    defaults: Mapping[str, int],
    leaving: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Count objects (table name -> how many) of a project; raises Forbidden when a limit would be passed.

    Objects `leaving` in the same write make room for others, although they count until their deletion is settled.
    """
    if not _count(c, project_id, wanted):
        first = {"project_id": project_id, **{f"used_{k}": n for k, n in wanted.items()}}
        taken = {f"used_{k}": QUOTA.c[f"used_{k}"] + n for k, n in wanted.items()}
        c.execute(merging.merging(c.dialect.name, QUOTA, first, taken))  # others may be the first at the same time
    row = plain.find(c, QUOTA, project_id=project_id).one()._mapping  # noqa: SLF001
    for k in wanted:
        limit = row[f"limit_{k}"]
        most = defaults.get(k, -1) if limit is None else limit
        if 0 <= most < row[f"used_{k}"] - leaving.get(k, 0):
            message = f"Quota has been met for resources: {k}"
            raise Forbidden(message)


def free(c: Connection, project_id: str, counts: Mapping[str, int]) -> None:
    """Give back what a settled deletion has freed."""
    if counts:
        _count(c, project_id, {k: -n for k, n in counts.items()})


def _count(c: Connection, project_id: str, more: Mapping[str, int]) -> int:
    """Add to what a project has; how many rows it has, one or none."""
    by = {f"more_{k}": n for k, n in more.items()}
    return c.execute(_counting(tuple(more)), {"project": project_id, **by}).rowcount


@cache
def _counting(names: tuple[str, ...]) -> Update:
    """Built once for objects of these kinds."""
    sums = {f"used_{k}": QUOTA.c[f"used_{k}"] + bindparam(f"more_{k}") for k in names}
    return update(QUOTA).where(QUOTA.c.project_id == bindparam("project")).values(**sums)


def limits(c: Connection, project_id: str) -> dict[str, int | None]:
    """The limits of a project by table name; None where the default holds."""
    return _limits(plain.find(c, QUOTA, project_id=project_id).first())


def page(
    c: Connection, names: Mapping[str, str], defaults: Mapping[str, int], asked: Asked
) -> dict[str, dict[str, int | None]]:
    """The limits of projects that have some of their own, one page; `names` are those of what is counted."""
    own = or_(*(QUOTA.c[f"limit_{k}"].is_not(None) for k in tables.QUOTA_KINDS))
    columns: dict[str, Any] = dict.fromkeys(("project_id", "tenant_id"), QUOTA.c.project_id)
    columns |= {name: func.coalesce(QUOTA.c[f"limit_{k}"], defaults.get(k, -1)) for name, k in names.items()}
    what = flat.Flat(QUOTA, columns, "quota", "project_id", [own])
    return {row.project_id: _limits(row) for row in flat.page(c, what, asked)}


def limit(c: Connection, project_id: str, wanted: Mapping[str, int | None]) -> None:
    """Set limits of a project; None gives the default back."""
    values = {f"limit_{k}": n for k, n in wanted.items()}
    if values and not plain.change(c, QUOTA, {"project_id": project_id}, **values):
        c.execute(merging.merging(c.dialect.name, QUOTA, {"project_id": project_id, **values}, values))


def forget(c: Connection, project_id: str) -> bool:
    """Give a project all defaults back; whether anything was known of it."""
    nothing = {f"limit_{k}": None for k in tables.QUOTA_KINDS}
    return bool(plain.change(c, QUOTA, {"project_id": project_id}, **nothing))


def _limits(row: Any) -> dict[str, int | None]:
    return {k: getattr(row, f"limit_{k}") if row else None for k in tables.QUOTA_KINDS}
