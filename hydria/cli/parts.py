"""What the commands may use of the rest; made by main, only when asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parts:
    """Each function builds its part at every call."""

    python: str
    processes: tuple[str, ...]
    databases: Callable[[], tuple[Any, Any]]
    migrate: Callable[[], None]
    networks: Callable[[], Any]
    compute: Callable[[], Any]
    network: Callable[[], Any]
    issuer: Callable[[], Any]
    health_address: Callable[[], str]
    fabric: Callable[[], Any]
    wires: Callable[[], Any]
    users: Callable[[], Any]
    configuration: Callable[[], Any]
    owned: Callable[[], tuple[int, int] | None]
    """How many load balancers are stored, and of how many projects; None where that cannot be read."""
