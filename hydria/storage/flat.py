"""Lists of things that belong to no tree: filters, sorting and pages over one table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, false, or_, select

from hydria.domain.refusals import Invalid
from hydria.kit import ids
from hydria.storage import matching
from hydria.storage.columns import Id, Json
from hydria.storage.lists import Asked


@dataclass(frozen=True)
class Flat:
    """What is listed: a table, what users see of it, the column that names a row, and what else may be filtered by."""

    table: Table
    columns: Mapping[str, Any]
    words: str
    key: str = "id"
    always: Sequence[ColumnElement[bool]] = ()
    more: Mapping[str, Callable[[str], ColumnElement[bool]]] = field(default_factory=dict)


def page(c: Connection, flat: Flat, asked: Asked) -> list[Row[Any]]:
    """One page. Raises Invalid."""
    keys = [*asked.sort, *((k, False) for k in _last(flat) if k not in dict(asked.sort))]
    order = [(matching.sortable(_column(flat, name)), descending is not asked.reverse) for name, descending in keys]
    query = select(flat.table).where(*flat.always, *(flat.table.c[n] == v for n, v in asked.within.items()))
    for name, values in asked.filters.items():
        query = query.where(or_(*(_filter(flat, name, value) for value in values)))
    if asked.marker is not None:
        query = query.where(_after(c, flat, order, asked.marker))
    query = query.order_by(*(e.desc() if descending else e.asc() for e, descending in order)).limit(asked.limit)
    found = list(c.execute(query))
    return found[::-1] if asked.reverse else found


def _last(flat: Flat) -> list[str]:
    """What is sorted by in the end, whatever was asked."""
    return [name for name in ("created_at", flat.key) if name in flat.table.c]


def _column(flat: Flat, name: str) -> Any:
    column = flat.columns.get(name)
    if column is None or isinstance(column.type, Json):
        message = f"lists of {flat.words} objects cannot be filtered or sorted by {name!r}."
        raise Invalid(message)
    return column


def _filter(flat: Flat, name: str, value: str) -> ColumnElement[bool]:
    return flat.more[name](value) if name in flat.more else matching.equals(_column(flat, name), name, value)


def _after(
    c: Connection, flat: Flat, order: Sequence[tuple[ColumnElement[Any], bool]], marker: str
) -> ColumnElement[bool]:
    column = flat.table.c[flat.key]
    wanted = column == marker if not isinstance(column.type, Id) or ids.is_id(marker) else false()
    row = c.execute(select(*(e for e, _ in order)).where(wanted)).first()
    if row is None:
        message = f"marker: there is no {flat.words} {marker}."
        raise Invalid(message)
    return matching.following(order, row)
