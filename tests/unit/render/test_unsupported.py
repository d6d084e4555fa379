"""What is refused before anything is promised."""

import pytest

from hydria.domain import kinds
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.types import (
    Algorithm,
    ClientAuthentication,
    Compare,
    ListenerProtocol,
    MonitorType,
    PolicyAction,
    PoolProtocol,
    RuleType,
    VnicType,
)
from hydria.render.unsupported import LACKS
from tests.golden.trees import listener, loadbalancer, member, monitor, name, part, pool, tree

NOT_YET = [
    loadbalancer(vip_qos_policy_id=name("qos")),
    loadbalancer(vip_sg_ids=[name("group")]),
    loadbalancer(vip_vnic_type=VnicType.DIRECT),
    loadbalancer("192.0.2.1", "192.0.2.2"),
    listener(protocol=ListenerProtocol.UDP),
    listener(protocol=ListenerProtocol.SCTP),
    listener(protocol=ListenerProtocol.TERMINATED_HTTPS),
    listener(protocol=ListenerProtocol.PROMETHEUS),
    listener(sni_container_refs=["http://x/y"]),
    listener(client_authentication=ClientAuthentication.OPTIONAL),
    listener(hsts_max_age=1),
    listener(insert_headers={"X-Real-IP": "true"}),
    pool(protocol=PoolProtocol.UDP),
    pool(protocol=PoolProtocol.SCTP),
    pool(algorithm=Algorithm.SOURCE_IP_PORT),
    pool(tls_enabled=True),
    pool(ca_tls_container_ref="http://x/y"),
    pool(tls_versions=["TLSv1.3"]),
    member(request_sriov=True),
    member(vnic_type=VnicType.DIRECT),
    monitor(kind=MonitorType.HTTPS),
    monitor(kind=MonitorType.TLS_HELLO),
    monitor(kind=MonitorType.UDP_CONNECT),
    monitor(kind=MonitorType.SCTP),
    part(L7Policy, "policy", listener_id=name("listener"), action=PolicyAction.REJECT),
    part(L7Rule, "rule", l7policy_id=name("policy"), type=RuleType.PATH, compare_type=Compare.EQUAL_TO, value="/"),
]


@pytest.mark.parametrize("thing", NOT_YET, ids=lambda thing: type(thing).__name__)
def test_a_reason_names_what_it_is_about_and_what_is_possible(thing):
    reason = LACKS.unsupported(thing, tree(thing))
    assert reason
    assert reason.endswith(".")
    assert "use " in reason or "leave " in reason


FINE = [
    loadbalancer(),
    *(listener(protocol=p) for p in (ListenerProtocol.HTTP, ListenerProtocol.HTTPS, ListenerProtocol.TCP)),
    *(pool(protocol=p) for p in PoolProtocol if p not in (PoolProtocol.UDP, PoolProtocol.SCTP)),
    pool(keep="HTTP_COOKIE"),
    member(backup=True),
    *(monitor(kind=k) for k in (MonitorType.HTTP, MonitorType.PING, MonitorType.TCP)),
]


@pytest.mark.parametrize("thing", FINE, ids=lambda thing: type(thing).__name__)
def test_the_rest_is_rendered(thing):
    assert LACKS.unsupported(thing, tree(thing)) is None


def test_cookies_need_a_listener_that_reads_requests():
    by_cookie = pool(protocol=PoolProtocol.PROXY, keep="HTTP_COOKIE")
    of_bytes = listener(protocol=ListenerProtocol.TCP)
    assert LACKS.unsupported(by_cookie, tree(by_cookie, of_bytes))
    assert LACKS.unsupported(of_bytes, tree(by_cookie))
    assert LACKS.unsupported(by_cookie, tree(by_cookie, listener())) is None


def test_a_ping_goes_to_the_member_itself():
    elsewhere, ping = member(check="192.0.2.9"), monitor(kind=MonitorType.PING)
    assert LACKS.unsupported(elsewhere, tree(elsewhere, ping))
    assert LACKS.unsupported(ping, tree(elsewhere))
    assert LACKS.unsupported(elsewhere, tree(elsewhere, monitor())) is None
    assert LACKS.unsupported(ping, tree(member())) is None


def test_every_kind_has_its_lines():
    assert set(LACKS.of) == {kind.resource for kind in kinds.KINDS}


def test_every_line_applies_to_something():
    lines = [line for kind in LACKS.of.values() for line in kind]
    applied = {LACKS.unsupported(thing, tree(thing)) for thing in NOT_YET}
    assert {line.reason for line in lines if line.when is None} == applied


@pytest.mark.parametrize(
    "flavor,zone",
    [
        ({"loadbalancer_topology": "ACTIVE_STANDBY"}, {}),
        ({"sriov_vip": True}, {}),
        ({"compute_flavor": "m1.tiny"}, {}),
        ({}, {"compute_zone": "nova"}),
        ({}, {"management_network": name("network")}),
    ],
)
def test_what_a_flavor_or_a_zone_sets_in_vain_is_said(flavor, zone):
    reason = LACKS.unserved(flavor, zone)
    assert reason
    assert "use another" in reason


@pytest.mark.parametrize(
    "flavor,zone",
    [({}, {}), ({"loadbalancer_topology": "SINGLE", "sriov_vip": False}, {"valid_vip_networks": [name("network")]})],
)
def test_a_single_amphora_wherever_it_may_be_is_served(flavor, zone):
    assert LACKS.unserved(flavor, zone) is None
