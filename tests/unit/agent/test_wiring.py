"""Interfaces of a placement."""

import os

from hydria.agent import places, wiring
from hydria.wire.agentsettings import AgentSettings
from hydria.wire.documents import Interface, Route

PLACES = places.of(AgentSettings(amphora_id="a" * 36, deployment="d"), "b" * 36)
MAC = "02:00:00:00:00:01"
VIP = Interface(mac=MAC, name="vip0", addresses=("10.0.0.2/24",), floating=("10.0.0.9/24",))
ROUTED = Interface(
    mac=MAC, name="vip0", addresses=("10.0.0.2/24",), routes=(Route(destination="default", via="10.0.0.1"),)
)


def card(*addresses: str) -> wiring.Card:
    told = tuple(wiring.Address(a.partition("/")[0], int(a.partition("/")[2]), "global") for a in addresses)
    return wiring.Card("vip0", MAC, "ether", told)


def test_a_new_namespace_gets_its_card_addresses_and_loopback():
    wires = wiring.plan(PLACES, (VIP,), (), {MAC: "eth7"}, None)
    assert wires.node == [f"netns add {PLACES.netns}", f"link set dev eth7 netns {PLACES.netns} name vip0"]
    assert wires.inside == [
        "link set dev lo up",
        "addr add 10.0.0.2/24 dev vip0",
        "addr add 10.0.0.9/24 dev vip0",
        "link set dev vip0 mtu 1500 up",
    ]


def test_a_namespace_without_cards_is_possible():
    assert wiring.plan(PLACES, (), (), {}, None).node == [f"netns add {PLACES.netns}"]


def test_what_is_there_already_is_not_added_again():
    wires = wiring.plan(PLACES, (VIP,), (VIP,), {}, [card("10.0.0.2/24", "10.0.0.9/24")])
    assert wires == wiring.Wires([], ["link set dev vip0 mtu 1500 up"])


def test_addresses_and_routes_no_longer_wanted_go():
    wires = wiring.plan(PLACES, (VIP,), (ROUTED,), {}, [card("10.0.0.2/24", "10.0.0.7/24")])
    assert wires.inside[:2] == ["route del default via 10.0.0.1 dev vip0", "addr del 10.0.0.7/24 dev vip0"]


def test_a_card_no_longer_named_goes_back_to_the_node():
    wires = wiring.plan(PLACES, (), (VIP,), {}, [card()])
    assert wires.inside == ["link set dev vip0 down", f"link set dev vip0 netns {os.getpid()} name hy020000000001"]


def test_addresses_have_one_form():
    assert wiring.key("fd00:0:0::5/64") == wiring.key("fd00::5/64") == "fd00::5/64"
    assert wiring.key("10.0.0.1") == "10.0.0.1/32"


def test_nothing_but_single_words_is_told_to_ip():
    for bad in (
        Interface(mac=MAC, name="a b", addresses=()),
        Interface(mac=MAC + "\nlink del eth0", name="a", addresses=()),
        Interface(mac=MAC, name="a", addresses=("10.0.0.1/24\nlink",)),
        Interface(mac=MAC, name="a", addresses=("10.0.0.1/24 x",)),
        Interface(mac=MAC, name="a", addresses=(), routes=(Route(destination="default", via="1 2"),)),
    ):
        assert [problem.what for problem in wiring.malformed((bad,))] == ["interface"]
    assert wiring.malformed((VIP, ROUTED)) == []
