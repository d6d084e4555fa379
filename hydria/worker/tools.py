"""What a worker works with; built by main."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hydria.amphora import Amphorae
from hydria.drivers.certificates import Issuer
from hydria.drivers.compute import Compute
from hydria.drivers.network import Network
from hydria.kit.clock import Clock
from hydria.kit.secret import Secret
from hydria.storage.database import Database

SideBySide = Callable[[Sequence[Callable[[], None]]], None]
"""Does all of these, at the same time where it can; raises the first fault when all have ended."""


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker behaves. Times are in seconds."""

    deployment: str
    """The uuid that marks everything of this deployment."""
    management_network: str
    """The network on which controllers and amphorae talk."""
    controllers: tuple[str, ...]
    """Where amphorae send datagrams: ip:port of every health manager."""
    master_keys: dict[int, Secret]
    """Keys that session keys derive from, by version; the highest is used for new sessions."""
    threads: int = 8
    """Load balancers worked on at the same time."""
    boot_s: float = 15.0
    """How long an amphora may take to answer (Nova: 300)."""
    boot_poll_s: float = 0.01
    """How often a booting amphora is tried (Nova: 1)."""
    drain_s: float = 5.0
    """How long open connections of a deleted load balancer may go on."""
    gone_s: float = 10.0
    """How long a machine may take to disappear."""
    alive_every_s: float = 1.0
    """How often amphorae say that they live."""
    statistics_every_s: float = 10.0
    """How often amphorae send statistics."""
    retry_first_s: float = 1.0
    """Wait after the first failure; doubled at each further one."""
    retry_most_s: float = 30.0
    """Longest wait between two tries."""
    look_every_s: float = 1.0
    """How often the database is searched for work that no nudge told of."""
    haproxy: str = "/usr/sbin/haproxy"
    """Where haproxy is in an amphora."""
    image: str = ""
    """The image amphorae are made from."""
    flavor: str | None = None
    """The compute flavor amphorae are made with."""


@dataclass(frozen=True)
class Tools:
    """Everything a run needs of the outside."""

    database: Database
    compute: Compute
    network: Network
    amphorae: Amphorae
    issuer: Issuer
    clock: Clock
    settings: WorkerSettings
    side_by_side: SideBySide
    noticed: Callable[[str, float], None] = lambda _outcome, _seconds: None
    """Told of every run that ended: how, and how long its steps took."""
