"""Plain statements: rows by the values of some columns. Each is built once, as building one costs more than running it."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Delete, Insert, Select, Table, Update, and_, bindparam, true
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import select as sql_select
from sqlalchemy import update as sql_update


def find(c: Connection, table: Table, order: tuple[str, ...] = (), **by: Any) -> CursorResult[Any]:
    """The rows of a table whose columns have these values, whole."""
    return c.execute(_select(table, tuple(by), order), _named(by))


def add(c: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows."""
    if rows:
        c.execute(_insert(table), rows[0] if len(rows) == 1 else rows)


def change(c: Connection, table: Table, by: Mapping[str, Any], **values: Any) -> int:
    """Write values to the rows whose columns have the values `by`; how many there were."""
    return c.execute(_update(table, tuple(by)), {**values, **_named(by)}).rowcount


def change_each(c: Connection, table: Table, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Write values of the same columns to rows known by their ids, to each its own."""
    c.execute(_update(table, ("id",)), [{**values, **_named({"id": key})} for key, values in changes.items()])


def remove(c: Connection, table: Table, **by: Any) -> int:
    """Remove the rows whose columns have these values; how many there were."""
    return c.execute(_delete(table, tuple(by)), _named(by)).rowcount


def _named(by: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a condition; a column may be written to and asked for at once."""
    return {f"of_{name}": value for name, value in by.items()}


def _condition(table: Table, by: tuple[str, ...]) -> Any:
    return and_(true(), *(table.c[name] == bindparam(f"of_{name}") for name in by))


@cache
def _select(table: Table, by: tuple[str, ...], order: tuple[str, ...]) -> Select[Any]:
    return sql_select(table).where(_condition(table, by)).order_by(*(table.c[name] for name in order))


@cache
def _insert(table: Table) -> Insert:
    return sql_insert(table)


@cache
def _update(table: Table, by: tuple[str, ...]) -> Update:
    return sql_update(table).where(_condition(table, by))


@cache
def _delete(table: Table, by: tuple[str, ...]) -> Delete:
    return sql_delete(table).where(_condition(table, by))
