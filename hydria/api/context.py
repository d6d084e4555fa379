"""What the API is given: databases, drivers, clock and settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hydria.api.access import Policy
from hydria.api.places import Limits
from hydria.api.server.lanes import Slots
from hydria.domain import capabilities
from hydria.domain.lacks import Lacks
from hydria.domain.refusals import Invalid, Unsupported
from hydria.domain.rules import Offer
from hydria.drivers.identity import Identity
from hydria.drivers.identity.local import LocalIdentity
from hydria.drivers.network import Network
from hydria.kit.clock import Clock
from hydria.messaging import Nudge
from hydria.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """Settings of the API."""

    public_url: str | None = None
    """How clients reach us, without a slash at the end; None: as the request says."""
    create_s: float = 15
    """After so long a load balancer that is not made shows ERROR."""
    push_s: float = 30
    """The same for a change."""
    delete_s: float = 30
    """The same for a deletion."""
    healthcheck: bool = False
    """Whether /healthcheck answers."""
    most_bytes: int = 4 * 1024 * 1024
    """Largest body of a request."""
    allow_pagination: bool = True
    """Whether lists come in pages; False: whole, whatever is asked."""
    allow_sorting: bool = True
    """Whether lists are sorted as is asked."""
    allow_filtering: bool = True
    """Whether lists hold only what is asked for."""
    allow_field_selection: bool = True
    """Whether only those attributes are shown that are asked for."""
    pagination_max_limit: int | None = 1000
    """Most objects on one page; None: no limit."""
    wait_s: float = 30
    """How long a request with wait=applied may wait."""
    fast_ack_ms: float = 0
    """How long the answer to a change may wait for its application when that is probably quick; 0: not at all."""
    strict_immutable: bool = False
    """True: a change of something pending is refused with 409."""
    default_provider: str = capabilities.OWN
    """Provider of load balancers that name none."""
    providers: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({capabilities.OWN: "Ours.", "octavia": "Another name of it."})
    )
    """Providers that may be chosen, and what they are."""
    aliases: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(("octavia", "amphorav2"), capabilities.OWN))
    )
    """Other names of providers."""
    drivers: frozenset[str] = frozenset({capabilities.OWN})
    """Providers whose driver is here."""
    allow_vip_network_id: bool = True
    """Whether users may name the network of a VIP."""
    allow_vip_subnet_id: bool = True
    """The same of its subnet."""
    allow_vip_port_id: bool = True
    """The same of its port."""
    quotas: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Default limits by name of the kind's table; absent or -1: no limit."""
    vips: Limits = field(default_factory=Limits)
    """Where VIPs may be, unless an availability zone says so."""
    offer: Offer = field(default_factory=Offer)
    """What users may ask for."""

    @property
    def page(self) -> int | None:
        """Objects on a page that is not asked to be smaller; None: all."""
        return self.pagination_max_limit if self.allow_pagination else None

    def provider(self, asked: str, attribute: str = "provider") -> str:
        """A provider's own name; raises Invalid, about the attribute that names it, when it may not be chosen, Unsupported
        when its driver is not here.
        """
        if asked not in self.providers:
            message = f"{attribute}: {asked!r} is not enabled; enabled are {', '.join(sorted(self.providers))}."
            raise Invalid(message)
        name = self.aliases.get(asked, asked)
        if name not in self.drivers:
            message = f"{attribute}: {asked!r} is enabled, but its driver could not be found; tell the operator."
            raise Unsupported(message)
        return name


@dataclass(frozen=True, kw_only=True)
class Context:
    """All that a request needs."""

    database: Database
    observed: Database
    network: Network
    nudge: Nudge
    identity: Identity
    policy: Policy
    clock: Clock
    settings: ApiSettings = field(default_factory=ApiSettings)
    lacks: Lacks = field(default_factory=Lacks)
    """What the data plane cannot do of what users may ask for."""
    writing: Slots = field(default_factory=Slots)
    """The threads that answer writes."""
    meter: Callable[[str, str, int, float], None] = lambda _method, _route, _code, _seconds: None
    """Told of every request that was answered."""
    local: LocalIdentity | None = None
    """Set: the identity and network look-ups of one machine are served too."""

    def now(self) -> int:
        """Microseconds since 1970."""
        return int(self.clock.now() * 1_000_000)
