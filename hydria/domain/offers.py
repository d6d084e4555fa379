"""What an operator offers: quotas, providers, flavors, availability zones and their profiles."""

from dataclasses import dataclass
from typing import Annotated

from hydria.domain.attributes import At, Doc, Kept, Resource, Since
from hydria.domain.types import Count, Json, Name, ProjectId, Uuid


class Quota(Resource, kw_only=True, frozen=True):
    """How many objects a project may have; -1: no limit."""

    project_id: Annotated[ProjectId, Doc("The project.")]
    loadbalancer: Annotated[Count | None, At.UPDATE, Doc("Load balancers.")] = None
    load_balancer: Annotated[Count | None, At.UPDATE, Kept.COMPUTED, Doc("Old name of loadbalancer.")] = None
    listener: Annotated[Count | None, At.UPDATE, Doc("Listeners.")] = None
    member: Annotated[Count | None, At.UPDATE, Doc("Members.")] = None
    pool: Annotated[Count | None, At.UPDATE, Doc("Pools.")] = None
    healthmonitor: Annotated[Count | None, At.UPDATE, Doc("Health monitors.")] = None
    health_monitor: Annotated[Count | None, At.UPDATE, Kept.COMPUTED, Doc("Old name of healthmonitor.")] = None
    l7policy: Annotated[Count | None, At.UPDATE, Since("2.19"), Doc("L7 policies.")] = None
    l7rule: Annotated[Count | None, At.UPDATE, Since("2.19"), Doc("L7 rules.")] = None


class Provider(Resource, kw_only=True, frozen=True):
    """Something that can serve load balancers."""

    name: Annotated[Name, Doc("Its name.")]
    description: Annotated[Name, Doc("What it is.")] = ""


class FlavorProfile(Resource, kw_only=True, frozen=True):
    """Settings of a provider under a name."""

    id: Annotated[Uuid, Since("2.6"), Doc("The identifier.")]
    name: Annotated[Name, At.BOTH, Since("2.6"), Doc("A name for people.")]
    provider_name: Annotated[Name, At.BOTH, Since("2.6"), Doc("The provider it is for.")]
    flavor_data: Annotated[Json, At.BOTH, Since("2.6"), Doc("A JSON object of the provider's settings.")]


class Flavor(Resource, kw_only=True, frozen=True):
    """What a user may choose of a provider's settings."""

    id: Annotated[Uuid, Since("2.6"), Doc("The identifier.")]
    name: Annotated[Name, At.BOTH, Since("2.6"), Doc("A unique name.")]
    description: Annotated[Name, At.BOTH, Since("2.6"), Doc("A description for people.")] = ""
    enabled: Annotated[bool, At.BOTH, Since("2.6"), Doc("Whether it may be chosen.")] = True
    flavor_profile_id: Annotated[Uuid, At.CREATE, Since("2.6"), Doc("The profile behind it.")]


class AvailabilityZoneProfile(Resource, kw_only=True, frozen=True):
    """Settings of a provider for a zone."""

    id: Annotated[Uuid, Since("2.14"), Doc("The identifier.")]
    name: Annotated[Name, At.BOTH, Since("2.14"), Doc("A name for people.")]
    provider_name: Annotated[Name, At.BOTH, Since("2.14"), Doc("The provider it is for.")]
    availability_zone_data: Annotated[Json, At.BOTH, Since("2.14"), Doc("A JSON object of the provider's settings.")]


class AvailabilityZone(Resource, kw_only=True, frozen=True):
    """Where a user may have a load balancer; known by its name."""

    name: Annotated[Name, At.CREATE, Since("2.14"), Doc("Its unique name and key.")]
    description: Annotated[Name, At.BOTH, Since("2.14"), Doc("A description for people.")] = ""
    enabled: Annotated[bool, At.BOTH, Since("2.14"), Doc("Whether it may be chosen.")] = True
    availability_zone_profile_id: Annotated[Uuid, At.CREATE, Since("2.14"), Doc("The profile behind it.")]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of offer: `one` is its root key, `many` that of its lists, `path` its collection, `key` what names one."""

    resource: type[Resource]
    one: str
    many: str
    path: str
    words: str  # for people
    key: str = "id"


FLAVOR = Kind(Flavor, "flavor", "flavors", "flavors", "flavor")
FLAVOR_PROFILE = Kind(FlavorProfile, "flavorprofile", "flavorprofiles", "flavorprofiles", "flavor profile")
ZONE = Kind(
    AvailabilityZone, "availability_zone", "availability_zones", "availabilityzones", "availability zone", "name"
)
ZONE_PROFILE = Kind(
    AvailabilityZoneProfile,
    "availability_zone_profile",
    "availability_zone_profiles",
    "availabilityzoneprofiles",
    "availability zone profile",
)
