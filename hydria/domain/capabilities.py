"""What Hydria's own provider lets an operator set in flavors and availability zones, and how that is checked. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from hydria.domain import forms
from hydria.domain.refusals import Invalid, Unsupported

OWN = "amphora"
"""The provider whose settings are declared here; those of others are for their drivers to check."""

Data = Mapping[str, Any]


class Capability(msgspec.Struct, frozen=True):
    """One setting: its name, the type of its value, what that may be in words, and what it is for."""

    name: str
    kind: Any
    allowed: str
    description: str


FLAVOR = (
    Capability(
        "loadbalancer_topology",
        Literal["SINGLE", "ACTIVE_STANDBY"],
        "SINGLE or ACTIVE_STANDBY",
        "How many amphorae serve a load balancer: SINGLE, one; ACTIVE_STANDBY, two, one of which stands by.",
    ),
    Capability("compute_flavor", str, "text", "The compute flavor that amphorae are made with."),
    Capability("amp_image_tag", str, "text", "The tag of the image that amphorae are made from."),
    Capability("sriov_vip", bool, "true or false", "Whether the VIP's port is an SR-IOV virtual function."),
    Capability("allow_member_sriov", bool, "true or false", "Whether members may be reached by SR-IOV ports."),
)
"""Settings of flavors."""

ZONE = (
    Capability("compute_zone", str, "text", "The compute zone that amphorae are made in."),
    Capability("volume_zone", str, "text", "The zone that volumes of amphorae are made in."),
    Capability("management_network", str, "text", "The id of the network on which controllers reach amphorae."),
    Capability("valid_vip_networks", list[str], "a list of ids", "The ids of networks that VIPs may be on."),
)
"""Settings of availability zones."""


def read(name: str, text: str) -> dict[str, Any]:
    """The settings of a profile, which are a JSON object; raises Invalid."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict):
        message = f"{name} must be the text of a JSON object; not {forms.quoted(text)}."
        raise Invalid(message)
    return found


def check(name: str, data: Data, known: tuple[Capability, ...]) -> None:
    """Raise Unsupported for a setting that the provider does not know, or whose value it cannot use."""
    by_name = {k.name: k for k in known}
    for key, value in data.items():
        if key not in by_name:
            message = f"{name}: the provider {OWN!r} does not know {key!r}; it knows {', '.join(by_name)}."
            raise Unsupported(message)
        try:
            msgspec.convert(value, by_name[key].kind)
        except msgspec.ValidationError:
            message = f"{name}: {key} must be {by_name[key].allowed}."
            raise Unsupported(message) from None
