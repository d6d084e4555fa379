"""What a user chooses of what operators offer: provider, flavor and availability zone, and whether that can be served."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from hydria.api import places
from hydria.api.context import Context
from hydria.domain import capabilities
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.refusals import Invalid, Unsupported
from hydria.domain.types import VnicType
from hydria.storage import offers
from hydria.storage.database import Connection
from hydria.storage.offers import Chosen


class Choice(NamedTuple):
    """What was chosen: the provider by the name it was chosen by, and what flavor and zone set."""

    provider: str
    flavor: Mapping[str, Any]
    zone: Mapping[str, Any]


def choose(context: Context, values: Mapping[str, Any]) -> Choice:
    """What the attributes of a new load balancer choose; raises Invalid, and Unsupported for what is not served here."""
    named = values.get("flavor_id"), values.get("availability_zone")
    flavor, zone = context.database.read(lambda c: stored(c, *named, held=False)) if any(named) else (None, None)
    settings = context.settings
    wanted = values.get("provider") or next((x.provider for x in (flavor, zone) if x), settings.default_provider)
    name = settings.provider(wanted)
    for what, chosen in (("flavor_id", flavor), ("availability_zone", zone)):
        if chosen and settings.provider(chosen.provider) != name:
            message = f"{what}: it is for the provider {chosen.provider!r}, not for {wanted!r}."
            raise Invalid(message)
    choice = Choice(wanted, _data("flavor_id", flavor), _data("availability_zone", zone))
    if reason := context.lacks.unserved(choice.flavor, choice.zone):
        raise Unsupported(reason)
    return choice


def limits(settings: places.Limits, choice: Choice) -> places.Limits:
    """Where a VIP may be: the availability zone's networks rather than those of the settings."""
    own = choice.zone.get("valid_vip_networks")
    return dataclasses.replace(settings, allowed=tuple(str(n).lower() for n in own)) if own else settings


def ports(choice: Choice) -> int:
    """How many ports a load balancer has on its VIP's subnet: one for the VIP, one for each amphora."""
    return 3 if choice.flavor.get("loadbalancer_topology") == "ACTIVE_STANDBY" else 2


def vnic(choice: Choice) -> VnicType:
    """The kind of the VIP's port."""
    return VnicType.DIRECT if choice.flavor.get("sriov_vip") else VnicType.NORMAL


def check_members(parts: Iterable[Part], flavor: Callable[[], Mapping[str, Any]]) -> None:
    """Raise Invalid for SR-IOV members that the load balancer's flavor does not allow."""
    asked = any(isinstance(p, Member) and p.request_sriov for p in parts)
    if asked and not flavor().get("allow_member_sriov"):
        message = "request_sriov: the flavor of the load balancer does not allow SR-IOV members; leave it out."
        raise Invalid(message)


def flavor(c: Connection, lb: LoadBalancer) -> dict[str, Any]:
    """What the flavor of a load balancer sets, offered still or not."""
    return capabilities.read("flavor_id", offers.data(c, lb.flavor_id)) if lb.flavor_id else {}


def stored(
    c: Connection, flavor_id: str | None, zone: str | None, *, held: bool = True
) -> tuple[Chosen | None, Chosen | None]:
    """Flavor and zone as they are now, held until the end of the transaction; raises Invalid when they are not offered."""
    return (
        None if flavor_id is None else offers.flavor(c, flavor_id, held=held),
        None if zone is None else offers.zone(c, zone, held=held),
    )


def _data(name: str, chosen: Chosen | None) -> dict[str, Any]:
    return capabilities.read(name, chosen.data) if chosen else {}
