"""Rules between resources: what an object of a tree must fulfil before it is accepted. Pure.

`check(tree, part, offer)` gives the object as it is to be stored (what follows from others filled in) or raises a refusal.
`tree` is the desired tree the object goes into; an older form of the same object in it is passed over.
"""

import ipaddress
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from hydria.domain import l7
from hydria.domain.articles import an
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool, SessionPersistence
from hydria.domain.refusals import Conflict, Invalid, NotFound
from hydria.domain.tree import Tree
from hydria.domain.types import (
    Alpn,
    ClientAuthentication,
    HttpMethod,
    ListenerProtocol,
    MonitorType,
    Persistence,
    PoolProtocol,
    VnicType,
)

LP, PP = ListenerProtocol, PoolProtocol

TLS_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""From the weakest."""


FORWARDED = frozenset(
    {"X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-IP", "X-Client-IP", "X-Real-IP"}
)
OF_CLIENT = frozenset(
    f"X-SSL-{name}" for name in ("Client-Verify", "Client-Has-Cert", "Client-DN", "Client-CN", "Issuer", "Client-SHA1")
) | {"X-SSL-Client-Not-Before", "X-SSL-Client-Not-After"}


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """How TLS is spoken by what does not say it itself."""

    ciphers: str | None = None
    tls_versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    alpn: tuple[Alpn, ...] = (Alpn.H2, Alpn.HTTP_1_1, Alpn.HTTP_1_0)


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """The timeouts of a listener that does not say them itself, in ms."""

    timeout_client_data: int = 50000
    timeout_member_connect: int = 5000
    timeout_member_data: int = 50000
    timeout_tcp_inspect: int = 0


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator allows, and the defaults the operator chose."""

    tls_listeners: bool = True
    prometheus_listeners: bool = True
    ping_monitors: bool = True
    minimum_tls_version: str | None = None
    prohibited_ciphers: tuple[str, ...] = ()
    listeners: Usual = Usual()
    pools: Usual = Usual()
    timeouts: Timeouts = Timeouts()
    udp_connect_least_delay: int = 3
    reserved_addresses: tuple[str, ...] = ("169.254.169.254",)
    headers: frozenset[str] = FORWARDED | OF_CLIENT
    """Those that listeners can really insert."""


CARRIES: dict[ListenerProtocol, frozenset[PoolProtocol]] = {
    LP.TCP: frozenset({PP.HTTP, PP.HTTPS, PP.PROXY, PP.PROXYV2, PP.TCP}),
    LP.HTTP: frozenset({PP.HTTP, PP.PROXY, PP.PROXYV2}),
    LP.HTTPS: frozenset({PP.HTTPS, PP.PROXY, PP.PROXYV2, PP.TCP}),
    LP.TERMINATED_HTTPS: frozenset({PP.HTTP, PP.PROXY, PP.PROXYV2}),
    LP.UDP: frozenset({PP.UDP}),
    LP.SCTP: frozenset({PP.SCTP}),
    LP.PROMETHEUS: frozenset(),
}
"""Which pools a listener can hand connections to."""

HEADERS: dict[ListenerProtocol, frozenset[str]] = {LP.HTTP: FORWARDED, LP.TERMINATED_HTTPS: FORWARDED | OF_CLIENT}
"""Headers a listener may insert."""

DATAGRAMS = (PP.UDP, PP.SCTP)
MONITORS_OF_DATAGRAMS = (MonitorType.UDP_CONNECT, MonitorType.SCTP, MonitorType.TCP, MonitorType.HTTP)
MOST_RULES = 50
EXCLUSIVE = (
    "allowed_cidrs of listeners and vip_sg_ids of their load balancer exclude each other; set one of them to []."
)
PLAIN: dict[str, Any] = {"tls_ciphers": None, "tls_versions": None, "alpn_protocols": None}
"""What is said of TLS where none is spoken."""


def _refuse(unless: bool, message: str) -> None:
    if not unless:
        raise Invalid(message)


def transport(protocol: ListenerProtocol) -> str:
    """What a listener of a protocol binds: two listeners of one load balancer share no port of one transport."""
    return protocol.value if protocol in (LP.UDP, LP.SCTP) else "TCP"


# --- load balancer
def _load_balancer(tree: Tree, lb: LoadBalancer, _offer: Offer) -> LoadBalancer:
    subnets = [v.subnet_id for v in lb.additional_vips]
    taken = [*subnets, lb.vip_subnet_id] if lb.vip_subnet_id else subnets
    _refuse(len(set(taken)) == len(taken), "additional_vips: every VIP must be in a subnet of its own.")
    is_virtual = lb.vip_vnic_type is VnicType.DIRECT
    _refuse(not (lb.vip_sg_ids and is_virtual), "vip_sg_ids: the port of an SR-IOV VIP has no security groups.")
    _refuse(not (lb.vip_sg_ids and any(li.allowed_cidrs for li in tree.listeners.values())), EXCLUSIVE)
    return lb


# --- listener
def _listener(tree: Tree, li: Listener, offer: Offer) -> Listener:
    for other in tree.listeners.values():
        if other.id != li.id and (transport(other.protocol), other.protocol_port) == (
            transport(li.protocol),
            li.protocol_port,
        ):
            message = f"listener {other.id} already uses {transport(li.protocol)} port {li.protocol_port} of this load balancer."
            raise Conflict(message)
    _refuse(
        offer.tls_listeners or li.protocol is not LP.TERMINATED_HTTPS,
        "TERMINATED_HTTPS listeners are not offered here.",
    )
    _refuse(
        offer.prometheus_listeners or li.protocol is not LP.PROMETHEUS, "PROMETHEUS listeners are not offered here."
    )
    _certificates(li)
    _headers(li, offer)
    _cidrs(tree, li)
    _hsts(li)
    _default_pool(tree, li)
    return _secured(_timed(li, offer), offer)


def _timed(li: Listener, offer: Offer) -> Listener:
    usual = msgspec.structs.asdict(offer.timeouts)
    return msgspec.structs.replace(li, **{name: ms for name, ms in usual.items() if getattr(li, name) is None})


def _default_pool(tree: Tree, li: Listener) -> None:
    if li.default_pool_id is None:
        return
    pool = tree.pools.get(li.default_pool_id)
    if pool is None:
        message = f"pool {li.default_pool_id} does not exist in this load balancer."
        raise NotFound(message)
    compatible(li, pool)


def compatible(li: Listener, pool: Pool) -> None:
    """Whether a listener can hand connections to a pool; raises Invalid."""
    takes = ", ".join(sorted(CARRIES[li.protocol])) or "none"
    fits = pool.protocol in CARRIES[li.protocol]
    _refuse(fits, f"{an(li.protocol)} listener cannot use {an(pool.protocol)} pool; it takes {takes}.")


def _certificates(li: Listener) -> None:
    own = bool(li.default_tls_container_ref or li.sni_container_refs)
    client = bool(li.client_ca_tls_container_ref or li.client_crl_container_ref)
    takes = li.protocol in (LP.TERMINATED_HTTPS, LP.PROMETHEUS)
    _refuse(takes or not (own or client), f"{an(li.protocol)} listener has no certificates; leave them out.")
    _refuse(
        own or li.protocol is not LP.TERMINATED_HTTPS,
        "a TERMINATED_HTTPS listener needs default_tls_container_ref or sni_container_refs.",
    )
    _refuse(own or not client, "client_ca_tls_container_ref needs default_tls_container_ref or sni_container_refs.")
    has_ca = bool(li.client_ca_tls_container_ref)
    _refuse(has_ca or not li.client_crl_container_ref, "client_crl_container_ref needs client_ca_tls_container_ref.")
    wants = li.client_authentication is not ClientAuthentication.NONE
    _refuse(has_ca or not wants, f"client_authentication {li.client_authentication} needs client_ca_tls_container_ref.")


def _headers(li: Listener, offer: Offer) -> None:
    known = HEADERS.get(li.protocol, frozenset())
    _refuse(
        bool(known) or not li.insert_headers,
        f"{an(li.protocol)} listener cannot insert headers; leave them out.",
    )
    for name in li.insert_headers:
        _refuse(name in known, f"insert_headers: {name!r} is not one of {', '.join(sorted(known & offer.headers))}.")


def _cidrs(tree: Tree, li: Listener) -> None:
    lb = tree.loadbalancer
    if lb is None or not li.allowed_cidrs:
        return
    _refuse(not lb.vip_sg_ids, EXCLUSIVE)
    vips = [lb.vip_address, *(v.address for v in lb.additional_vips)]
    families = {ipaddress.ip_address(v).version for v in vips if v}
    if families:
        reachable(li, families)


def reachable(li: Listener, families: Collection[int]) -> None:
    """Whether a VIP of these IP versions can be reached from where a listener lets clients in; raises Invalid."""
    for cidr in li.allowed_cidrs:
        version = ipaddress.ip_network(cidr).version
        fits = version in families
        _refuse(fits, f"allowed_cidrs: {cidr} is IPv{version}, and no VIP of the load balancer is.")


def _hsts(li: Listener) -> None:
    asked = li.hsts_max_age is not None or li.hsts_include_subdomains or li.hsts_preload
    _refuse(li.protocol is LP.TERMINATED_HTTPS or not asked, "hsts_* needs a TERMINATED_HTTPS listener.")
    _refuse(li.hsts_max_age is not None or not asked, "hsts_include_subdomains and hsts_preload need hsts_max_age.")


def _secured(li: Listener, offer: Offer) -> Listener:
    _tls(li, offer)
    if li.protocol is LP.PROMETHEUS:
        return li
    return msgspec.structs.replace(li, **(_tls_defaults(li, offer) if li.protocol is LP.TERMINATED_HTTPS else PLAIN))


def _tls_defaults(thing: Listener | Pool, offer: Offer) -> dict[str, Any]:
    usual = offer.listeners if isinstance(thing, Listener) else offer.pools
    return {
        "tls_ciphers": thing.tls_ciphers or usual.ciphers,
        "tls_versions": thing.tls_versions or list(usual.tls_versions),
        "alpn_protocols": thing.alpn_protocols or list(usual.alpn),
    }


def _tls(thing: Listener | Pool, offer: Offer) -> None:
    """Versions, ciphers and ALPN: known, and none weaker than the operator allows."""
    _refuse(thing.alpn_protocols is None or bool(thing.alpn_protocols), "alpn_protocols must not be empty.")
    _refuse(thing.tls_versions is None or bool(thing.tls_versions), "tls_versions must not be empty.")
    least = TLS_VERSIONS.index(offer.minimum_tls_version) if offer.minimum_tls_version else 0
    for version in thing.tls_versions or ():
        allowed = version in TLS_VERSIONS[least:]
        _refuse(allowed, f"tls_versions: {version!r} is not one of {', '.join(TLS_VERSIONS[least:])}.")
    for cipher in (thing.tls_ciphers or "").split(":"):
        _refuse(cipher not in offer.prohibited_ciphers or not cipher, f"tls_ciphers: {cipher} is prohibited here.")


# --- pool
def _pool(tree: Tree, pool: Pool, offer: Offer) -> Pool:
    li = tree.listeners.get(pool.listener_id or "")
    if li is not None:
        compatible(li, pool)
        if li.default_pool_id not in (None, pool.id):
            message = f"listener {li.id} already has the default pool {li.default_pool_id}."
            raise Conflict(message)
    _refuse(
        bool(pool.ca_tls_container_ref) or not pool.crl_container_ref, "crl_container_ref needs ca_tls_container_ref."
    )
    _persistence(pool.protocol, pool.session_persistence)
    _tls(pool, offer)
    return msgspec.structs.replace(pool, **(_tls_defaults(pool, offer) if pool.tls_enabled else PLAIN))


def _persistence(protocol: PoolProtocol, kept: SessionPersistence | None) -> None:
    if kept is None:
        return
    by_cookie = kept.type is Persistence.APP_COOKIE
    _refuse(
        bool(kept.cookie_name) == by_cookie, "session_persistence: cookie_name goes with APP_COOKIE, and only with it."
    )
    of_datagrams = kept.persistence_timeout is not None or kept.persistence_granularity is not None
    _refuse(
        protocol in DATAGRAMS or not of_datagrams,
        "session_persistence: persistence_timeout and persistence_granularity need a UDP or SCTP pool.",
    )
    _refuse(
        protocol not in DATAGRAMS or kept.type is Persistence.SOURCE_IP,
        f"session_persistence: {an(protocol)} pool takes SOURCE_IP only.",
    )


# --- member
def _member(tree: Tree, member: Member, offer: Offer) -> Member:
    reserved = {ipaddress.ip_address(a) for a in offer.reserved_addresses}
    _refuse(_plain(member.address) not in reserved, f"address: {member.address} is reserved.")
    for other in tree.members_of(member.pool_id):
        if other.id != member.id and (other.address, other.protocol_port) == (member.address, member.protocol_port):
            message = (
                f"member {other.id} of this pool already has address {member.address} and port {member.protocol_port}."
            )
            raise Conflict(message)
    return msgspec.structs.replace(member, vnic_type=VnicType.DIRECT) if member.request_sriov else member


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """What an address leads to: an IPv4 address may be written as an IPv6 one."""
    found = ipaddress.ip_address(address)
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


# --- health monitor
def _monitor(tree: Tree, monitor: HealthMonitor, offer: Offer) -> HealthMonitor:
    pool = tree.pools[monitor.pool_id]
    other = tree.monitor_of(pool.id)
    if other is not None and other.id != monitor.id:
        message = f"pool {pool.id} already has the health monitor {other.id}."
        raise Conflict(message)
    of_datagrams = pool.protocol in DATAGRAMS
    fits = monitor.type in MONITORS_OF_DATAGRAMS if of_datagrams else monitor.type not in MONITORS_OF_DATAGRAMS[:2]
    _refuse(fits, f"{an(pool.protocol)} pool cannot have {an(monitor.type)} health monitor.")
    _refuse(offer.ping_monitors or monitor.type is not MonitorType.PING, "PING health monitors are not offered here.")
    late = monitor.type is not MonitorType.UDP_CONNECT or monitor.delay >= offer.udp_connect_least_delay
    _refuse(late, f"delay: a UDP-CONNECT health monitor needs at least {offer.udp_connect_least_delay}.")
    return _asking(monitor)


def _asking(monitor: HealthMonitor) -> HealthMonitor:
    """What is asked of a member over HTTP, with its defaults."""
    if monitor.type not in (MonitorType.HTTP, MonitorType.HTTPS):
        for name in ("http_method", "url_path", "expected_codes", "http_version", "domain_name"):
            _refuse(
                getattr(monitor, name) is None,
                f"{name}: {an(monitor.type)} health monitor has none; leave it out.",
            )
        return monitor
    _refuse(monitor.domain_name is None or monitor.http_version == 1.1, "domain_name needs http_version 1.1.")
    return msgspec.structs.replace(
        monitor,
        http_method=monitor.http_method or HttpMethod.GET,
        url_path=monitor.url_path or "/",
        expected_codes=monitor.expected_codes or "200",
    )


# --- policy and rule
def _policy(tree: Tree, policy: L7Policy, _offer: Offer) -> L7Policy:
    li = tree.listeners[policy.listener_id]
    _refuse(li.protocol is not LP.PROMETHEUS, "a PROMETHEUS listener has no policies.")
    pool = tree.pools.get(policy.redirect_pool_id or "")
    if policy.redirect_pool_id is not None and pool is None:  # also where the action makes no use of it
        message = f"pool {policy.redirect_pool_id} does not exist in this load balancer."
        raise NotFound(message)
    policy = l7.policy(policy)
    if pool is not None and policy.redirect_pool_id is not None:
        compatible(li, pool)
    return policy


def _rule(tree: Tree, rule: L7Rule, _offer: Offer) -> L7Rule:
    others = [r for r in tree.rules_of(rule.l7policy_id) if r.id != rule.id]
    if len(others) >= MOST_RULES:
        message = f"policy {rule.l7policy_id} already has {MOST_RULES} rules, the most there can be."
        raise Conflict(message)
    l7.rule(rule)
    return rule


CHECKS: dict[type[Part], Callable[[Tree, Any, Offer], Any]] = {
    LoadBalancer: _load_balancer,
    Listener: _listener,
    Pool: _pool,
    Member: _member,
    HealthMonitor: _monitor,
    L7Policy: _policy,
    L7Rule: _rule,
}


def check(tree: Tree, part: Part, offer: Offer) -> Part:
    """The object as it is to be stored; raises Invalid, NotFound or Conflict."""
    checked: Part = CHECKS[type(part)](tree, part, offer)
    return checked


def removable(tree: Tree, part: Part) -> None:
    """Whether an object may be removed; raises Conflict."""
    if isinstance(part, Pool):
        for policy in tree.l7policies.values():
            if policy.redirect_pool_id == part.id:
                message = f"pool {part.id} is used by the L7 policy {policy.id}; change or delete that first."
                raise Conflict(message)
