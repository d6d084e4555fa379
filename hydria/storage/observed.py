"""What was observed: operating statuses, statistics and freshness, written by the health manager."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Table, delete, select

from hydria.kit import ids
from hydria.storage import merging, tables

S, T, F = tables.OPERATING, tables.STATISTICS, tables.FRESHNESS
MOST = 500
"""Rows in a statement."""

K = TypeVar("K")
Key = tuple[str, str]


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of a listener on an amphora, summed over all starts, and those of the last start as last heard."""

    listener_id: str
    amphora_id: str
    load_balancer_id: str
    start: str = ""
    active_connections: int = 0
    total_connections: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    request_errors: int = 0
    last_total_connections: int = 0
    last_bytes_in: int = 0
    last_bytes_out: int = 0
    last_request_errors: int = 0


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """When an amphora was heard last (microseconds since 1970), and whether it is late."""

    amphora_id: str
    load_balancer_id: str | None
    late: bool
    seen_at: int
    boot_id: str | None


def statuses(c: Connection, lb_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """The operating statuses written of the objects of these load balancers."""
    found: dict[str, dict[str, str]] = {lb: {} for lb in lb_ids}
    for some in _bites(sorted(lb_ids)):
        query = select(S.c.load_balancer_id, S.c.object_id, S.c.status).where(S.c.load_balancer_id.in_(some))
        for lb, object_id, status in c.execute(query):
            found[lb][object_id] = status
    return found


def set_statuses(c: Connection, changed: Mapping[str, tuple[str, str]], gone: Iterable[str], now: int) -> None:
    """Write statuses (object -> load balancer and status) and remove those of objects that are gone."""
    rows = [{"object_id": o, "load_balancer_id": lb, "status": s, "at": now} for o, (lb, s) in sorted(changed.items())]
    _upsert(c, S, rows)
    _remove(c, S, "object_id", gone)


def statistics(c: Connection, keys: Iterable[Key]) -> dict[Key, Statistics]:
    """Rows by (listener, amphora), held until the end of the transaction where the database can."""
    wanted = sorted(keys)
    found: dict[Key, Statistics] = {}
    for some in _bites(wanted):
        listeners = {listener for listener, _ in some}
        query = select(T).where(T.c.listener_id.in_(listeners)).order_by(T.c.listener_id, T.c.amphora_id)
        for row in c.execute(query.with_for_update()):
            found[row.listener_id, row.amphora_id] = Statistics(**row._mapping)  # noqa: SLF001
    return found


def set_statistics(c: Connection, rows: Iterable[Statistics]) -> None:
    """Write counters."""
    ordered = sorted(rows, key=lambda r: (r.listener_id, r.amphora_id))
    _upsert(c, T, [msgspec.structs.asdict(r) for r in ordered])


def set_fresh(c: Connection, rows: Iterable[Fresh]) -> None:
    """Write who is late and who is back."""
    _upsert(c, F, [msgspec.structs.asdict(r) for r in sorted(rows, key=lambda r: r.amphora_id)])


def owners(c: Connection) -> set[str]:
    """Load balancers of which something is written."""
    found: set[str] = set(c.execute(select(S.c.load_balancer_id).distinct()).scalars())
    return found | set(c.execute(select(T.c.load_balancer_id).distinct()).scalars())


def watched(c: Connection) -> set[str]:
    """Amphorae whose freshness is written."""
    return set(c.execute(select(F.c.amphora_id)).scalars())


def heard(c: Connection) -> dict[str, tuple[bool, int]]:
    """Amphora -> whether it is late, and when it was last noted (microseconds since 1970)."""
    return {row[0]: (bool(row[1]), row[2]) for row in c.execute(select(F.c.amphora_id, F.c.late, F.c.seen_at))}


def forget(c: Connection, lb_ids: Collection[str], amphora_ids: Collection[str]) -> None:
    """Remove all that was observed of load balancers and amphorae that are gone."""
    _remove(c, S, "load_balancer_id", lb_ids)
    _remove(c, T, "load_balancer_id", lb_ids)
    _remove(c, F, "amphora_id", amphora_ids)


def _remove(c: Connection, table: Table, column: str, values: Iterable[str]) -> None:
    for some in _bites(sorted(values, key=ids.raw)):
        c.execute(delete(table).where(table.c[column].in_(some)))


def _upsert(c: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows or replace those with the same key."""
    if rows:
        statement = merging.replacing(c.dialect.name, table)
        for some in _bites(rows):
            c.execute(statement, some)


def _bites(things: Sequence[K]) -> Iterator[Sequence[K]]:
    for first in range(0, len(things), MOST):
        yield things[first : first + MOST]
