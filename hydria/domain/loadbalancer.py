"""The load balancer: owner of VIPs and root of a tree."""

from typing import Annotated

from hydria.domain.attributes import At, Doc, Kept, Resource, Since
from hydria.domain.part import Part
from hydria.domain.types import Address, AsWritten, Generation, Instant, Name, Short, Uuid, VnicType, same


class AdditionalVip(Resource, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One more address of a load balancer."""

    subnet_id: Annotated[Uuid, At.CREATE, Doc("The subnet of the address.")]
    ip_address: Annotated[AsWritten | None, At.CREATE, Doc("The address; chosen when left out.")] = None
    port_id: Annotated[Uuid | None, At.CREATE, Doc("A port made beforehand.")] = None

    @property
    def address(self) -> str | None:
        """Its address in the shortest form."""
        return same(self.ip_address) if self.ip_address else None


class LoadBalancer(Part, kw_only=True, frozen=True):
    """The root object: listeners answer on its VIPs, pools carry its traffic."""

    name: Annotated[Name, At.BOTH, Doc("A name for people.")] = ""
    description: Annotated[Name, At.BOTH, Doc("A description for people.")] = ""
    admin_state_up: Annotated[bool, At.BOTH, Doc("False: nothing answers on the VIP.")] = True
    vip_address: Annotated[Address | None, At.CREATE, Doc("The VIP; chosen when left out.")] = None
    vip_port_id: Annotated[Uuid | None, At.CREATE, Doc("The port that holds the VIP; made when left out.")] = None
    vip_subnet_id: Annotated[Uuid | None, At.CREATE, Doc("The subnet of the VIP.")] = None
    vip_network_id: Annotated[Uuid | None, At.CREATE, Doc("The network of the VIP.")] = None
    vip_qos_policy_id: Annotated[Uuid | None, At.BOTH, Doc("A quality-of-service policy for the VIP.")] = None
    vip_vnic_type: Annotated[VnicType, Since("2.28"), Doc("Kind of the VIP's port.")] = VnicType.NORMAL
    vip_sg_ids: Annotated[list[Uuid], At.BOTH, Since("2.29"), Doc("Security groups of the VIP.")] = []
    additional_vips: Annotated[list[AdditionalVip], At.CREATE, Since("2.26"), Doc("More addresses.")] = []
    provider: Annotated[Short | None, At.CREATE, Doc("The provider that serves it.")] = None
    flavor_id: Annotated[Uuid | None, At.CREATE, Since("2.6"), Doc("The flavor.")] = None
    availability_zone: Annotated[Name | None, At.CREATE, Since("2.14"), Doc("The availability zone, by name.")] = None
    tags: Annotated[list[Name], At.BOTH, Since("2.5"), Doc("Words to find it by.")] = []
    listeners: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its listeners.")] = []
    pools: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its pools.")] = []
    generation: Annotated[Generation, Kept.HIDDEN, Doc("Number of the tree's desired state.")] = 0
    due_at: Annotated[Instant, Kept.HIDDEN, Doc("When a pending state becomes an ERROR.")] = 0
    vip_owned: Annotated[bool, Kept.HIDDEN, Doc("Whether the VIP's port is ours to delete.")] = True
    cell: Annotated[Short, Kept.HIDDEN, Doc("The cell it lives in.")] = ""
    vip_address_spelled: Annotated[Short | None, Kept.HIDDEN] = None
