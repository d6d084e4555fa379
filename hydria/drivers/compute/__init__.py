"""Compute: machines for amphorae.

The contract (`tests/contract/test_compute.py` runs it on every driver):
- `create` is called at most once for a name. It returns when the cloud has accepted, not when the machine runs.
- `find` and `list` see a machine from the moment `create` may have made it; a late arrival appears there later.
- `destroy`, `unplug` of something absent do nothing. `plug` of something plugged does nothing.
- Everything made carries the deployment's mark, and `list` returns only what does.
"""

import enum
from dataclasses import dataclass, field
from typing import Protocol

from hydria.drivers.network import Port


class Power(enum.StrEnum):
    """What compute says of a machine."""

    BUILDING = "BUILDING"
    RUNNING = "RUNNING"
    OFF = "OFF"
    ERROR = "ERROR"
    GONE = "GONE"


@dataclass(frozen=True)
class Order:
    """A machine to make. `name` is fresh; `management` is a port made beforehand on the management network."""

    name: str
    amphora_id: str
    management: Port
    files: dict[str, bytes] = field(repr=False)  # config drive: path -> content
    flavor: str | None = None
    image: str | None = None
    zone: str | None = None


@dataclass(frozen=True)
class Machine:
    """A machine as compute sees it."""

    id: str
    name: str
    power: Power
    created_at: float  # seconds since 1970
    zone: str | None = None
    image: str | None = None
    flavor: str | None = None
    fault: str | None = None


class Compute(Protocol):
    """Faults: Temporary, Unknown (create, plug), Refused, OutOfResources."""

    def create(self, order: Order) -> str:
        """Ask for a machine; its id."""
        ...

    def look(self, machine_id: str) -> Machine:
        """The machine; power GONE when there is none."""
        ...

    def find(self, name: str) -> Machine | None:
        """The machine with that name."""
        ...

    def list(self) -> list[Machine]:
        """All machines of this deployment."""
        ...

    def destroy(self, machine_id: str) -> None:
        """Ask for its end; `look` says GONE when it has come."""
        ...

    def plug(self, machine_id: str, port: Port) -> None:
        """Give it a network card for the port; the card shows up with the port's MAC."""
        ...

    def unplug(self, machine_id: str, port_id: str) -> None:
        """Take the card away."""
        ...
