"""Where a VIP may be, what a port of the user brings along, and what a VIP may have."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from hydria.api.context import ApiSettings
from hydria.api.places import Limits
from hydria.drivers import sim
from hydria.drivers.network import Port, PortOrder, Segment, Subnet
from hydria.drivers.network.sim import SimNetwork
from hydria.kit import ids
from hydria.kit.clock import HandClock
from tests.unit.api.conftest import Service, Start

TOWN, FARM = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
GROUP, POLICY = "00000000-0000-4000-8000-0000000000aa", "00000000-0000-4000-8000-0000000000bb"


def subnet(name: str, cidr: str, network_id: str = TOWN) -> Subnet:
    return Subnet(id=f"00000000-0000-4000-8000-0000000001{name}", name=name, network_id=network_id, cidr=cidr)


SIX = subnet("66", "2001:db8::/120")
TINY = subnet("44", "192.0.2.0/29")  # six addresses
WIDE = subnet("45", "198.51.100.0/24")
AFAR = subnet("46", "203.0.113.0/24", FARM)


@dataclasses.dataclass
class Town:
    """The API on a simulated cloud whose first network has an IPv6 subnet and two of IPv4."""

    api: Service
    cloud: sim.Cloud

    def create(self, **values: Any) -> tuple[int, Any]:
        """The code, and the load balancer or the words of the refusal."""
        result = self.api.ask("POST", "/loadbalancers", {"loadbalancer": values})
        return result.status_code, result.json.get("loadbalancer") or result.json.get("faultstring")

    def port(self, *more: tuple[str, str], **facts: Any) -> Port:
        """A user's port in the small subnet."""
        made = self.cloud.foreign_port(TOWN, "192.0.2.3")
        found = dataclasses.replace(made, more=more, **facts)
        self.cloud.ports[made.id] = ("", found)
        return found

    def fill(self, where: Subnet, left: int) -> None:
        """Take addresses until only so many are left."""
        for _ in range(self.cloud.room(where) - left):
            self.cloud.add_port("", PortOrder(name=ids.new(), network_id=where.network_id, subnet_id=where.id))


@pytest.fixture
def found(start: Start) -> Callable[..., Town]:
    """Found the town, with settings or without."""

    def founded(**settings: Any) -> Town:
        segments = (Segment(TOWN, "town", (SIX, TINY, WIDE)), Segment(FARM, "farm", (AFAR,)))
        cloud = sim.Cloud(HandClock(), segments)
        cloud.security_groups, cloud.qos_policies = {GROUP}, {POLICY}
        return Town(start(ApiSettings(**settings), network=SimNetwork(cloud, ids.new())), cloud)

    return founded


@pytest.fixture
def town(found: Callable[..., Town]) -> Town:
    return found()


def flavor(api: Service, **data: Any) -> str:
    """A flavor that sets this."""
    api.token = "admin"
    named = {"name": ids.new(), "provider_name": "amphora", "flavor_data": json.dumps(data)}
    profile = api.make("/flavorprofiles", "flavorprofile", **named)["id"]
    made: str = api.make("/flavors", "flavor", name=ids.new(), flavor_profile_id=profile)["id"]
    return made


@pytest.mark.parametrize(
    "topology,tiny,chosen",
    [
        ("SINGLE", 6, TINY),
        ("SINGLE", 2, TINY),
        ("SINGLE", 1, WIDE),
        ("ACTIVE_STANDBY", 3, TINY),
        ("ACTIVE_STANDBY", 2, WIDE),
    ],
)
def test_a_network_alone_gives_its_first_subnet_with_room(town: Town, topology: str, tiny: int, chosen: Subnet) -> None:
    town.fill(TINY, tiny)
    lb = town.create(vip_network_id=TOWN, flavor_id=flavor(town.api, loadbalancer_topology=topology))[1]
    assert lb["vip_subnet_id"] == chosen.id


def test_a_network_without_room_in_ipv4_gives_ipv6_and_then_nothing(town: Town) -> None:
    for full in (TINY, WIDE):
        town.fill(full, 1)
    assert town.create(vip_network_id=TOWN)[1]["vip_subnet_id"] == SIX.id
    town.fill(SIX, 1)
    code, text = town.create(vip_network_id=TOWN)
    assert (code, "no subnet of network" in text) == (400, True)


def test_an_address_says_which_subnet_of_the_network(town: Town) -> None:
    for address, where in (("198.51.100.9", WIDE), ("2001:DB8::9", SIX)):
        lb = town.create(vip_network_id=TOWN, vip_address=address)[1]
        assert (lb["vip_subnet_id"], lb["vip_address"]) == (where.id, address)


MORE = (WIDE.id, "198.51.100.7")


@pytest.mark.parametrize(
    "more,asked,expected",
    [
        ((), {}, "192.0.2.3"),
        ((), {"vip_address": "192.0.2.3"}, "192.0.2.3"),
        ((), {"vip_subnet_id": TINY.id, "vip_network_id": TOWN}, "192.0.2.3"),
        ((), {"vip_address": "192.0.2.4"}, 400),
        ((), {"vip_subnet_id": WIDE.id}, 400),
        ((), {"vip_network_id": FARM}, 400),
        ((MORE,), {}, 400),
        ((MORE,), {"vip_subnet_id": WIDE.id}, "198.51.100.7"),
        ((MORE,), {"vip_address": "198.51.100.7"}, "198.51.100.7"),
        ((MORE,), {"vip_address": "192.0.2.3"}, "192.0.2.3"),
        ((MORE,), {"vip_subnet_id": WIDE.id, "vip_address": "192.0.2.3"}, 400),
        (((TINY.id, "192.0.2.5"),), {"vip_subnet_id": TINY.id}, "192.0.2.3"),
    ],
)
def test_a_port_gives_the_address_that_is_meant(town: Town, more: Any, asked: Any, expected: Any) -> None:
    port = town.port(*more)
    code, shown = town.create(vip_port_id=port.id, **asked)
    if expected == 400:
        assert (code, port.id in shown) == (400, True)
    else:
        assert (shown["vip_address"], shown["vip_port_id"], shown["vip_network_id"]) == (expected, port.id, TOWN)


@pytest.mark.parametrize("sent,adopted", [({}, GROUP), ({"vip_qos_policy_id": POLICY}, POLICY)])
def test_the_policy_of_a_port_is_adopted_unless_one_is_sent(town: Town, sent: dict[str, str], adopted: str) -> None:
    port = town.port(qos_policy_id=GROUP)
    assert town.create(vip_port_id=port.id, **sent)[1]["vip_qos_policy_id"] == adopted


@pytest.mark.parametrize(
    "asked,word",
    [
        ({"vip_subnet_id": TINY.id, "vip_network_id": FARM}, "belongs to network"),
        ({"vip_subnet_id": TINY.id, "vip_address": "198.51.100.9"}, "vip_address"),
        ({"vip_network_id": TOWN, "vip_address": "203.0.113.9"}, "vip_address"),
        ({"vip_network_id": GROUP}, "could not be found"),
        ({"vip_subnet_id": GROUP}, "could not be found"),
        ({"vip_port_id": GROUP}, "could not be found"),
        ({"vip_subnet_id": TINY.id, "vip_qos_policy_id": GROUP}, "could not be found"),
        ({"vip_subnet_id": TINY.id, "vip_sg_ids": [GROUP, POLICY]}, "could not be found"),
        ({"vip_subnet_id": TINY.id, "additional_vips": [{"subnet_id": TINY.id}]}, "subnet of its own"),
        ({"vip_network_id": TOWN, "additional_vips": [{"subnet_id": TINY.id}]}, "subnet of its own"),
        ({"vip_subnet_id": TINY.id, "additional_vips": [{"subnet_id": SIX.id}] * 2}, "subnet of its own"),
        ({"vip_subnet_id": TINY.id, "additional_vips": [{"subnet_id": AFAR.id}]}, "where the VIP is"),
        ({"vip_subnet_id": TINY.id, "additional_vips": [{"subnet_id": GROUP}]}, "could not be found"),
        (
            {"vip_subnet_id": TINY.id, "additional_vips": [{"subnet_id": SIX.id, "ip_address": "192.0.2.4"}]},
            "is not in",
        ),
        (
            {"vip_subnet_id": TINY.id, "additional_vips": [{"subnet_id": SIX.id, "port_id": GROUP}]},
            "could not be found",
        ),
    ],
)
def test_what_does_not_fit_together_is_named_and_leaves_nothing(town: Town, asked: Any, word: str) -> None:
    code, text = town.create(**asked)
    assert (code, word in text) == (400, True), text
    assert town.api.get("/loadbalancers", "loadbalancers") == []
    assert town.cloud.ports == {}


def test_a_port_that_serves_something_is_no_vip(town: Town) -> None:
    code, text = town.create(vip_port_id=town.port(device_id="a machine").id)
    assert (code, "used by a machine" in text) == (400, True)


@pytest.mark.parametrize(
    "limits,network,code",
    [
        (Limits(), TOWN, 201),
        (Limits(allowed=(TOWN,)), TOWN, 201),
        (Limits(allowed=(TOWN,)), FARM, 400),
        (Limits(denied=(TOWN,)), FARM, 201),
        (Limits(denied=(TOWN,)), TOWN, 400),
        (Limits(allowed=(TOWN,), denied=(TOWN,)), TOWN, 400),
    ],
)
def test_vips_are_where_the_operator_allows_them(
    found: Callable[..., Town], limits: Limits, network: str, code: int
) -> None:
    town = found(vips=limits)
    assert town.create(vip_network_id=network)[0] == code
    assert town.create(vip_subnet_id=TINY.id if network == TOWN else AFAR.id)[0] == code


def test_a_zone_s_networks_go_before_those_of_the_settings(found: Callable[..., Town]) -> None:
    api = (town := found(vips=Limits(allowed=(TOWN,)))).api
    api.token = "admin"
    data = json.dumps({"valid_vip_networks": [FARM.upper()]})
    named = {"name": "p", "provider_name": "amphora", "availability_zone_data": data}
    profile = api.make("/availabilityzoneprofiles", "availability_zone_profile", **named)["id"]
    api.make("/availabilityzones", "availability_zone", name="rural", availability_zone_profile_id=profile)
    codes = [town.create(vip_network_id=n, availability_zone="rural")[0] for n in (FARM, TOWN)]
    assert codes == [201, 400]


def test_the_groups_of_a_vip_keep_allowed_cidrs_out_and_the_other_way_round(town: Town) -> None:
    lb = town.create(vip_subnet_id=TINY.id, vip_sg_ids=[GROUP])[1]["id"]
    listener = {"loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80, "allowed_cidrs": ["192.0.2.0/24"]}
    assert "exclude" in town.api.refused("POST", "/listeners", {"listener": listener})[1]
    path = f"/loadbalancers/{lb}"
    assert town.api.ask("PUT", path, {"loadbalancer": {"vip_sg_ids": None}}).json["loadbalancer"]["vip_sg_ids"] == []
    town.api.make("/listeners", "listener", **listener)
    code, text = town.api.refused("PUT", path, {"loadbalancer": {"vip_sg_ids": [GROUP]}})
    assert (code, "exclude" in text) == (400, True)


@pytest.mark.parametrize("change", [{"vip_sg_ids": [POLICY]}, {"vip_qos_policy_id": GROUP}])
def test_a_change_names_what_is_not_there_to_those_who_may_change(town: Town, change: dict[str, Any]) -> None:
    path = f"/loadbalancers/{town.create(vip_subnet_id=TINY.id)[1]['id']}"
    code, text = town.api.refused("PUT", path, {"loadbalancer": change})
    assert (code, "could not be found" in text) == (400, True)
    assert town.api.refused("PUT", path, {"loadbalancer": change}, token="reader")[0] == 403


@pytest.mark.parametrize(
    "where,cidr,code",
    [(TINY, "10.0.0.0/8", 201), (TINY, "2001:db8::/32", 400), (SIX, "2001:db8::/32", 201), (SIX, "0.0.0.0/0", 400)],
)
def test_clients_of_a_whole_tree_are_of_its_vips_family(town: Town, where: Subnet, cidr: str, code: int) -> None:
    listener = {"protocol": "HTTP", "protocol_port": 80, "allowed_cidrs": [cidr]}
    assert town.create(vip_subnet_id=where.id, listeners=[listener])[0] == code
    both = {"vip_subnet_id": where.id, "additional_vips": [{"subnet_id": (SIX if where is TINY else TINY).id}]}
    assert town.create(**both, listeners=[listener])[0] == 201
    assert len(town.api.get("/listeners", "listeners")) == 1 + (code == 201)


# --- SR-IOV


def test_a_virtual_vip_is_shown_and_has_no_groups(town: Town) -> None:
    virtual = flavor(town.api, sriov_vip=True)
    assert town.create(vip_subnet_id=TINY.id)[1]["vip_vnic_type"] == "normal"
    assert town.create(vip_subnet_id=TINY.id, flavor_id=virtual)[1]["vip_vnic_type"] == "direct"
    code, text = town.create(vip_subnet_id=TINY.id, flavor_id=virtual, vip_sg_ids=[GROUP])
    assert (code, "SR-IOV" in text) == (400, True)


@pytest.mark.parametrize("allowed,code", [(True, 201), (False, 400), (None, 400)])
def test_virtual_members_need_the_flavor_s_permission(town: Town, allowed: bool | None, code: int) -> None:
    member = {"address": "192.0.2.9", "protocol_port": 80, "request_sriov": True}
    pool = {"name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    chosen = {} if allowed is None else {"flavor_id": flavor(town.api, allow_member_sriov=allowed)}
    assert town.create(vip_subnet_id=TINY.id, **chosen, pools=[{**pool, "members": [member]}])[0] == code
    lb = town.create(vip_subnet_id=TINY.id, **chosen)[1]["id"]
    asked = {"loadbalancer_id": lb, **pool}
    assert town.api.ask("POST", "/pools", {"pool": {**asked, "members": [member]}}).status_code == code
    path = f"/pools/{town.api.make('/pools', 'pool', **asked)['id']}/members"
    made = town.api.ask("POST", path, {"member": member})
    assert (made.status_code, made.json.get("member", {}).get("vnic_type")) == (code, "direct" if allowed else None)
    batch = town.api.ask("PUT", path, {"members": [{**member, "protocol_port": 81}]}).status_code
    assert batch == (202 if allowed else 400)


def test_whoever_may_not_write_learns_nothing_of_subnets(town: Town) -> None:
    lb = town.create(vip_subnet_id=TINY.id)[1]["id"]
    pool = {"loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    path = f"/pools/{town.api.make('/pools', 'pool', **pool)['id']}/members"
    member = {"address": "192.0.2.9", "protocol_port": 80, "subnet_id": GROUP}
    for token, code in (("reader", 403), ("member", 400)):
        asked = [
            ("POST", "/pools", {"pool": {**pool, "members": [member]}}),
            ("POST", path, {"member": member}),
            ("PUT", path, {"members": [member]}),
        ]
        assert {town.api.refused(*a, token=token)[0] for a in asked} == {code}
