"""Lists: filters, sorting and pages as SQL; `shown` makes the objects of it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    select,
)

from hydria.domain import kinds
from hydria.domain.refusals import Invalid
from hydria.domain.statuses import Operating, Provisioning
from hydria.kit import ids
from hydria.storage import columns, matching, shown, tables
from hydria.storage.columns import Id, Json

T, P, V, SEEN = tables.TREE, tables.PROGRESS, tables.VERDICT, tables.OPERATING
ROOT = T["load_balancer"]
BENEATH: dict[kinds.Kind, dict[str, tuple[str, str]]] = {
    kinds.LOADBALANCER: {"listeners": ("listener", "load_balancer_id"), "pools": ("pool", "load_balancer_id")},
    kinds.LISTENER: {"l7policies": ("l7policy", "listener_id")},
    kinds.POOL: {
        "listener_id": ("listener", "default_pool_id"),
        "listeners": ("listener", "default_pool_id"),
        "members": ("member", "pool_id"),
        "healthmonitor_id": ("health_monitor", "pool_id"),
    },
    kinds.L7POLICY: {"rules": ("l7rule", "l7policy_id")},
}
"""What is named by those that refer to it: the attribute, their table and the column there."""
ABOVE: dict[kinds.Kind, dict[str, str]] = {
    kinds.LISTENER: {"loadbalancers": "load_balancer_id"},
    kinds.POOL: {"loadbalancers": "load_balancer_id"},
    kinds.HEALTHMONITOR: {"pools": "pool_id"},
}
"""Lists of one object, and the column that holds it."""
OTHER_NAMES = {"tenant_id": "project_id", "loadbalancer_id": "load_balancer_id"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is to hold. `within`: columns that must have a value, whatever the user asks for."""

    within: Mapping[str, str] = {}
    filters: Mapping[str, Sequence[str]] = {}
    all_tags: Sequence[str] = ()
    any_tags: Sequence[str] = ()
    not_all_tags: Sequence[str] = ()
    not_any_tags: Sequence[str] = ()
    sort: Sequence[tuple[str, bool]] = ()  # key, descending
    limit: int | None = None  # none: all
    marker: str | None = None
    reverse: bool = False


class View(NamedTuple):
    """Whose attributes a list is about, and what those that are in no column are worked out from."""

    kind: kinds.Kind
    observed: Mapping[str, str]
    now: int
    dialect: str

    @property
    def table(self) -> Table:
        """The objects."""
        return T[self.kind.table]


def page(c: Connection, kind: kinds.Kind, asked: Asked, observed: Mapping[str, str], now: int) -> list[shown.Shown]:
    """One page. `observed` is needed only when the operating status is asked for. Raises Invalid."""
    view = View(kind, observed, now, c.dialect.name)
    keys = [*asked.sort, *((k, False) for k in ("created_at", "id") if k not in dict(asked.sort))]
    order = [(_key(view, name), descending is not asked.reverse) for name, descending in keys]
    query = shown.statement(kind).where(*_conditions(view, asked))
    if asked.marker is not None:
        query = query.where(_after(c, kind, order, asked.marker))
    query = query.order_by(*(e.desc() if descending else e.asc() for e, descending in order)).limit(asked.limit)
    found = shown.some(c, kind, query, now)
    return found[::-1] if asked.reverse else found


def within(asked: Asked, column: str, value: str) -> Asked:
    """The same list, of what has this value too."""
    return msgspec.structs.replace(asked, within={**asked.within, column: value})


def needs_observations(asked: Asked) -> bool:
    """Whether `page` must be given what was observed."""
    return "operating_status" in asked.filters or "operating_status" in dict(asked.sort)


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


def updated(kind: kinds.Kind) -> ColumnElement[int]:
    """When an object last became what it is, in SQL; 0 while it is new. Says the same as `shown`."""
    t = T[kind.table].c
    return case((t.born <= P.c.settled, func.coalesce(t.updated_at, t.created_at)), else_=0)


def _conditions(view: View, asked: Asked) -> list[ColumnElement[bool]]:
    found = [view.table.c[name] == value for name, value in asked.within.items()]
    for name, values in asked.filters.items():
        found.append(or_(*(_filter(view, name, value) for value in values)))
    found += [_tagged(view, "tags", tag) for tag in asked.all_tags]
    if asked.any_tags:
        found.append(or_(*(_tagged(view, "tags", tag) for tag in asked.any_tags)))
    if asked.not_all_tags:
        found.append(not_(and_(*(_tagged(view, "tags", tag) for tag in asked.not_all_tags))))
    if asked.not_any_tags:
        found.append(not_(or_(*(_tagged(view, "tags", tag) for tag in asked.not_any_tags))))
    return found


def _tagged(view: View, name: str, tag: str) -> ColumnElement[bool]:
    """Whether a list of words, stored as JSON text, has this one. A comma in a tag cannot be asked for."""
    word = msgspec.json.encode(tag).decode()
    text = cast(view.table.c[name], Text)
    if view.dialect == "postgresql":
        return or_(func.strpos(text, f"[{word}") > 0, func.strpos(text, f",{word}") > 0)
    if view.dialect in ("mysql", "mariadb"):  # compared byte by byte, not by collation
        return or_(func.instr(text, func.binary(f"[{word}")) > 0, func.instr(text, func.binary(f",{word}")) > 0)
    return or_(func.instr(text, f"[{word}") > 0, func.instr(text, f",{word}") > 0)


def _filter(view: View, name: str, value: str) -> ColumnElement[bool]:
    computed = _computed(view, name)
    if computed is not None:
        return computed == value
    if name in BENEATH.get(view.kind, {}):
        child, column = BENEATH[view.kind][name]
        below = T[child].c
        return view.table.c.id.in_(select(below[column]).where(below.id == value)) if ids.is_id(value) else false()
    if name in columns.lists_of_words(view.kind.resource):
        return _tagged(view, name, value)
    if name == "updated_at":
        return matching.equals(updated(view.kind), name, value)
    return matching.equals(_column(view.kind, ABOVE.get(view.kind, {}).get(name, name)), name, value)


def _computed(view: View, name: str) -> ColumnElement[str] | None:
    """What users see in no column of the table; None for anything else."""
    if name == "provisioning_status":
        return provisioning(view.kind, view.now)
    if name == "operating_status":
        return _operating(view)
    return None


def _column(kind: kinds.Kind, name: str) -> Any:
    table = T[kind.table]
    real = OTHER_NAMES.get(name, name)
    parents = ("load_balancer_id", "pool_id", "listener_id", "l7policy_id")
    known = real in shown.names(kind) or (real in parents and kind is not kinds.LOADBALANCER)
    if not known or real not in table.c or isinstance(table.c[real].type, Json):
        message = f"lists of {kind.words} objects cannot be filtered or sorted by {name!r}."
        raise Invalid(message)
    return table.c[real]


def _operating(view: View) -> ColumnElement[str]:
    """The operating status in SQL; says the same as `shown.operating`: admin down, what was observed, the default."""
    table = view.table
    down = not_(table.c.admin_state_up)
    if view.kind is kinds.MEMBER:
        down = and_(down, table.c.id.in_(_written(list(view.observed)))) if view.observed else false()
    found: list[tuple[ColumnElement[bool], str]] = [(down, Operating.OFFLINE.value)]
    by_status: dict[str, list[str]] = {}
    for object_id, status in view.observed.items():
        by_status.setdefault(status, []).append(object_id)
    found += [(table.c.id.in_(_written(object_ids)), status) for status, object_ids in by_status.items()]
    if view.kind is kinds.MEMBER:
        monitored = table.c.pool_id.in_(select(T["health_monitor"].c.pool_id))
        found.append((monitored, Operating.OFFLINE.value))
    if view.kind in shown.STATED:
        found.append((table.c.born > P.c.settled, Operating.OFFLINE.value))
    return case(*found, else_=shown.SILENT[view.kind].value)


def _written(object_ids: Sequence[str]) -> Any:
    """Identifiers as part of the statement: there may be more than a statement can have parameters."""
    return bindparam(None, object_ids, type_=Id(), expanding=True, literal_execute=True)


def _key(view: View, name: str) -> ColumnElement[Any]:
    """What is sorted by."""
    if name == "updated_at":
        return updated(view.kind)
    computed = _computed(view, name)
    return matching.sortable(_column(view.kind, name)) if computed is None else computed


def _after(
    c: Connection, kind: kinds.Kind, order: Sequence[tuple[ColumnElement[Any], bool]], marker: str
) -> ColumnElement[bool]:
    """What comes after an object in an order."""
    wanted: Select[Any] = select(*(e for e, _ in order)).select_from(*shown.statement(kind).get_final_froms())
    row = c.execute(wanted.where(T[kind.table].c.id == marker)).first() if ids.is_id(marker) else None
    if row is None:
        message = f"marker: there is no {kind.words} {marker}."
        raise Invalid(message)
    return matching.following(order, row)
