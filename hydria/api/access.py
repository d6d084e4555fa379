"""Who may do what: one table of rights, one function that asks it."""

import enum

from hydria.domain.refusals import Forbidden
from hydria.drivers.identity import Caller


class Right(enum.Enum):
    """Groups of actions that the same people may do."""

    READ = "read"
    READ_GLOBAL = "read-global"
    WRITE = "write"
    ADMIN = "admin"


OWN: dict[Right, frozenset[str]] = {
    Right.READ: frozenset({"reader", "member"}),
    Right.WRITE: frozenset({"member"}),
    Right.READ_GLOBAL: frozenset(),
    Right.ADMIN: frozenset(),
}
"""Roles that give a right in one's own project; an administrator has every right in all of them."""


def may(caller: Caller, right: Right, project_id: str | None = None) -> bool:
    """Whether a caller has a right (None: in their own project)."""
    if caller.is_admin:
        return True
    return project_id in (None, caller.project_id) and bool(OWN[right] & caller.roles)


def allow(caller: Caller, right: Right, project_id: str | None = None) -> None:
    """Raise Forbidden unless the caller has a right."""
    if not may(caller, right, project_id):
        message = (
            f"Policy does not allow this request to be performed: it needs the right '{right.value}' in the project."
        )
        raise Forbidden(message)
