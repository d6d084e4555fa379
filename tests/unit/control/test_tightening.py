"""Tests of what is taken of a refused write: less access, less traffic, nothing else."""

import ipaddress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.control import tightening
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.types import Cidr, ClientAuthentication
from tests.unit.control.growing import part

MEMBER = part(Member, "member", 2, pool_id="pool", weight=5)
LISTENER = part(Listener, "listener", 2, client_ca_tls_container_ref="ca")
NETWORKS = st.sampled_from([Cidr(f"10.{n}.0.0/{size}") for n in (0, 64, 128) for size in (10, 16, 24)])


def changed(before: Part, **values: Any) -> Any:
    """An object as it runs after a refused change of it."""
    return tightening.tightened(before, msgspec.structs.replace(before, changed=3, **values))


def allows(cidrs: list[Cidr] | None, address: str) -> bool:
    if cidrs is None:
        return False
    return not cidrs or any(ipaddress.ip_address(address) in ipaddress.ip_network(c) for c in cidrs)


def test_a_member_may_be_drained_and_stopped() -> None:
    now = changed(MEMBER, weight=0, admin_state_up=False, backup=True)
    assert (now.weight, now.admin_state_up, now.backup, now.changed) == (0, False, False, 2)


def test_a_member_does_not_get_another_share() -> None:
    assert changed(MEMBER, weight=2).weight == 5


@pytest.mark.parametrize("kind", [HealthMonitor, L7Policy, L7Rule])
def test_what_lets_more_through_when_it_is_off_is_not_switched_off(kind: type[Part]) -> None:
    refs = {"pool_id": "p"} if kind is HealthMonitor else {"listener_id" if kind is L7Policy else "l7policy_id": "x"}
    assert changed(part(kind, "x", 2, **refs), admin_state_up=False).admin_state_up


@pytest.mark.parametrize("before", [part(LoadBalancer, "lb", 2), LISTENER, part(Pool, "pool", 2), MEMBER])
def test_what_carries_traffic_is_switched_off_and_not_on_again(before: Part) -> None:
    off = changed(before, admin_state_up=False)
    assert not off.admin_state_up
    assert not changed(off, admin_state_up=True).admin_state_up


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ([], ["10.0.0.0/8"], ["10.0.0.0/8"]),
        (["10.0.0.0/8"], [], ["10.0.0.0/8"]),
        (["10.0.0.0/8"], ["10.1.0.0/16", "11.0.0.0/8"], ["10.1.0.0/16"]),
        (["10.0.0.0/8", "fd00::/8"], ["0.0.0.0/0", "fd00::/16"], ["10.0.0.0/8", "fd00::/16"]),
        (["11.0.0.0/8", "10.0.0.0/8"], ["0.0.0.0/0"], ["11.0.0.0/8", "10.0.0.0/8"]),
        (["10.0.0.0/8"], ["11.0.0.0/8"], None),
    ],
)
def test_networks_are_narrowed(before: list[str], after: list[str], expected: list[str] | None) -> None:
    assert tightening.narrowed([Cidr(c) for c in before], [Cidr(c) for c in after]) == expected


@given(st.lists(NETWORKS, max_size=3), st.lists(NETWORKS, max_size=3))
def test_who_may_connect_might_before_and_should_now(before: list[Cidr], after: list[Cidr]) -> None:
    now = tightening.narrowed(before, after)
    for address in (
        "10.0.0.1",
        "10.0.9.1",
        "10.20.0.1",
        "10.64.0.1",
        "10.70.0.1",
        "10.128.0.1",
        "10.200.0.1",
        "11.0.0.1",
    ):
        assert allows(now, address) == (allows(before, address) and allows(after, address))


def test_a_listener_that_may_admit_nobody_any_more_is_stopped() -> None:
    before = msgspec.structs.replace(LISTENER, allowed_cidrs=[Cidr("10.0.0.0/8")])
    assert not changed(before, allowed_cidrs=[Cidr("11.0.0.0/8")]).admin_state_up


def test_client_authentication_gets_stricter_where_there_is_a_ca() -> None:
    strict = ClientAuthentication.MANDATORY
    assert changed(LISTENER, client_authentication=strict).client_authentication is strict
    free = part(Listener, "listener", 2)
    now = changed(free, client_authentication=strict, client_ca_tls_container_ref="ca")
    assert now.client_authentication is ClientAuthentication.NONE


def test_client_authentication_gets_no_laxer() -> None:
    before = msgspec.structs.replace(LISTENER, client_authentication=ClientAuthentication.OPTIONAL)
    now = changed(before, client_authentication=ClientAuthentication.NONE)
    assert now.client_authentication is ClientAuthentication.OPTIONAL
