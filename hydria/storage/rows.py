"""Rows into objects of the domain and back."""

import enum
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Table

from hydria.domain import kinds
from hydria.domain.attributes import Kept, Resource, attributes
from hydria.domain.part import Part
from hydria.domain.types import custom
from hydria.storage import columns, plain, tables

R = TypeVar("R", bound=Resource)


@cache
def _nested(resource: type[Resource]) -> dict[str, Any]:
    return columns.nested(resource)


@cache
def _words(resource: type[Resource]) -> dict[str, type[enum.Enum]]:
    return columns.words(resource)


def to(resource: type[R], row: Row[Any]) -> R:
    """The object that a row of its table holds."""
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's own name for it)
    for name, word in _words(resource).items():
        if values[name] is not None:
            values[name] = word(values[name])
    for name, kind in _nested(resource).items():
        if values[name] is not None:
            values[name] = msgspec.convert(values[name], kind, dec_hook=custom)
    return resource(**values)


@cache
def _stored(resource: type[Resource]) -> tuple[str, ...]:
    return tuple(a.name for a in attributes(resource).values() if a.kept in (Kept.STORED, Kept.HIDDEN))


def values(thing: Resource) -> dict[str, Any]:
    """The columns of an object."""
    return {name: getattr(thing, name) for name in _stored(type(thing))}


def add(c: Connection, table: Table, *things: Resource) -> None:
    """Insert objects of one table."""
    plain.add(c, table, [values(t) for t in things])


def where(c: Connection, kind: kinds.Kind, *, deleted: bool = False, **by: Any) -> list[Part]:
    """Objects of a kind with these values, oldest first; those being deleted only when asked for."""
    wanted = by if deleted else {**by, "deleted": 0}
    found = plain.find(c, tables.TREE[kind.table], ("born", "created_at", "id"), **wanted)
    return [to(kind.resource, row) for row in found]


def one(c: Connection, kind: kinds.Kind, object_id: str, *, deleted: bool = True) -> Part | None:
    """One object by id, or None."""
    found = where(c, kind, id=object_id, deleted=deleted)
    return found[0] if found else None
