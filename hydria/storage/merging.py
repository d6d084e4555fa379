"""Rows that are inserted or, when they are there already, changed: one statement, said as each database wants it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite


def replacing(dialect: str, table: Table) -> Insert:
    """Insert rows or replace those with the same key."""
    names = [column.name for column in table.columns if not column.primary_key]
    if dialect in ("mysql", "mariadb"):
        into = mysql.insert(table)
        return into.on_duplicate_key_update({name: into.inserted[name] for name in names})
    plain = _plain(dialect, table)
    made: Insert = plain.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_={name: plain.excluded[name] for name in names}
    )
    return made


def merging(dialect: str, table: Table, row: Mapping[str, Any], changes: Mapping[str, Any]) -> Insert:
    """Insert a row; when there is one with the same key, make these changes to it."""
    if dialect in ("mysql", "mariadb"):
        return mysql.insert(table).values(**row).on_duplicate_key_update(dict(changes))
    keys = list(table.primary_key.columns)
    made: Insert = _plain(dialect, table).values(**row).on_conflict_do_update(index_elements=keys, set_=dict(changes))
    return made


def _plain(dialect: str, table: Table) -> Any:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
