"""Statuses. The provisioning status is computed from generations, never stored."""

import enum
from typing import Protocol


class Provisioning(enum.StrEnum):
    PENDING_CREATE = "PENDING_CREATE"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_DELETE = "PENDING_DELETE"
    ACTIVE = "ACTIVE"
    ERROR = "ERROR"


class Operating(enum.StrEnum):
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    DEGRADED = "DEGRADED"
    ERROR = "ERROR"
    DRAINING = "DRAINING"
    NO_MONITOR = "NO_MONITOR"


class Marked(Protocol):
    """The generations of an object: a part of a tree, or a row of one."""

    @property
    def born(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def touched(self) -> int: ...
    @property
    def deleted(self) -> int: ...


def provisioning(part: Marked, settled: int, *, refused_at: int | None, overdue: bool) -> Provisioning:
    """Where an object stands.

    `settled` is the generation its load balancer has settled, `refused_at` the generation its verdict is about
    (None: no verdict), `overdue` whether the load balancer's deadline has passed.
    """
    if part.touched > settled:
        if overdue:
            return Provisioning.ERROR
        if part.deleted:
            return Provisioning.PENDING_DELETE
        return Provisioning.PENDING_CREATE if part.born > settled else Provisioning.PENDING_UPDATE
    return Provisioning.ERROR if refused_at == part.changed else Provisioning.ACTIVE


def is_overdue(generation: int, settled: int, due_at: int, now: int) -> bool:
    """Whether work on a load balancer should have ended by `now` (microseconds)."""
    return generation > settled and 0 < due_at < now
