"""The member: an address and port that serves a pool's traffic."""

from typing import Annotated

from hydria.domain.attributes import At, Doc, Kept, Since
from hydria.domain.part import Part
from hydria.domain.types import Address, Name, Port, Short, Uuid, VnicType, Weight


class Member(Part, kw_only=True, frozen=True):
    """One back end of a pool."""

    pool_id: Annotated[Uuid, Kept.HIDDEN]
    name: Annotated[Name, At.BOTH, Doc("A name for people.")] = ""
    admin_state_up: Annotated[bool, At.BOTH, Doc("False: it gets no traffic.")] = True
    address: Annotated[Address, At.CREATE, Doc("Its address.")]
    protocol_port: Annotated[Port, At.CREATE, Doc("Its port.")]
    weight: Annotated[Weight, At.BOTH, Doc("Its share; 0: no new connections.")] = 1
    backup: Annotated[bool, At.BOTH, Since("2.1"), Doc("Used only when no other member is up.")] = False
    subnet_id: Annotated[Uuid | None, At.CREATE, Doc("Its subnet, plugged; left out: reached by routing.")] = None
    monitor_port: Annotated[Port | None, At.BOTH, Doc("Port that is checked instead.")] = None
    monitor_address: Annotated[Address | None, At.BOTH, Doc("Address that is checked instead.")] = None
    tags: Annotated[list[Name], At.BOTH, Since("2.5"), Doc("Words to find it by.")] = []
    request_sriov: Annotated[bool, At.CREATE, Kept.ASKED, Since("2.30"), Doc("Ask for an SR-IOV port.")] = False
    vnic_type: Annotated[VnicType, Since("2.30"), Doc("Kind of port it is reached by.")] = VnicType.NORMAL
    address_spelled: Annotated[Short | None, Kept.HIDDEN] = None
    monitor_address_spelled: Annotated[Short | None, Kept.HIDDEN] = None
