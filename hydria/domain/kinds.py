"""The kinds of objects in a tree: their names in the API and who is beneath whom."""

from dataclasses import dataclass

from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of object: `one` is its root key, `many` its collection, `table` its table."""

    resource: type[Part]
    one: str
    many: str
    table: str
    words: str  # for people


LOADBALANCER = Kind(LoadBalancer, "loadbalancer", "loadbalancers", "load_balancer", "load balancer")
LISTENER = Kind(Listener, "listener", "listeners", "listener", "listener")
POOL = Kind(Pool, "pool", "pools", "pool", "pool")
MEMBER = Kind(Member, "member", "members", "member", "member")
HEALTHMONITOR = Kind(HealthMonitor, "healthmonitor", "healthmonitors", "health_monitor", "health monitor")
L7POLICY = Kind(L7Policy, "l7policy", "l7policies", "l7policy", "L7 policy")
L7RULE = Kind(L7Rule, "rule", "rules", "l7rule", "L7 rule")

KINDS = (LOADBALANCER, LISTENER, POOL, MEMBER, HEALTHMONITOR, L7POLICY, L7RULE)
"""Every kind of a tree, parents before children."""

CHILDREN = KINDS[1:]
"""Every kind but the load balancer itself."""

BY_RESOURCE: dict[type[Part], Kind] = {k.resource: k for k in KINDS}


def of(part: Part) -> Kind:
    """The kind of an object."""
    return BY_RESOURCE[type(part)]
