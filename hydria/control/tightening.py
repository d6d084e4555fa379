"""What may be taken of a refused write: only what gives less access or less traffic than before."""

import ipaddress
from collections.abc import Sequence

import msgspec

from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.types import Cidr, ClientAuthentication

# Not the monitor, the policy and the rule: switched off, they let more through, not less.
STOPPABLE = (LoadBalancer, Listener, Pool, Member)

STRICTNESS = {ClientAuthentication.NONE: 0, ClientAuthentication.OPTIONAL: 1, ClientAuthentication.MANDATORY: 2}


def tightened(accepted: Part, desired: Part) -> Part:
    """The accepted object with what the desired one tightens; itself when that is nothing."""
    if isinstance(accepted, STOPPABLE) and isinstance(desired, STOPPABLE):
        accepted = msgspec.structs.replace(accepted, admin_state_up=accepted.admin_state_up and desired.admin_state_up)
    if isinstance(accepted, Member) and isinstance(desired, Member) and desired.weight == 0:
        return msgspec.structs.replace(accepted, weight=0)
    if isinstance(accepted, Listener) and isinstance(desired, Listener):
        return _listener(accepted, desired)
    return accepted


def _listener(accepted: Listener, desired: Listener) -> Listener:
    cidrs = narrowed(accepted.allowed_cidrs, desired.allowed_cidrs)
    if cidrs is None:  # nobody may connect any more, and an empty list would mean everyone
        return msgspec.structs.replace(accepted, admin_state_up=False)
    stricter = STRICTNESS[desired.client_authentication] > STRICTNESS[accepted.client_authentication]
    # Without a CA that is already in use there is nothing to check clients against.
    checked = stricter and accepted.client_ca_tls_container_ref is not None
    return msgspec.structs.replace(
        accepted,
        allowed_cidrs=cidrs,
        client_authentication=desired.client_authentication if checked else accepted.client_authentication,
    )


def narrowed(accepted: Sequence[Cidr], desired: Sequence[Cidr]) -> list[Cidr] | None:
    """The networks that both lists allow (an empty list allows everyone); None when there is none."""
    if not accepted or not desired:
        return list(accepted or desired)
    pairs = ((ipaddress.ip_network(a), ipaddress.ip_network(d)) for a in accepted for d in desired)
    common = {a if a.prefixlen >= d.prefixlen else d for a, d in pairs if a.version == d.version and a.overlaps(d)}
    if not common:
        return None
    if all(ipaddress.ip_network(a) in common for a in accepted):  # nothing is narrower: keep it as it was written
        return list(accepted)
    ordered = sorted(common, key=lambda n: (n.version, n.network_address.packed, n.prefixlen))
    return [Cidr(n) for n in ordered]
