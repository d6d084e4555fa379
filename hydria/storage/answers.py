"""Answers to writes that carried a key: kept in the transaction of the write, so that a repeated request repeats nothing."""

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hydria.storage import tables

A = tables.IDEMPOTENCY


class Taken(Exception):
    """Another request with the same key was quicker."""


class Key(msgspec.Struct, frozen=True):
    """A client's own name for a write, good for one user in one project."""

    project_id: str
    user_id: str
    key: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered. Without a code the answer is not known yet, or was lost; the write itself was not."""

    digest: str
    at: int
    object_id: str | None = None
    code: int | None = None
    etag: str | None = None
    body: bytes | None = None


def _is(key: Key) -> ColumnElement[bool]:
    return (A.c.project_id == key.project_id) & (A.c.user_id == key.user_id) & (A.c.key == key.key)


def find(c: Connection, key: Key, since: int) -> Kept | None:
    """What is kept under a key, unless it is older (microseconds)."""
    row = c.execute(select(*(A.c[n] for n in Kept.__struct_fields__)).where(_is(key), A.c.at >= since)).first()
    return Kept(**row._mapping) if row else None  # noqa: SLF001


def keep(c: Connection, key: Key, kept: Kept, since: int) -> None:
    """Keep an answer for as long as the transaction's own effects; what is older than `since` gives way. Raises Taken."""
    c.execute(delete(A).where(_is(key), A.c.at < since))
    try:
        c.execute(insert(A).values(**msgspec.structs.asdict(key), **msgspec.structs.asdict(kept)))
    except IntegrityError:
        raise Taken(key.key) from None


def complete(c: Connection, key: Key, code: int, etag: str | None, body: bytes) -> None:
    """Give the answer that was not known when the write was made."""
    c.execute(update(A).where(_is(key)).values(code=code, etag=etag, body=body))


def forget(c: Connection, key: Key) -> None:
    """The write was undone: the key is free again."""
    c.execute(delete(A).where(_is(key)))


def trim(c: Connection, before: int, most: int = 1000) -> int:
    """Remove the oldest answers from before a moment (microseconds); how many, at most a bite."""
    found = c.execute(
        select(A.c.project_id, A.c.user_id, A.c.key).where(A.c.at < before).order_by(A.c.at).limit(most)
    ).all()
    for row in found:
        c.execute(delete(A).where(_is(Key(*row)), A.c.at < before))
    return len(found)
