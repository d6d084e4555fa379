"""Columns from attributes: how each type of the domain is stored."""

import enum
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Dialect, Float, Integer, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

from hydria.domain import types
from hydria.domain.attributes import Attribute, Kept, Resource, attributes
from hydria.kit import ids

BIG = BigInteger().with_variant(Integer, "sqlite")
"""A number of 64 bits, also as a key that counts by itself."""

BLOB = LargeBinary().with_variant(mysql.LONGBLOB, "mysql", "mariadb")
"""Bytes without a limit that matters."""


class Id(TypeDecorator[str]):
    """An identifier: 16 bytes in the table, text outside."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.BINARY(16))
        return dialect.type_descriptor(LargeBinary(16))

    # One call for each value instead of three: a list has thousands of them.
    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], bytes | None]:
        return _raw

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[bytes | None], str | None]:
        return _text

    def literal_processor(self, dialect: Dialect) -> Callable[[str], str]:
        form = "'\\x{}'::bytea" if dialect.name == "postgresql" else "X'{}'"
        return lambda value: form.format(ids.raw(value).hex())


def _raw(value: str | None) -> bytes | None:
    return None if value is None else ids.raw(value)


def _text(value: bytes | None) -> str | None:
    return None if value is None else ids.text(value)


class Address(TypeDecorator[str]):
    """An IP address: compared as one, in whatever form it is asked for."""

    impl = String(64)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        return _shortest


def _shortest(value: str | None) -> str | None:
    return value if value is None or isinstance(value, types.Address) else types.same(value)


class Json(TypeDecorator[Any]):
    """Lists and dictionaries as JSON text."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        return _dumped

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:
        return _loaded


def _dumped(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value, enc_hook=str).decode()


def _loaded(value: str | None) -> Any:
    return None if value is None else msgspec.json.decode(value)


def _bare(kind: Any) -> tuple[Any, list[msgspec.Meta]]:
    """A type without Annotated and without None, and its limits."""
    metas: list[msgspec.Meta] = []
    while True:
        if get_origin(kind) is Annotated:
            kind, *marks = get_args(kind)
            metas += [m for m in marks if isinstance(m, msgspec.Meta)]
        elif get_origin(kind) in (Union, UnionType):
            kind = next(a for a in get_args(kind) if a is not type(None))
        else:
            return kind, metas


KNOWN: dict[Any, TypeEngine[Any] | type[TypeEngine[Any]]] = {
    types.Address: Address(),
    types.Cidr: String(64),
    bool: Boolean(),
    float: Float(),
    types.HttpVersion: Float(),
}
"""The types of values that need no limits."""


def _type(a: Attribute) -> TypeEngine[Any] | type[TypeEngine[Any]]:
    kind, metas = _bare(a.type)
    if any(m.pattern and ids.TEXT in m.pattern for m in metas):
        return Id()
    if kind in KNOWN:
        return KNOWN[kind]
    if kind is int:
        return Integer() if any(m.le is not None for m in metas) else BigInteger()
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return String(32)
    if kind is str:
        return String(next((m.max_length for m in metas if m.max_length), 255))
    return Json()


def columns(resource: type[Resource], *keys: str) -> list[Column[Any]]:
    """The columns of a resource: every attribute that is stored; `keys` make the primary key."""
    return [
        Column(a.name, _type(a), primary_key=a.name in keys, nullable=a.nullable and a.name not in keys)
        for a in attributes(resource).values()
        if a.kept in (Kept.STORED, Kept.HIDDEN)
    ]


def nested(resource: type[Resource]) -> dict[str, Any]:
    """Attributes whose JSON must become structs again, with their types."""
    return {
        a.name: a.type
        for a in attributes(resource).values()
        if a.kept in (Kept.STORED, Kept.HIDDEN) and "Struct" in _shape(a.type)
    }


def words(resource: type[Resource]) -> dict[str, type[enum.Enum]]:
    """Attributes that hold one word of a fixed set, with the set."""
    kinds = {a.name: _bare(a.type)[0] for a in attributes(resource).values() if a.kept in (Kept.STORED, Kept.HIDDEN)}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, enum.Enum)}


@cache
def lists_of_words(resource: type[Resource]) -> frozenset[str]:
    """Attributes that are lists of words, which are kept as JSON."""
    kinds = {a.name: _bare(a.type)[0] for a in attributes(resource).values() if a.kept is Kept.STORED}
    return frozenset(n for n, k in kinds.items() if get_origin(k) is list and isinstance(_element(k), type))


def _element(kind: Any) -> Any:
    """What a list of text holds; None for other lists."""
    bare, _ = _bare(get_args(kind)[0])
    return bare if isinstance(bare, type) and issubclass(bare, str) else None


def _shape(kind: Any) -> str:
    bare, _ = _bare(kind)
    inside = get_args(bare)
    if inside:
        return " ".join(_shape(i) for i in inside)
    return "Struct" if isinstance(bare, type) and issubclass(bare, msgspec.Struct) else ""
