"""What Hydria's own provider lets an operator set in flavors and availability zones, and how that is checked. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from hydria.domain import forms, lacks
from hydria.domain.lacks import Served
from hydria.domain.refusals import Invalid, Unsupported

OWN = "amphora"
"""The provider whose settings are declared here; those of others are for their drivers to check."""

Data = Mapping[str, Any]


class Capability(msgspec.Struct, frozen=True):
    """One setting: its name, the type of its value, what that may be in words, and what it is for.

    `values`: where it is one of some words, what each means.
    """

    name: str
    kind: Any
    allowed: str
    about: str
    values: Mapping[str, str] = {}

    @property
    def description(self) -> str:
        """What it is for, and what each of its values means."""
        meanings = "; ".join(f"{value}, {meaning}" for value, meaning in self.values.items())
        return f"{self.about}: {meanings}." if meanings else self.about

    def within(self, served: Served | None) -> "Capability | None":
        """The same with what is served of it; None when nothing can be chosen."""
        if self.values:
            left = {v: meaning for v, meaning in self.values.items() if lacks.serves(served, self.name, v)}
            return msgspec.structs.replace(self, values=left) if left else None
        # A switch that can only stay off gives nothing to choose; of texts and lists all are served, or none.
        return self if lacks.serves(served, self.name, value=True) else None


FLAVOR = (
    Capability(
        "loadbalancer_topology",
        Literal["SINGLE", "ACTIVE_STANDBY"],
        "SINGLE or ACTIVE_STANDBY",
        "How many amphorae serve a load balancer",
        {"SINGLE": "one", "ACTIVE_STANDBY": "two, one of which stands by"},
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


def offered(known: tuple[Capability, ...], served: Served | None) -> tuple[Capability, ...]:
    """What may be chosen where so much is served."""
    return tuple(found for k in known if (found := k.within(served)))


def check(name: str, data: Data, known: tuple[Capability, ...], served: Served | None = None) -> None:
    """Raise Unsupported for a setting that the provider does not know, or whose value it cannot use or does not serve."""
    by_name, here = {k.name: k for k in known}, {k.name: k for k in offered(known, served)}
    for key, value in data.items():
        if key not in by_name:
            message = f"{name}: the provider {OWN!r} does not know {key!r}; it knows {', '.join(here)}."
            raise Unsupported(message)
        try:
            msgspec.convert(value, by_name[key].kind)
        except msgspec.ValidationError:
            message = f"{name}: {key} must be {by_name[key].allowed}."
            raise Unsupported(message) from None
        if not lacks.serves(served, key, value):
            instead = f"use {', '.join(here[key].values)}" if key in here and here[key].values else "leave it out"
            message = f"{name}: {key} cannot be {value!r}, which is not supported yet; {instead}."
            raise Unsupported(message)
