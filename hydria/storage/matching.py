"""Columns beside what users write in a query: equal to it, sorted by it, after it."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Float, Integer, and_, case, false, func, literal, or_

from hydria.domain.refusals import Invalid
from hydria.kit import ids
from hydria.storage import shown
from hydria.storage.columns import Id

TRUE, FALSE = ("true", "1", "yes", "on", "t", "y"), ("false", "0", "no", "off", "f", "n")
NEAR = 1e-6
"""Databases keep a fraction with more or fewer digits than it was written with."""


def equals(column: Any, name: str, value: str) -> ColumnElement[bool]:
    """Whether a column has a value that a user wrote; raises Invalid for one that it cannot have."""
    if isinstance(column.type, Id):
        return column == value if ids.is_id(value) else false()
    if name in ("created_at", "updated_at", "cert_expiration"):
        start = _moment(name, value)
        return and_(column >= start, column < start + shown.SECOND)
    if isinstance(column.type, Boolean):
        return column == _truth(name, value)  # type: ignore[no-any-return]
    if isinstance(column.type, Float):
        return column.between(_number(name, value) - NEAR, _number(name, value) + NEAR)  # type: ignore[no-any-return]
    if isinstance(column.type, Integer):
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
        read = float(value)
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        message = f"{name}: {value!r} is not a number."
        raise Invalid(message)
    return read


def _moment(name: str, value: str) -> int:
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        message = f"{name}: {value!r} is not a time like 2026-01-31T12:00:00."
        raise Invalid(message) from None
    return int(read.replace(tzinfo=read.tzinfo or UTC).timestamp()) * shown.SECOND


def sortable(column: Any) -> ColumnElement[Any]:
    """A column to sort by; nothing sorts as the smallest value, so that a page can go on after it."""
    if isinstance(column.type, Boolean):  # truths can be told apart, but are neither more nor less than each other
        return case((column, 1), else_=0)
    if not getattr(column, "nullable", False):
        return column  # type: ignore[no-any-return]
    if isinstance(column.type, Id):
        return func.coalesce(column, literal("00000000-0000-0000-0000-000000000000", Id()))
    return func.coalesce(column, 0 if isinstance(column.type, Integer | Float) else "")


def following(order: Sequence[tuple[ColumnElement[Any], bool]], row: Sequence[Any]) -> ColumnElement[bool]:
    """What comes after a row (of the values that are sorted by) in an order."""
    ways = []
    for i, (expression, descending) in enumerate(order):
        same = [e == v for (e, _), v in zip(order[:i], row, strict=False)]
        ways.append(and_(*same, expression < row[i] if descending else expression > row[i]))
    return or_(*ways)
