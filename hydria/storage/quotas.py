"""Quotas: what a project may have and has. Always taken after the load balancer's row, so that two writers never wait for each other."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, or_, update

from hydria.domain.refusals import Forbidden
from hydria.storage import flat, lists, merging, plain, tables
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
    taken = {f"used_{k}": QUOTA.c[f"used_{k}"] + n for k, n in wanted.items()}
    if not c.execute(update(QUOTA).where(QUOTA.c.project_id == project_id).values(**taken)).rowcount:
        first = {"project_id": project_id, **{f"used_{k}": n for k, n in wanted.items()}}
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
        freed = {f"used_{k}": QUOTA.c[f"used_{k}"] - n for k, n in counts.items()}
        c.execute(update(QUOTA).where(QUOTA.c.project_id == project_id).values(**freed))


def limits(c: Connection, project_id: str) -> dict[str, int | None]:
    """The limits of a project by table name; None where the default holds."""
    return _limits(plain.find(c, QUOTA, project_id=project_id).first())


def page(c: Connection, columns: Mapping[str, str], asked: Asked) -> dict[str, dict[str, int | None]]:
    """The limits of projects that have some of their own, one page; `columns` may be asked for under other names."""
    own = or_(*(QUOTA.c[f"limit_{k}"].is_not(None) for k in tables.QUOTA_KINDS))
    more = {name: partial(lists.equals, QUOTA.c[column], name) for name, column in columns.items()}
    what = flat.Flat(QUOTA, ("project_id",), "quota", "project_id", [own], more)
    return {row.project_id: _limits(row) for row in flat.page(c, what, asked)}


def limit(c: Connection, project_id: str, wanted: Mapping[str, int | None]) -> None:
    """Set limits of a project; None gives the default back."""
    values = {f"limit_{k}": n for k, n in wanted.items()}
    if values and not plain.change(c, QUOTA, {"project_id": project_id}, **values):
        c.execute(merging.merging(c.dialect.name, QUOTA, {"project_id": project_id, **values}, values))


def _limits(row: Any) -> dict[str, int | None]:
    return {k: getattr(row, f"limit_{k}") if row else None for k in tables.QUOTA_KINDS}
