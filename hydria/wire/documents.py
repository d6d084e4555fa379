"""Documents: what a controller tells an amphora over mutual TLS, and what it answers. JSON by msgspec.

Paths (all JSON unless said; every error is `Fault`):

    GET    /                                   {"versions": [1]}
    GET    /v1/facts                           Facts
    GET    /v1/csr                             {"csr": PEM}; the key is made in the amphora and never leaves it
    PUT    /v1/certificate                     {"chain": PEM} -> 204; used from the next connection on
    PUT    /v1/node                            NodeDocument -> Facts; 409 when its epoch is lower
    POST   /v1/placements/{lb}/prove           PlacementDocument -> Proof (no side effect)
    PUT    /v1/placements/{lb}                 PlacementDocument -> Applied; 409 lower, 422 Proof (refused, what ran runs)
    POST   /v1/placements/{lb}/retire          {"epoch": n} -> {"connections": n}: frontends down, existing connections go on
    DELETE /v1/placements/{lb}?epoch=n         204, also when absent: stop it and remove everything of it
    GET    /v1/placements/{lb}/state           msgpack: a list of what the bodies of a full turn of State datagrams would be
"""

import hashlib

import msgspec

VERSION = 1


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A route of a placement's namespace. `destination` is a CIDR or `default`."""

    destination: str
    via: str


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """A network card of a placement, known by its MAC; the agent moves it into the namespace."""

    mac: str
    name: str  # inside the namespace: vip0, net1, net2 …
    addresses: tuple[str, ...]  # with prefix length; the amphora's own
    floating: tuple[str, ...] = ()  # with prefix length; VIPs, announced when they come up
    routes: tuple[Route, ...] = ()
    mtu: int = 1500


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A PEM file by name and digest; `pem` only when the amphora does not hold that digest."""

    name: str
    digest: str
    pem: str | None = None


class PlacementDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one load balancer needs on one amphora."""

    load_balancer_id: str
    epoch: int
    generation: int
    digest: str  # of `files`, `interfaces` and the certificates' digests: see `digest_of`
    files: dict[str, str]  # haproxy.cfg, and later keepalived.conf, nft
    interfaces: tuple[Interface, ...]
    certificates: tuple[Certificate, ...] = ()
    from_digest: str | None = None  # what `commands` start from
    from_start: str | None = None  # and the haproxy start id they start from
    commands: tuple[str, ...] | None = None  # runtime commands; any failure means a reload; () means nothing to do


class NodeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What is common to all placements of an amphora."""

    amphora_id: str
    epoch: int
    controllers: tuple[str, ...]  # ip:port of health managers, UDP
    trust: str  # PEM bundle: whom the agent accepts
    session: str  # id of the datagram session
    session_key: str  # hex; see wire.datagrams
    alive_every_s: float
    statistics_every_s: float
    placements: tuple[str, ...]  # load balancer ids that may be here; others are removed


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a document is refused."""

    what: str  # haproxy | bind | descriptors | memory | certificate | interface | digest
    text: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `prove`: accepted when there are no problems."""

    problems: tuple[Problem, ...] = ()


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a push."""

    digest: str
    generation: int
    how: str  # started | commands | reloaded | unchanged
    start: str  # haproxy start id now
    took_ms: float


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent knows of one placement."""

    load_balancer_id: str
    epoch: int
    generation: int
    digest: str
    start: str  # "" while haproxy does not run
    running: bool
    connections: int = 0


class Nic(msgspec.Struct, frozen=True, kw_only=True):
    """A network card as the agent sees it; `load_balancer_id` when it is in a placement."""

    mac: str
    name: str
    load_balancer_id: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is and holds."""

    amphora_id: str
    boot_id: str
    node_epoch: int
    session: str  # "" while its key is not held, as after a boot
    haproxy: str  # version
    memory_mb: int
    descriptors: int  # that one haproxy may have
    nics: tuple[Nic, ...]
    placements: tuple[Placed, ...]
    certificates: tuple[str, ...] = ()  # digests held
    bootstrap: bool = False  # still on its bootstrap certificate


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Any error."""

    error: str
    proof: Proof | None = None


def digest_of(
    files: dict[str, str], interfaces: tuple[Interface, ...], certificates: tuple[Certificate, ...] = ()
) -> str:
    """The digest of what a document makes run."""
    body = msgspec.json.encode(
        [sorted(files.items()), interfaces, sorted((c.name, c.digest) for c in certificates)], order="deterministic"
    )
    return hashlib.sha256(body).hexdigest()
