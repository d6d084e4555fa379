"""Identity: who is behind a token.

The contract:
- `caller` gives the same answer in every process of the API, without asking the others.
- A token that is unknown, expired or revoked has no caller; so has one whose user or project is gone.
- `Temporary` when the identity service does not answer: the request is refused with 503, never let through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Caller:
    """Who asks, and in which project. The roles are those of that project."""

    user_id: str
    project_id: str
    roles: frozenset[str] = frozenset()
    is_admin: bool = False
    """Whether the caller administers this service: the rules say so, never an identity."""
    domain_id: str = ""
    """Set: the roles are those of a domain instead."""
    system_scope: str = ""
    """Set: the roles are those of the whole system instead."""


class Identity(Protocol):
    """Faults: Temporary."""

    @property
    def challenge(self) -> str | None:
        """What an answer 401 says under WWW-Authenticate; None when what stands before the API says it."""
        ...

    def caller(self, token: str | None, environ: Mapping[str, Any] = EMPTY) -> Caller | None:
        """Who is behind a token, of a request with this WSGI environment; None when nobody is."""
        ...
