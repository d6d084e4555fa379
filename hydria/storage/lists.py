"""Lists: filters, sorting and pages as SQL; `shown` makes the objects of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
)

from hydria.domain import kinds
from hydria.domain.refusals import Invalid
from hydria.domain.statuses import Operating, Provisioning
from hydria.kit import ids
from hydria.storage import shown, tables
from hydria.storage.columns import Id, Json

T, P, V, SEEN = tables.TREE, tables.PROGRESS, tables.VERDICT, tables.OPERATING
ROOT = T["load_balancer"]
TRUE, FALSE = ("true", "1", "yes", "on", "t", "y"), ("false", "0", "no", "off", "f", "n")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is to hold. `within`: columns that must have a value, whatever the user asks for."""

    within: Mapping[str, str] = {}
    filters: Mapping[str, Sequence[str]] = {}
    all_tags: Sequence[str] = ()
    any_tags: Sequence[str] = ()
    not_all_tags: Sequence[str] = ()
    not_any_tags: Sequence[str] = ()
    sort: Sequence[tuple[str, bool]] = ()  # key, descending
    limit: int = 1000
    marker: str | None = None
    reverse: bool = False


def page(c: Connection, kind: kinds.Kind, asked: Asked, observed: Mapping[str, str], now: int) -> list[shown.Shown]:
    """One page. `observed` is needed only when the operating status is asked for. Raises Invalid."""
    keys = [*asked.sort, *((k, False) for k in ("created_at", "id") if k not in dict(asked.sort))]
    order = [(_key(kind, name, now), descending is not asked.reverse) for name, descending in keys]
    query = shown.statement(kind).where(*_conditions(c, kind, asked, observed, now))
    if asked.marker is not None:
        query = query.where(_after(c, kind, order, asked.marker))
    query = query.order_by(*(e.desc() if descending else e.asc() for e, descending in order)).limit(asked.limit)
    found = shown.some(c, kind, query, now)
    return found[::-1] if asked.reverse else found


def beneath(c: Connection, kind: kinds.Kind, load_balancer_id: str, now: int) -> list[shown.Shown]:
    """All objects of a kind beneath a load balancer."""
    t = T[kind.table].c
    query = shown.statement(kind).where(t.load_balancer_id == load_balancer_id).order_by(*shown.in_order(kind))
    return shown.some(c, kind, query, now)


def within(asked: Asked, column: str, value: str) -> Asked:
    """The same list, of what has this value too."""
    return msgspec.structs.replace(asked, within={**asked.within, column: value})


def needs_observations(asked: Asked) -> bool:
    """Whether `page` must be given what was observed."""
    return "operating_status" in asked.filters


def every_observation(observed: Connection) -> dict[str, str]:
    """The operating status of everything that was observed."""
    return {row[0]: row[1] for row in observed.execute(select(SEEN.c.object_id, SEEN.c.status))}


def provisioning(kind: kinds.Kind, now: int) -> ColumnElement[str]:
    """The provisioning status in SQL; says the same as `domain.statuses.provisioning`."""
    t = T[kind.table].c
    overdue = and_(ROOT.c.generation > P.c.settled, ROOT.c.due_at > 0, ROOT.c.due_at < now)
    pending = t.touched > P.c.settled
    return case(
        (and_(pending, overdue), Provisioning.ERROR.value),
        (and_(pending, t.deleted > 0), Provisioning.PENDING_DELETE.value),
        (and_(pending, t.born > P.c.settled), Provisioning.PENDING_CREATE.value),
        (pending, Provisioning.PENDING_UPDATE.value),
        (V.c.changed == t.changed, Provisioning.ERROR.value),
        else_=Provisioning.ACTIVE.value,
    )


def _conditions(
    c: Connection, kind: kinds.Kind, asked: Asked, observed: Mapping[str, str], now: int
) -> list[ColumnElement[bool]]:
    table = T[kind.table]
    found = [table.c[name] == value for name, value in asked.within.items()]
    for name, values in asked.filters.items():
        found.append(or_(*(_filter(kind, name, value, observed, now) for value in values)))
    dialect = c.dialect.name
    has = [(_tagged(table.c.tags, tag, dialect)) for tag in asked.all_tags]
    found += has
    if asked.any_tags:
        found.append(or_(*(_tagged(table.c.tags, tag, dialect) for tag in asked.any_tags)))
    if asked.not_all_tags:
        found.append(not_(and_(*(_tagged(table.c.tags, tag, dialect) for tag in asked.not_all_tags))))
    if asked.not_any_tags:
        found.append(not_(or_(*(_tagged(table.c.tags, tag, dialect) for tag in asked.not_any_tags))))
    return found


def _tagged(column: Any, tag: str, dialect: str) -> ColumnElement[bool]:
    """Whether a list of words, stored as JSON text, has this one. A comma in the word cannot be asked for."""
    word = msgspec.json.encode(tag).decode()
    text = cast(column, Text)
    if dialect == "postgresql":
        return or_(func.strpos(text, f"[{word}") > 0, func.strpos(text, f",{word}") > 0)
    if dialect in ("mysql", "mariadb"):  # compared byte by byte, not by collation
        return or_(func.instr(text, func.binary(f"[{word}")) > 0, func.instr(text, func.binary(f",{word}")) > 0)
    return or_(func.instr(text, f"[{word}") > 0, func.instr(text, f",{word}") > 0)


def _filter(kind: kinds.Kind, name: str, value: str, observed: Mapping[str, str], now: int) -> ColumnElement[bool]:
    table = T[kind.table]
    if name == "provisioning_status":
        return provisioning(kind, now) == value
    if name == "operating_status":
        return _operating(kind, value, observed)
    if name == "listener_id" and kind is kinds.POOL:
        li = T["listener"].c
        return table.c.id.in_(select(li.default_pool_id).where(li.id == value)) if ids.is_id(value) else false()
    if name == "healthmonitor_id" and kind is kinds.POOL:
        hm = T["health_monitor"].c
        return table.c.id.in_(select(hm.pool_id).where(hm.id == value)) if ids.is_id(value) else false()
    return equals(_column(kind, name), name, value)


def _column(kind: kinds.Kind, name: str) -> Any:
    table = T[kind.table]
    real = {"tenant_id": "project_id", "loadbalancer_id": "load_balancer_id"}.get(name, name)
    parents = ("load_balancer_id", "pool_id", "listener_id", "l7policy_id")
    known = real in shown.names(kind) or (real in parents and kind is not kinds.LOADBALANCER)
    if not known or real not in table.c or isinstance(table.c[real].type, Json):
        message = f"Unknown attribute {name!r}: lists of {kind.words} objects cannot be filtered or sorted by it."
        raise Invalid(message)
    return table.c[real]


def equals(column: Any, name: str, value: str) -> ColumnElement[bool]:
    """Whether a column has a value that a user wrote; raises Invalid for one that it cannot have."""
    if isinstance(column.type, Id):
        return column == value if ids.is_id(value) else false()
    if name in ("created_at", "updated_at", "cert_expiration"):
        start = _moment(name, value)
        return and_(column >= start, column < start + shown.SECOND)
    if isinstance(column.type, Boolean):
        return column == _truth(name, value)  # type: ignore[no-any-return]
    if isinstance(column.type, Integer | Float):
        return column == _number(name, value)  # type: ignore[no-any-return]
    return column == value  # type: ignore[no-any-return]


def _truth(name: str, value: str) -> bool:
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    message = f"{name}: {value!r} is neither true nor false."
    raise Invalid(message)


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        message = f"{name}: {value!r} is not a number."
        raise Invalid(message) from None


def _moment(name: str, value: str) -> int:
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        message = f"{name}: {value!r} is not a time like 2026-01-31T12:00:00."
        raise Invalid(message) from None
    return int(read.replace(tzinfo=read.tzinfo or UTC).timestamp()) * shown.SECOND


def _operating(kind: kinds.Kind, status: str, observed: Mapping[str, str]) -> ColumnElement[bool]:
    """Says the same as `shown.operating`: admin down is OFFLINE, then what was observed, then the default."""
    table = T[kind.table]
    up = table.c.admin_state_up == True  # noqa: E712  (SQL)
    seen = table.c.id.in_([i for i, s in observed.items() if s == status])
    silent = table.c.id.not_in(list(observed))
    if kind is kinds.MEMBER:
        hm = T["health_monitor"].c
        monitored = table.c.pool_id.in_(select(hm.pool_id))
        default = {Operating.OFFLINE: monitored, Operating.NO_MONITOR: not_(monitored)}.get(status, false())  # type: ignore[call-overload]
    else:
        active = kind in (kinds.HEALTHMONITOR, kinds.L7POLICY, kinds.L7RULE)
        default = (
            (table.c.id == table.c.id) if status == (Operating.ONLINE if active else Operating.OFFLINE) else false()
        )
    found = and_(up, or_(seen, and_(silent, default)))
    return or_(not_(up), found) if status == Operating.OFFLINE else found


def _key(kind: kinds.Kind, name: str, now: int) -> ColumnElement[Any]:
    """What is sorted by."""
    return provisioning(kind, now) if name == "provisioning_status" else sortable(_column(kind, name))


def sortable(column: Any) -> ColumnElement[Any]:
    """A column to sort by; nothing sorts as the smallest value, so that a page can go on after it."""
    if not column.nullable:
        return column  # type: ignore[no-any-return]
    if isinstance(column.type, Id):
        return func.coalesce(column, literal("00000000-0000-0000-0000-000000000000", Id()))
    return func.coalesce(column, 0 if isinstance(column.type, Integer | Float | Boolean) else "")


def _after(
    c: Connection, kind: kinds.Kind, order: Sequence[tuple[ColumnElement[Any], bool]], marker: str
) -> ColumnElement[bool]:
    """What comes after an object in an order."""
    wanted: Select[Any] = select(*(e for e, _ in order)).select_from(*shown.statement(kind).get_final_froms())
    row = c.execute(wanted.where(T[kind.table].c.id == marker)).first() if ids.is_id(marker) else None
    if row is None:
        message = f"marker: there is no {kind.words} {marker}."
        raise Invalid(message)
    return following(order, row)


def following(order: Sequence[tuple[ColumnElement[Any], bool]], row: Sequence[Any]) -> ColumnElement[bool]:
    """What comes after a row (of the values that are sorted by) in an order."""
    ways = []
    for i, (expression, descending) in enumerate(order):
        same = [e == v for (e, _), v in zip(order[:i], row, strict=False)]
        ways.append(and_(*same, expression < row[i] if descending else expression > row[i]))
    return or_(*ways)
