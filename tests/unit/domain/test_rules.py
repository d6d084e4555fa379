"""Rules between resources, as tables of what is accepted and what is refused."""

from typing import Any

import msgspec
import pytest

from hydria.domain import edits, rules
from hydria.domain.attributes import Resource
from hydria.domain.edits import Stamp
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import AdditionalVip, LoadBalancer
from hydria.domain.member import Member
from hydria.domain.pool import Pool, SessionPersistence
from hydria.domain.refusals import Conflict, Invalid, NotFound, Refusal
from hydria.domain.rules import Offer
from hydria.domain.tree import Tree
from hydria.domain.types import (
    Address,
    Algorithm,
    ClientAuthentication,
    Compare,
    ListenerProtocol,
    MonitorType,
    Persistence,
    PolicyAction,
    PoolProtocol,
    RuleType,
)

STAMP = Stamp(2, 20)
MARKS: dict[str, Any] = {
    "project_id": "p",
    "load_balancer_id": "lb",
    "born": 1,
    "changed": 1,
    "touched": 1,
    "created_at": 10,
}


def lb(**values: Any) -> LoadBalancer:
    return LoadBalancer(id="lb", **{"vip_address": "192.0.2.1", **values}, **MARKS)


def listener(name: str = "li", protocol: str = "HTTP", port: int = 80, **values: Any) -> Listener:
    return Listener(id=name, protocol=ListenerProtocol(protocol), protocol_port=port, **values, **MARKS)


def pool(name: str = "po", protocol: str = "HTTP", **values: Any) -> Pool:
    return Pool(id=name, protocol=PoolProtocol(protocol), lb_algorithm=Algorithm.ROUND_ROBIN, **values, **MARKS)


def member(name: str = "me", address: str = "192.0.2.9", port: int = 80) -> Member:
    return Member(id=name, pool_id="po", address=Address(address), protocol_port=port, **MARKS)


def monitor(kind: str = "HTTP", name: str = "hm", **values: Any) -> HealthMonitor:
    rest = {"delay": 5, "timeout": 3, "max_retries": 2, **values}
    return HealthMonitor(id=name, pool_id="po", type=MonitorType(kind), **rest, **MARKS)


def policy(name: str = "l7", action: str = "REJECT", **values: Any) -> L7Policy:
    return L7Policy(id=name, listener_id="li", action=PolicyAction(action), **values, **MARKS)


def rule(
    kind: str = "PATH", compare: str = "STARTS_WITH", value: str = "/a", name: str = "ru", **values: Any
) -> L7Rule:
    return L7Rule(
        id=name, l7policy_id="l7", type=RuleType(kind), compare_type=Compare(compare), value=value, **values, **MARKS
    )


HOUSE = Tree(loadbalancer=lb()).plus(listener(), pool(), policy())


def code(part: Any, tree: Tree = HOUSE, offer: Offer | None = None) -> int:
    """0 when the part is accepted, else the code of the refusal."""
    try:
        rules.check(tree, part, offer or Offer())
    except Refusal as refusal:
        return refusal.code
    return 0


CERTIFICATE: dict[str, Any] = {"default_tls_container_ref": "ref"}
TLS: dict[str, Any] = {"protocol": "TERMINATED_HTTPS", "port": 443}


@pytest.mark.parametrize(
    "expected,values",
    [
        (0, {"port": 81}),
        (409, {"port": 80}),
        (409, {"port": 80, "protocol": "TCP"}),
        (0, {"port": 80, "protocol": "UDP"}),
        (0, {"port": 80, "protocol": "SCTP"}),
        (0, {**TLS, **CERTIFICATE}),
        (0, {**TLS, "sni_container_refs": ["ref"]}),
        (400, TLS),
        (400, {"port": 81, **CERTIFICATE}),
        (0, {"port": 81, "protocol": "PROMETHEUS", **CERTIFICATE}),
        (400, {**TLS, **CERTIFICATE, "client_authentication": ClientAuthentication.MANDATORY}),
        (
            0,
            {
                **TLS,
                **CERTIFICATE,
                "client_authentication": ClientAuthentication.MANDATORY,
                "client_ca_tls_container_ref": "ca",
            },
        ),
        (400, {**TLS, **CERTIFICATE, "client_crl_container_ref": "crl"}),
        (0, {"port": 81, "insert_headers": {"X-Forwarded-For": "true"}}),
        (400, {"port": 81, "insert_headers": {"X-Mine": "true"}}),
        (400, {"port": 81, "insert_headers": {"X-SSL-Client-CN": "true"}}),
        (0, {**TLS, **CERTIFICATE, "insert_headers": {"X-SSL-Client-CN": "true"}}),
        (400, {"port": 81, "protocol": "TCP", "insert_headers": {"X-Forwarded-For": "true"}}),
        (0, {"port": 81, "allowed_cidrs": ["192.0.2.0/24"]}),
        (400, {"port": 81, "allowed_cidrs": ["2001:db8::/64"]}),
        (0, {**TLS, **CERTIFICATE, "hsts_max_age": 1, "hsts_preload": True}),
        (400, {**TLS, **CERTIFICATE, "hsts_preload": True}),
        (400, {"port": 81, "hsts_max_age": 1}),
        (400, {**TLS, **CERTIFICATE, "tls_versions": []}),
        (400, {**TLS, **CERTIFICATE, "tls_versions": ["TLSv9"]}),
        (400, {**TLS, **CERTIFICATE, "alpn_protocols": []}),
        (400, {**TLS, **CERTIFICATE, "tls_versions": ["TLSv1.2", "TLSv1.4"]}),
        (400, {**TLS, "client_ca_tls_container_ref": "ca"}),
        (0, {"port": 81, "protocol": "PROMETHEUS"}),
        (400, {"port": 81, "protocol": "PROMETHEUS", "client_ca_tls_container_ref": "ca"}),
        (400, {"port": 81, "sni_container_refs": ["ref"]}),
        (400, {"port": 81, "client_crl_container_ref": "crl"}),
        (400, {"port": 81, "hsts_include_subdomains": True}),
        (400, {"port": 81, "protocol": "UDP", "insert_headers": {"X-Forwarded-For": "true"}}),
        (409, {"port": 80, "protocol": "PROMETHEUS"}),
        (0, {"port": 81, "default_pool_id": "po"}),
        (404, {"port": 81, "default_pool_id": "elsewhere"}),
        (400, {"port": 81, "protocol": "UDP", "default_pool_id": "po"}),
        (400, {"port": 81, "protocol": "PROMETHEUS", "default_pool_id": "po"}),
    ],
)
def test_listeners(expected: int, values: dict[str, Any]) -> None:
    assert code(listener("new", **values)) == expected


@pytest.mark.parametrize("protocol,takes", rules.CARRIES.items())
def test_a_listener_takes_the_pools_it_can_carry(protocol: ListenerProtocol, takes: frozenset[PoolProtocol]) -> None:
    tree = Tree(loadbalancer=lb()).plus(listener(protocol=protocol))
    accepted = {p for p in PoolProtocol if code(pool(protocol=p, listener_id="li"), tree) == 0}
    assert accepted == takes


def test_a_terminating_listener_gets_the_defaults_of_the_operator() -> None:
    new = listener("new", **TLS, **CERTIFICATE)
    usual = rules.Usual(ciphers="A:B", tls_versions=("TLSv1.3",))
    made = rules.check(HOUSE, new, Offer(listeners=usual, pools=usual))
    assert isinstance(made, Listener)
    assert (made.tls_ciphers, made.tls_versions, made.alpn_protocols) == (
        "A:B",
        ["TLSv1.3"],
        ["h2", "http/1.1", "http/1.0"],
    )


SAID: dict[str, Any] = {"tls_ciphers": "A", "tls_versions": ["TLSv1.2"], "alpn_protocols": ["h2"]}
NOT_SAID: dict[str, Any] = dict.fromkeys(SAID)


@pytest.mark.parametrize(
    "part,kept",
    [
        (listener("new", **TLS, **CERTIFICATE, **SAID), SAID),
        (listener("new", "PROMETHEUS", 81, **CERTIFICATE, **SAID), SAID),
        *((listener("new", p, 81, **SAID), NOT_SAID) for p in ("HTTP", "HTTPS", "TCP", "UDP", "SCTP")),
        (pool("new", tls_enabled=True, **SAID), SAID),
        (pool("new", **SAID), NOT_SAID),
    ],
)
def test_what_is_said_of_tls_is_kept_where_it_is_spoken(part: Any, kept: dict[str, Any]) -> None:
    made = rules.check(HOUSE, part, Offer())
    assert {name: getattr(made, name) for name in kept} == kept


def test_a_pool_that_speaks_tls_gets_the_defaults_of_the_operator() -> None:
    usual = rules.Usual(ciphers="A:B", tls_versions=("TLSv1.3",))
    made = rules.check(HOUSE, pool("new", tls_enabled=True), Offer(pools=usual))
    assert isinstance(made, Pool)
    assert (made.tls_ciphers, made.tls_versions) == ("A:B", ["TLSv1.3"])


@pytest.mark.parametrize(
    "part,offer",
    [
        (pool("new", tls_enabled=True, tls_versions=["SSLv3"]), Offer(minimum_tls_version="TLSv1")),
        (pool("new", tls_enabled=True, tls_ciphers="B"), Offer(prohibited_ciphers=("B",))),
        (listener("new", **TLS, **CERTIFICATE), Offer(tls_listeners=False)),
        (listener("new", "PROMETHEUS", 81), Offer(prometheus_listeners=False)),
        (listener("new", **TLS, **CERTIFICATE, tls_versions=["TLSv1.1"]), Offer(minimum_tls_version="TLSv1.2")),
        (listener("new", **TLS, **CERTIFICATE, tls_ciphers="A:B"), Offer(prohibited_ciphers=("B",))),
        (monitor("PING"), Offer(ping_monitors=False)),
        (member(address="192.0.2.9"), Offer(reserved_addresses=("192.0.2.9",))),
    ],
)
def test_the_operator_may_forbid_what_else_is_allowed(part: Resource, offer: Offer) -> None:
    assert (code(part), code(part, offer=offer)) == (0, 400)


@pytest.mark.parametrize(
    "expected,protocol,kept",
    [
        (0, "HTTP", {"type": Persistence.HTTP_COOKIE}),
        (0, "HTTP", {"type": Persistence.APP_COOKIE, "cookie_name": "a"}),
        (400, "HTTP", {"type": Persistence.APP_COOKIE}),
        (400, "HTTP", {"type": Persistence.HTTP_COOKIE, "cookie_name": "a"}),
        (400, "TCP", {"type": Persistence.SOURCE_IP, "persistence_timeout": 1}),
        (0, "UDP", {"type": Persistence.SOURCE_IP, "persistence_timeout": 1}),
        (400, "UDP", {"type": Persistence.HTTP_COOKIE}),
    ],
)
def test_session_persistence(expected: int, protocol: str, kept: dict[str, Any]) -> None:
    assert code(pool("new", protocol, session_persistence=SessionPersistence(**kept))) == expected


def test_pools() -> None:
    taken = HOUSE.plus(listener(default_pool_id="po"))
    assert code(pool("new", listener_id="li"), taken) == 409
    assert code(pool("new", crl_container_ref="crl")) == 400
    assert code(pool("new", crl_container_ref="crl", ca_tls_container_ref="ca")) == 0
    with pytest.raises(Conflict):
        rules.removable(HOUSE.plus(policy(redirect_pool_id="po")), pool())


def test_members() -> None:
    tree = HOUSE.plus(member())
    assert code(member("new"), tree) == 409
    assert code(member("new", port=81), tree) == 0
    assert code(member("me"), tree) == 0
    assert code(member("new", address="169.254.169.254"), tree) == 400


@pytest.mark.parametrize(
    "expected,protocol,kind,values",
    [
        (0, "HTTP", "HTTP", {}),
        (0, "HTTP", "PING", {}),
        (0, "TCP", "TLS-HELLO", {}),
        (400, "HTTP", "UDP-CONNECT", {}),
        (400, "HTTP", "SCTP", {}),
        (0, "UDP", "UDP-CONNECT", {}),
        (0, "UDP", "HTTP", {}),
        (400, "UDP", "PING", {}),
        (400, "UDP", "UDP-CONNECT", {"delay": 2}),
        (400, "HTTP", "TCP", {"url_path": "/"}),
        (400, "HTTP", "HTTP", {"domain_name": "a.example"}),
        (0, "HTTP", "HTTP", {"domain_name": "a.example", "http_version": 1.1}),
        (0, "HTTP", "HTTP", {"timeout": 9}),
    ],
)
def test_health_monitors(expected: int, protocol: str, kind: str, values: dict[str, Any]) -> None:
    assert code(monitor(kind, **values), HOUSE.plus(pool(protocol=protocol))) == expected


def test_a_pool_has_one_health_monitor() -> None:
    tree = HOUSE.plus(monitor())
    assert (code(monitor(name="new"), tree), code(monitor(), tree)) == (409, 0)


def test_a_monitor_asks_for_the_root_by_default() -> None:
    made = rules.check(HOUSE, monitor(), Offer())
    assert isinstance(made, HealthMonitor)
    assert (made.http_method, made.url_path, made.expected_codes) == ("GET", "/", "200")


@pytest.mark.parametrize(
    "expected,action,values",
    [
        (0, "REJECT", {}),
        (400, "REDIRECT_TO_POOL", {}),
        (0, "REDIRECT_TO_POOL", {"redirect_pool_id": "po"}),
        (404, "REDIRECT_TO_POOL", {"redirect_pool_id": "elsewhere"}),
        (400, "REDIRECT_TO_URL", {}),
        (0, "REDIRECT_TO_URL", {"redirect_url": "http://a.example/", "redirect_pool_id": "po"}),
        (404, "REDIRECT_TO_URL", {"redirect_url": "http://a.example/", "redirect_pool_id": "elsewhere"}),
        (404, "REJECT", {"redirect_pool_id": "elsewhere"}),
        *(
            (400, "REDIRECT_TO_URL", {"redirect_url": u})
            for u in ("http:///a", "http://[::1", "http://a:b", "http://a:65536")
        ),
        *((0, "REDIRECT_TO_URL", {"redirect_url": u}) for u in ("http://[::1]/", "https://a.example:8443/b?c=d#e")),
        (0, "REDIRECT_PREFIX", {"redirect_prefix": "https://a.example", "redirect_http_code": 307}),
        (400, "REDIRECT_PREFIX", {"redirect_prefix": "https://a.example", "redirect_http_code": 305}),
    ],
)
def test_policies(expected: int, action: str, values: dict[str, Any]) -> None:
    assert code(policy("new", action, **values)) == expected


def test_what_belongs_to_another_action_is_dropped() -> None:
    made = rules.check(
        HOUSE, policy("new", "REDIRECT_TO_URL", redirect_url="http://a.example/", redirect_pool_id="po"), Offer()
    )
    assert isinstance(made, L7Policy)
    assert (made.redirect_pool_id, made.redirect_http_code) == (None, 302)


@pytest.mark.parametrize(
    "expected,kind,compare,value,key",
    [
        (0, "PATH", "STARTS_WITH", "/a", None),
        (400, "PATH", "STARTS_WITH", "/a b", None),
        (0, "HEADER", "EQUAL_TO", "a", "X-A"),
        (0, "HEADER", "EQUAL_TO", '"a b"', "X-A"),
        (400, "HEADER", "EQUAL_TO", "a", None),
        (400, "COOKIE", "EQUAL_TO", "a", "a b"),
        (400, "FILE_TYPE", "STARTS_WITH", "jpg", None),
        (0, "FILE_TYPE", "EQUAL_TO", "jpg", None),
        (0, "HOST_NAME", "REGEX", "a.*", None),
        (400, "HOST_NAME", "REGEX", "(", None),
        (0, "SSL_CONN_HAS_CERT", "EQUAL_TO", "True", None),
        (400, "SSL_CONN_HAS_CERT", "EQUAL_TO", "false", None),
        (400, "SSL_CONN_HAS_CERT", "EQUAL_TO", "true", "a"),
        (0, "SSL_VERIFY_RESULT", "EQUAL_TO", "0", None),
        (400, "SSL_VERIFY_RESULT", "EQUAL_TO", "-1", None),
        (0, "SSL_DN_FIELD", "EQUAL_TO", "a", "CN"),
        (400, "SSL_DN_FIELD", "EQUAL_TO", "a", "1"),
    ],
)
def test_l7_rules(expected: int, kind: str, compare: str, value: str, key: str | None) -> None:
    assert code(rule(kind, compare, value, key=key)) == expected


def test_a_policy_has_fifty_rules_at_most() -> None:
    tree = HOUSE.plus(*(rule(name=f"r{i}") for i in range(50)))
    assert (code(rule(name="new"), tree), code(rule(name="r0"), tree)) == (409, 0)


def test_every_vip_is_in_a_subnet_of_its_own() -> None:
    twice = [AdditionalVip(subnet_id="a"), AdditionalVip(subnet_id="a")]
    assert code(lb(additional_vips=twice)) == 400
    assert code(lb(vip_subnet_id="a", additional_vips=twice[:1])) == 400
    assert code(lb(vip_subnet_id="b", additional_vips=twice[:1])) == 0


def test_a_new_pool_becomes_the_default_of_its_listener() -> None:
    after = edits.add(Tree(loadbalancer=lb()).plus(listener()), pool(listener_id="li"), STAMP, Offer())
    assert (after.listeners["li"].default_pool_id, after.listeners["li"].changed) == ("po", 2)


@pytest.mark.parametrize("position,order", [(1, "new a b"), (2, "a new b"), (9, "a b new")])
def test_a_policy_takes_its_position_and_the_others_make_room(position: int, order: str) -> None:
    tree = Tree(loadbalancer=lb()).plus(listener(), policy("a", position=1), policy("b", position=2))
    after = edits.add(tree, policy("new", position=position), STAMP, Offer())
    assert " ".join(p.id for p in after.policies_of("li")) == order
    assert [p.position for p in after.policies_of("li")] == [1, 2, 3]


def test_what_is_removed_takes_what_is_beneath_it_along() -> None:
    tree = HOUSE.plus(member(), monitor(), rule(), listener(default_pool_id="po"))
    edit = edits.difference(tree, edits.remove(tree, tree.pools["po"], STAMP))
    assert {p.id for p in edit.removed} == {"po", "me", "hm"}
    assert [after.id for _, after in edit.changed] == ["li"]
    edit = edits.difference(tree, edits.remove(tree, tree.listeners["li"], STAMP))
    assert {p.id for p in edit.removed} == {"li", "l7", "ru"}


def test_an_edit_changes_nothing_when_nothing_differs() -> None:
    assert not edits.difference(HOUSE, HOUSE)
    same = edits.change(HOUSE, HOUSE.pools["po"], {"name": ""}, STAMP, Offer())
    assert edits.values(HOUSE.pools["po"], same.pools["po"]) == {}


def test_refusals_are_of_the_right_kind() -> None:
    with pytest.raises(NotFound):
        rules.check(HOUSE, listener("new", port=81, default_pool_id="elsewhere"), Offer())
    with pytest.raises(Invalid):
        rules.check(
            HOUSE,
            msgspec.structs.replace(pool(), session_persistence=SessionPersistence(type=Persistence.APP_COOKIE)),
            Offer(),
        )
