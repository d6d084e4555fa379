"""What a profile of our own provider may set."""

import pytest

from hydria.domain import capabilities
from hydria.domain.refusals import Invalid, Unsupported


@pytest.mark.parametrize("text", ["", "null", "[]", '"SINGLE"', "{'a': 1}"])
def test_only_a_json_object_is_read(text):
    with pytest.raises(Invalid, match="flavor_data must be"):
        capabilities.read("flavor_data", text)


@pytest.mark.parametrize(
    "known,data",
    [
        (capabilities.FLAVOR, {"loadbalancer_topology": "ACTIVE_STANDBY", "sriov_vip": True, "compute_flavor": "m1"}),
        (capabilities.ZONE, {"compute_zone": "east", "valid_vip_networks": ["n1"]}),
        (capabilities.ZONE, {}),
    ],
)
def test_what_is_known_may_be_set(known, data):
    capabilities.check("data", data, known)


@pytest.mark.parametrize("data", [{"sriov_vip": "yes"}, {"colour": 1}, {"loadbalancer_topology": "single"}])
def test_what_is_wrong_is_named(data):
    (key,) = data
    with pytest.raises(Unsupported, match=key):
        capabilities.check("flavor_data", data, capabilities.FLAVOR)
