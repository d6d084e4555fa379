"""What the data plane cannot do yet: asked before anything is promised, so that nothing shown ACTIVE does not work."""

from hydria.domain import rules
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.lacks import Lack, Lacks, Served
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.tree import Tree
from hydria.domain.types import (
    Algorithm,
    ClientAuthentication,
    ListenerProtocol,
    MonitorType,
    Persistence,
    PoolProtocol,
    VnicType,
)
from hydria.render import haproxy

LISTENERS = "use HTTP, HTTPS (passed through) or TCP"
POOLS = "use HTTP, HTTPS (passed through), PROXY, PROXYV2 or TCP"
MONITORS = "use HTTP, PING or TCP"
THROUGH = "use HTTPS, and let the members terminate TLS."
FLAVOR: Served = {"loadbalancer_topology": ("SINGLE",), "sriov_vip": (False,), "allow_member_sriov": (False,)}
"""What a flavor may set, and to what; the rest needs a cloud that has flavors, images or such cards."""
ZONE: Served = {"valid_vip_networks": ()}
"""The same of an availability zone."""
HEADERS = ("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto")
COOKIES = (Persistence.APP_COOKIE, Persistence.HTTP_COOKIE)


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


def _protocols(thing: str, instead: str, *protocols: str) -> tuple[Lack, ...]:
    return tuple(
        Lack(f"protocol: {p} {thing} are not supported yet; {instead}.", ("protocol",), (p,)) for p in protocols
    )


TABLE: dict[type[Part], tuple[Lack, ...]] = {
    LoadBalancer: (
        Lack(
            "vip_qos_policy_id: quality of service is not supported yet; leave it out.",
            ("vip_qos_policy_id",),
        ),
        Lack(
            "vip_sg_ids: security groups of the VIP are not supported yet; use allowed_cidrs of listeners.",
            ("vip_sg_ids",),
        ),
        Lack(
            "additional_vips: more than one VIP is not supported yet; use one load balancer for each.",
            ("additional_vips",),
        ),
        Lack(
            "vip_vnic_type: SR-IOV is not supported yet; use a normal port.",
            ("vip_vnic_type",),
            (VnicType.DIRECT,),
        ),
    ),
    Listener: (
        *_protocols("listeners", LISTENERS, ListenerProtocol.UDP, ListenerProtocol.SCTP, ListenerProtocol.PROMETHEUS),
        Lack(
            f"protocol: TERMINATED_HTTPS listeners are not supported yet; {THROUGH}",
            ("protocol",),
            (ListenerProtocol.TERMINATED_HTTPS,),
        ),
        Lack(
            f"Certificates on listeners are not supported yet; {THROUGH}",
            (
                "default_tls_container_ref",
                "sni_container_refs",
                "client_ca_tls_container_ref",
                "client_crl_container_ref",
            ),
        ),
        Lack(
            f"client_authentication: certificates of clients are not supported yet; {THROUGH}",
            ("client_authentication",),
            (ClientAuthentication.MANDATORY, ClientAuthentication.OPTIONAL),
        ),
        Lack(
            f"TLS on listeners is not supported yet; {THROUGH}",
            (
                "tls_ciphers",
                "tls_versions",
                "alpn_protocols",
                "hsts_max_age",
                "hsts_include_subdomains",
                "hsts_preload",
            ),
        ),
        Lack(
            f"insert_headers: only {', '.join(HEADERS)} are supported yet; leave the others out.",
            ("insert_headers",),
            tuple(sorted((rules.FORWARDED | rules.OF_CLIENT) - {*HEADERS})),
        ),
        Lack(
            "default_pool_id: this pool keeps clients by cookie, which needs an HTTP listener.",
            ("default_pool_id",),
            when=_leads_to_cookies_in_bytes,
        ),
    ),
    Pool: (
        *_protocols("pools", POOLS, PoolProtocol.UDP, PoolProtocol.SCTP),
        Lack(
            "lb_algorithm: SOURCE_IP_PORT is not supported; use SOURCE_IP, ROUND_ROBIN or LEAST_CONNECTIONS.",
            ("lb_algorithm",),
            (Algorithm.SOURCE_IP_PORT,),
        ),
        Lack(
            "tls_enabled: TLS to members is not supported yet; use HTTPS, which passes clients' TLS through.",
            ("tls_enabled",),
        ),
        Lack(
            "Certificates on pools are not supported yet; use HTTPS, which passes clients' TLS through.",
            ("tls_container_ref", "ca_tls_container_ref", "crl_container_ref"),
        ),
        Lack(
            "TLS to members is not supported yet; use HTTPS, which passes clients' TLS through.",
            ("tls_ciphers", "tls_versions", "alpn_protocols"),
        ),
        Lack(
            "session_persistence: cookies need an HTTP listener; use SOURCE_IP here.",
            ("session_persistence",),
            when=_has_cookies_in_bytes,
        ),
    ),
    Member: (
        Lack("request_sriov: SR-IOV ports are not supported yet; leave it out.", ("request_sriov",)),
        Lack("vnic_type: SR-IOV ports are not supported yet; use a normal port.", ("vnic_type",), (VnicType.DIRECT,)),
        Lack(
            "monitor_address: a PING monitor checks the address itself; use a TCP or HTTP monitor.",
            ("monitor_address",),
            when=_is_pinged_elsewhere,
        ),
    ),
    HealthMonitor: (
        Lack(
            "type: PING cannot check a member's monitor_address; use a TCP or HTTP monitor.",
            ("type",),
            when=_pings_elsewhere,
        ),
        *(
            Lack(f"type: {kind} monitors are not supported yet; {MONITORS}.", ("type",), (kind,))
            for kind in (MonitorType.HTTPS, MonitorType.TLS_HELLO, MonitorType.UDP_CONNECT, MonitorType.SCTP)
        ),
    ),
    L7Policy: (Lack("L7 policies are not supported yet; use one listener for each pool."),),
    L7Rule: (Lack("L7 rules are not supported yet; use one listener for each pool."),),
}
"""For each kind what is not rendered yet; the first line that applies is the answer."""

LACKS = Lacks(TABLE, FLAVOR, ZONE)
"""The whole of it, with what flavors and zones may set."""
