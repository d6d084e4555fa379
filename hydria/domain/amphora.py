"""The amphora: a machine that runs haproxy for load balancers, and the states it goes through."""

import enum
from typing import Annotated

from hydria.domain.attributes import Doc, Kept, Resource, Since
from hydria.domain.types import Address, Instant, Name, Short, Uuid


class AmphoraStatus(enum.StrEnum):
    PENDING_CREATE = "PENDING_CREATE"
    BOOTING = "BOOTING"
    READY = "READY"
    ALLOCATED = "ALLOCATED"
    PENDING_DELETE = "PENDING_DELETE"
    DELETED = "DELETED"
    ERROR = "ERROR"


class Role(enum.StrEnum):
    STANDALONE = "STANDALONE"
    MASTER = "MASTER"
    BACKUP = "BACKUP"


S = AmphoraStatus
NEXT: dict[AmphoraStatus, frozenset[AmphoraStatus]] = {
    S.PENDING_CREATE: frozenset({S.BOOTING, S.PENDING_DELETE, S.ERROR}),
    S.BOOTING: frozenset({S.READY, S.ALLOCATED, S.PENDING_DELETE, S.ERROR}),
    S.READY: frozenset({S.ALLOCATED, S.PENDING_DELETE, S.ERROR}),
    S.ALLOCATED: frozenset({S.PENDING_DELETE, S.ERROR}),
    S.ERROR: frozenset({S.PENDING_DELETE}),
    S.PENDING_DELETE: frozenset({S.DELETED}),
    S.DELETED: frozenset(),
}
"""What may follow what."""


def move(now: AmphoraStatus, then: AmphoraStatus) -> AmphoraStatus:
    """The next status; raises ValueError when it may not follow."""
    if then is now:
        return then
    if then not in NEXT[now]:
        message = f"an amphora that is {now} cannot become {then}"
        raise ValueError(message)
    return then


class Amphora(Resource, kw_only=True, frozen=True):
    """A machine of the data plane."""

    id: Annotated[Uuid, Doc("The identifier.")]
    loadbalancer_id: Annotated[Uuid | None, Doc("The load balancer it serves.")] = None
    compute_id: Annotated[Name | None, Doc("Its machine in the cloud.")] = None
    lb_network_ip: Annotated[Address | None, Doc("Its management address.")] = None
    vrrp_ip: Annotated[Address | None, Doc("Its own address in the VIP's subnet.")] = None
    ha_ip: Annotated[Address | None, Doc("The VIP.")] = None
    vrrp_port_id: Annotated[Uuid | None, Doc("Its port in the VIP's subnet.")] = None
    ha_port_id: Annotated[Uuid | None, Doc("The VIP's port.")] = None
    cert_expiration: Annotated[Instant | None, Doc("When its certificate ends.")] = None
    cert_busy: Annotated[bool, Doc("Whether its certificate is being renewed.")] = False
    role: Annotated[Role | None, Doc("STANDALONE, MASTER or BACKUP.")] = None
    status: Annotated[AmphoraStatus, Doc("Where it is in its life.")] = AmphoraStatus.PENDING_CREATE
    vrrp_interface: Annotated[Short | None, Doc("The interface that carries the VIP.")] = None
    vrrp_id: Annotated[int | None, Doc("The VRRP router id.")] = None
    vrrp_priority: Annotated[int | None, Doc("The VRRP priority.")] = None
    cached_zone: Annotated[Name | None, Doc("The availability zone it was made in.")] = None
    image_id: Annotated[Name | None, Since("2.1"), Doc("The image it was made from.")] = None
    compute_flavor: Annotated[Name | None, Since("2.3"), Doc("The compute flavor it was made with.")] = None
    created_at: Annotated[Instant, Doc("When it was created (UTC).")]
    updated_at: Annotated[Instant | None, Doc("When it last changed.")] = None
    session: Annotated[Short | None, Kept.HIDDEN, Doc("The session its datagrams are signed in.")] = None
    master_version: Annotated[int, Kept.HIDDEN, Doc("Version of the key its session key derives from.")] = 0
    node_epoch: Annotated[int, Kept.HIDDEN, Doc("Epoch of the last document of the node.")] = 0
    boot_id: Annotated[Short | None, Kept.HIDDEN, Doc("The boot its session was agreed with.")] = None
