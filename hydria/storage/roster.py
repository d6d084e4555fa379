"""Who may be heard and what should run there: amphorae and placements as the health manager reads them, ids raw."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, LargeBinary, select, type_coerce

from hydria.domain.amphora import AmphoraStatus
from hydria.kit import ids
from hydria.storage import tables

A, P, L, G = tables.AMPHORA, tables.PLACEMENT, tables.TREE["load_balancer"], tables.PROGRESS


class Placed(msgspec.Struct, frozen=True):
    """One load balancer on an amphora. `digest` is what a datagram carries of it; None: nothing was applied yet."""

    load_balancer_id: bytes
    generation: int
    digest: bytes | None
    wanted: bool  # its load balancer is not being deleted
    tree_generation: int  # of what users want
    pending: bool  # work on it is wanted


class Expected(msgspec.Struct, frozen=True):
    """An amphora that has a session."""

    amphora_id: bytes
    session: bytes
    master_version: int
    load_balancer_id: bytes | None
    allocated: bool
    placements: tuple[Placed, ...]


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return type_coerce(column, LargeBinary)  # text is not needed, and costs more than the row


QUERY = (
    select(
        _raw(A.c.id),
        A.c.session,
        A.c.master_version,
        _raw(A.c.loadbalancer_id),
        A.c.status,
        _raw(P.c.load_balancer_id),
        P.c.generation,
        P.c.digest,
        L.c.deleted,
        L.c.generation,
        G.c.wanted > G.c.settled,
    )
    .join_from(A, P, P.c.amphora_id == A.c.id, isouter=True)
    .join(L, L.c.id == P.c.load_balancer_id, isouter=True)
    .join(G, G.c.load_balancer_id == P.c.load_balancer_id, isouter=True)
    .where(A.c.session.is_not(None), A.c.status != AmphoraStatus.DELETED)
    .order_by(A.c.id)
)


def read(c: Connection, amphora_ids: Collection[bytes] | None = None) -> dict[bytes, Expected]:
    """Every amphora that may be heard, or of these (at most 500), by id."""
    query = QUERY if amphora_ids is None else QUERY.where(A.c.id.in_([ids.text(i) for i in amphora_ids]))
    heads: dict[bytes, Any] = {}
    placements: dict[bytes, list[Placed]] = {}
    for row in c.execute(query).all():  # row by row costs twice as much
        heads[row[0]] = row
        if row[5] is not None:
            placements.setdefault(row[0], []).append(_placed(row))
    return {key: found for key, row in heads.items() if (found := _expected(row, tuple(placements.get(key, ()))))}


def _placed(row: Any) -> Placed:
    digest = bytes.fromhex(row[7][:16]) if row[7] else None
    return Placed(row[5], row[6], digest, row[8] == 0, row[9] or 0, bool(row[10]))


def _expected(row: Any, placements: tuple[Placed, ...]) -> Expected | None:
    if not ids.is_id(row[1]):  # nothing can be signed in such a session
        return None
    return Expected(row[0], ids.raw(row[1]), row[2], row[3], row[4] == AmphoraStatus.ALLOCATED, placements)
