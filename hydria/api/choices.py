"""What a user chooses of what operators offer: provider, flavor and availability zone, and whether that can be served."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hydria.api.context import Context
from hydria.domain import capabilities
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.refusals import Invalid, Unsupported
from hydria.storage import offers
from hydria.storage.database import Connection
from hydria.storage.offers import Chosen


class Choice(NamedTuple):
    """What was chosen: the provider's own name, and what flavor and zone set."""

    provider: str
    flavor: Mapping[str, Any]
    zone: Mapping[str, Any]


def choose(context: Context, values: Mapping[str, Any]) -> Choice:
    """What the attributes of a new load balancer choose; raises Invalid, and Unsupported for what is not served here."""
    flavor, zone = context.database.read(
        lambda c: stored(c, values.get("flavor_id"), values.get("availability_zone"), held=False)
    )
    settings = context.settings
    asked = values.get("provider")
    wanted = asked or next((x.provider for x in (flavor, zone) if x), settings.default_provider)
    name = settings.provider(wanted)
    for what, chosen in (("flavor_id", flavor), ("availability_zone", zone)):
        if chosen and settings.provider(chosen.provider) != name:
            message = f"{what}: it is for the provider {chosen.provider!r}, not for {name!r}."
            raise Invalid(message)
    choice = Choice(name, _data("flavor_id", flavor), _data("availability_zone", zone))
    if reason := context.unserved(choice.flavor, choice.zone):
        raise Unsupported(reason)
    return choice


def check_place(choice: Choice, lb: LoadBalancer) -> None:
    """Raise Invalid when the VIP is on a network that the availability zone does not allow."""
    allowed = choice.zone.get("valid_vip_networks")
    if allowed and lb.vip_network_id not in [str(n).lower() for n in allowed]:
        message = f"vip_network_id: availability zone {lb.availability_zone!r} allows {', '.join(map(str, allowed))}."
        raise Invalid(message)


def stored(
    c: Connection, flavor_id: str | None, zone: str | None, *, held: bool = True
) -> tuple[Chosen | None, Chosen | None]:
    """Flavor and zone as they are now, held until the end of the transaction; raises Invalid when they are not offered."""
    return (
        offers.flavor(c, flavor_id, held=held) if flavor_id else None,
        offers.zone(c, zone, held=held) if zone else None,
    )


def _data(name: str, chosen: Chosen | None) -> dict[str, Any]:
    return capabilities.read(name, chosen.data) if chosen else {}
