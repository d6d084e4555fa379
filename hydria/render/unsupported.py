"""What the data plane cannot do yet: asked before anything is promised, so that nothing shown ACTIVE does not work."""

from collections.abc import Callable, Mapping
from typing import Any

from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.tree import Tree
from hydria.domain.types import Algorithm, ListenerProtocol, MonitorType, Persistence, PoolProtocol, VnicType
from hydria.render import haproxy

Test = Callable[[Any, Tree], bool]

LISTENERS = "use HTTP, HTTPS (passed through) or TCP"
POOLS = "use HTTP, HTTPS (passed through), PROXY, PROXYV2 or TCP"
MONITORS = "use HTTP, PING or TCP"
FLAVOR: dict[str, tuple[Any, ...]] = {
    "loadbalancer_topology": ("SINGLE",),
    "sriov_vip": (False,),
    "allow_member_sriov": (False,),
}
"""What a flavor may set, and to what; the rest needs a cloud that has flavors, images or such cards."""
ZONE: dict[str, tuple[Any, ...]] = {"valid_vip_networks": ()}
"""The same of an availability zone; nothing named: all values."""
HEADERS = ("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto")
COOKIES = (Persistence.APP_COOKIE, Persistence.HTTP_COOKIE)


def unsupported(part: Part, tree: Tree) -> str | None:
    """Why an object of this tree cannot be rendered, and what can be done instead; None when it can."""
    return next((reason for test, reason in TABLE[type(part)] if test(part, tree)), None)


def unserved(flavor: Mapping[str, Any], zone: Mapping[str, Any]) -> str | None:
    """Why what a flavor and an availability zone set cannot be served; None when it can."""
    for chosen, fine in ((flavor, FLAVOR), (zone, ZONE)):
        for name, value in chosen.items():
            if name not in fine or (fine[name] and value not in fine[name]):
                what = "flavor_id" if chosen is flavor else "availability_zone"
                return f"{what}: it sets {name} to {value!r}, which is not supported yet; use another."
    return None


def _has(*names: str) -> Test:
    return lambda part, _tree: any(getattr(part, name) for name in names)


def _is(name: str, *values: object) -> Test:
    return lambda part, _tree: getattr(part, name) in values


def _always(_part: Part, _tree: Tree) -> bool:
    return True


def _has_other_headers(listener: Listener, _tree: Tree) -> bool:
    return any(name not in HEADERS for name in listener.insert_headers)


def _has_cookies_in_bytes(pool: Pool, tree: Tree) -> bool:
    if not pool.session_persistence or pool.session_persistence.type not in COOKIES:
        return False
    return any(haproxy.backend_mode(listener, pool) == "tcp" for listener in tree.listeners_of(pool.id))


def _leads_to_cookies_in_bytes(listener: Listener, tree: Tree) -> bool:
    pool = tree.pools.get(listener.default_pool_id or "")
    return pool is not None and _has_cookies_in_bytes(pool, tree.plus(listener))


def _is_pinged_elsewhere(member: Member, tree: Tree) -> bool:
    monitor = tree.monitor_of(member.pool_id)
    return bool(member.monitor_address) and monitor is not None and monitor.type is MonitorType.PING


def _pings_elsewhere(monitor: HealthMonitor, tree: Tree) -> bool:
    with_it = tree.plus(monitor)
    return any(_is_pinged_elsewhere(member, with_it) for member in tree.members_of(monitor.pool_id))


TABLE: dict[type[Part], tuple[tuple[Test, str], ...]] = {
    LoadBalancer: (
        (_has("vip_qos_policy_id"), "vip_qos_policy_id: quality of service is not supported yet; leave it out."),
        (
            _has("vip_sg_ids"),
            "vip_sg_ids: security groups of the VIP are not supported yet; use allowed_cidrs of listeners.",
        ),
        (
            _has("additional_vips"),
            "additional_vips: more than one VIP is not supported yet; use one load balancer for each.",
        ),
        (_is("vip_vnic_type", VnicType.DIRECT), "vip_vnic_type: SR-IOV is not supported yet; use a normal port."),
    ),
    Listener: (
        (_is("protocol", ListenerProtocol.UDP), f"protocol: UDP listeners are not supported yet; {LISTENERS}."),
        (_is("protocol", ListenerProtocol.SCTP), f"protocol: SCTP listeners are not supported yet; {LISTENERS}."),
        (
            _is("protocol", ListenerProtocol.TERMINATED_HTTPS),
            "protocol: TERMINATED_HTTPS listeners are not supported yet; use HTTPS, and let the members terminate TLS.",
        ),
        (
            _is("protocol", ListenerProtocol.PROMETHEUS),
            f"protocol: PROMETHEUS listeners are not supported yet; {LISTENERS}.",
        ),
        (
            _has(
                "default_tls_container_ref",
                "sni_container_refs",
                "client_ca_tls_container_ref",
                "client_crl_container_ref",
            ),
            "Certificates on listeners are not supported yet; use HTTPS, and let the members terminate TLS.",
        ),
        (_has_other_headers, f"insert_headers: only {', '.join(HEADERS)} are supported yet; leave the others out."),
        (
            _leads_to_cookies_in_bytes,
            "default_pool_id: this pool keeps clients by cookie, which needs an HTTP listener.",
        ),
    ),
    Pool: (
        (_is("protocol", PoolProtocol.UDP), f"protocol: UDP pools are not supported yet; {POOLS}."),
        (_is("protocol", PoolProtocol.SCTP), f"protocol: SCTP pools are not supported yet; {POOLS}."),
        (
            _is("lb_algorithm", Algorithm.SOURCE_IP_PORT),
            "lb_algorithm: SOURCE_IP_PORT is not supported; use SOURCE_IP, ROUND_ROBIN or LEAST_CONNECTIONS.",
        ),
        (
            _has("tls_enabled"),
            "tls_enabled: TLS to members is not supported yet; use HTTPS, which passes clients' TLS through.",
        ),
        (
            _has("tls_container_ref", "ca_tls_container_ref", "crl_container_ref"),
            "Certificates on pools are not supported yet; use HTTPS, which passes clients' TLS through.",
        ),
        (_has_cookies_in_bytes, "session_persistence: cookies need an HTTP listener; use SOURCE_IP here."),
    ),
    Member: (
        (_has("request_sriov"), "request_sriov: SR-IOV ports are not supported yet; leave it out."),
        (_is("vnic_type", VnicType.DIRECT), "vnic_type: SR-IOV ports are not supported yet; use a normal port."),
        (_is_pinged_elsewhere, "monitor_address: a PING monitor checks the address itself; use a TCP or HTTP monitor."),
    ),
    HealthMonitor: (
        (_pings_elsewhere, "type: PING cannot check a member's monitor_address; use a TCP or HTTP monitor."),
        (_is("type", MonitorType.HTTPS), f"type: HTTPS monitors are not supported yet; {MONITORS}."),
        (_is("type", MonitorType.TLS_HELLO), f"type: TLS-HELLO monitors are not supported yet; {MONITORS}."),
        (_is("type", MonitorType.UDP_CONNECT), f"type: UDP-CONNECT monitors are not supported yet; {MONITORS}."),
        (_is("type", MonitorType.SCTP), f"type: SCTP monitors are not supported yet; {MONITORS}."),
    ),
    L7Policy: ((_always, "L7 policies are not supported yet; use one listener for each pool."),),
    L7Rule: ((_always, "L7 rules are not supported yet; use one listener for each pool."),),
}
"""For each kind what is not rendered yet; the first line that applies is the answer."""
