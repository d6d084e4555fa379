"""Identity: who is behind a token.

The contract:
- `caller` gives the same answer in every process of the API, without asking the others.
- A token that is unknown, expired or revoked has no caller; so has one whose user or project is gone.
- `Temporary` when the identity service does not answer: the request is refused with 503, never let through.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Caller:
    """Who asks, and in which project. The roles are those of that project."""

    user_id: str
    project_id: str
    roles: frozenset[str] = frozenset()
    is_admin: bool = False


class Identity(Protocol):
    """Faults: Temporary."""

    def caller(self, token: str | None) -> Caller | None:
        """Who is behind a token; None when nobody is."""
        ...
