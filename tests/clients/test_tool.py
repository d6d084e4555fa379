"""A tool that makes infrastructure what a file says: a second plan is empty, each change is seen once and once only."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.gopher import Gopher
from tests.clients.tool import Resource, Tool
from tests.system.house import House

File = dict[str, Resource]
SUBNET = "00000000-0000-4000-8000-0000000000aa"
LONG = "a name as long as one can be, " * 9


MEMBERS: list[dict[str, Any]] = [
    {"address": "198.18.1.1", "protocol_port": 8080, "name": "a", "subnet_id": SUBNET, "weight": 5},
    {"address": "2001:db8:0:0:0:0:0:1", "protocol_port": 8080, "monitor_port": 8081},
    {"address": "198.18.1.2", "protocol_port": 8080, "backup": True, "monitor_address": "198.18.1.3"},
]
SITE: File = {
    "lb": Resource(
        "loadbalancer",
        {
            "name": LONG[:255],
            "vip_subnet_id": SUBNET,
            "description": "d\ne é",
            "tags": ["b", "a"],
            "provider": "octavia",
        },
    ),
    "web": Resource(
        "listener",
        {
            "loadbalancer_id": "$lb",
            "name": "web",
            "protocol": "HTTP",
            "protocol_port": 80,
            "connection_limit": 1000,
            "insert_headers": {"X-Forwarded-For": "true"},
            "allowed_cidrs": ["192.0.2.0/24", "10.0.0.0/8"],
            "timeout_client_data": 1000,
            "tags": ["t"],
        },
    ),
    "tls": Resource(
        "listener",
        {
            "loadbalancer_id": "$lb",
            "protocol": "TERMINATED_HTTPS",
            "protocol_port": 443,
            "default_tls_container_ref": "https://keys/1",
            "sni_container_refs": ["https://keys/2"],
            "tls_versions": ["TLSv1.3"],
            "alpn_protocols": ["http/1.1"],
        },
    ),
    "pool": Resource(
        "pool",
        {
            "listener_id": "$web",
            "name": "p",
            "protocol": "HTTP",
            "lb_algorithm": "ROUND_ROBIN",
            "session_persistence": {"type": "APP_COOKIE", "cookie_name": "c"},
        },
    ),
    "other": Resource("pool", {"loadbalancer_id": "$lb", "protocol": "HTTP", "lb_algorithm": "SOURCE_IP"}),
    "members": Resource("members", {"pool_id": "$pool", "members": MEMBERS}),
    "member": Resource("member", {"pool_id": "$other", "address": "198.18.1.9", "protocol_port": 1, "weight": 0}),
    "monitor": Resource(
        "healthmonitor",
        {
            "pool_id": "$pool",
            "type": "HTTP",
            "delay": 5,
            "timeout": 3,
            "max_retries": 2,
            "max_retries_down": 4,
            "url_path": "/ok",
            "expected_codes": "200,202",
            "http_method": "HEAD",
        },
    ),
    "policy": Resource(
        "l7policy",
        {"listener_id": "$web", "action": "REDIRECT_TO_POOL", "redirect_pool_id": "$other", "position": 1},
    ),
    "rule": Resource(
        "rule", {"l7policy_id": "$policy", "type": "PATH", "compare_type": "STARTS_WITH", "value": "/api"}
    ),
}
"""A web site: everything that such files usually say."""


@pytest.fixture(scope="module")
def tool(either_house: House) -> Iterator[Tool]:
    """The site is made."""
    tool = Tool(Gopher(either_house.api))
    tool.apply(SITE)
    yield tool
    tool.destroy()


def test_a_second_plan_is_empty_and_everything_goes_as_it_came(either_house: House) -> None:
    tool = Tool(Gopher(either_house.api))
    assert tool.plan(SITE) == [f"+{name}" for name in SITE]
    tool.apply(SITE)
    assert tool.plan(SITE) == []
    tool.gopher.written.clear()
    tool.apply(SITE)
    assert tool.gopher.written == []
    tool.destroy()
    assert tool.gopher.list("loadbalancer", f"loadbalancers?name={LONG[:255].replace(' ', '%20')}") == []
    assert tool.gopher.conflicts == 0


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("lb", {"name": "short", "description": "", "tags": []}),
    ("lb", {"admin_state_up": False}),
    ("web", {"allowed_cidrs": [], "insert_headers": {}, "connection_limit": -1}),
    ("web", {"timeout_client_data": 50000, "timeout_member_data": 7, "default_pool_id": "$other"}),
    ("tls", {"default_tls_container_ref": "https://keys/3", "sni_container_refs": []}),
    ("tls", {"tls_versions": ["TLSv1.2", "TLSv1.3"], "alpn_protocols": ["h2"]}),
    ("pool", {"session_persistence": {"type": "HTTP_COOKIE"}, "lb_algorithm": "LEAST_CONNECTIONS"}),
    ("pool", {"session_persistence": None}),
    ("members", {"members": [{"address": "198.18.1.1", "protocol_port": 8080, "subnet_id": SUBNET}]}),
    ("members", {"members": []}),
    ("member", {"weight": 256, "monitor_port": 7, "backup": True}),
    ("monitor", {"url_path": "/", "expected_codes": "200", "http_method": "GET", "delay": 9}),
    ("policy", {"action": "REDIRECT_TO_URL", "redirect_url": "https://a.example/", "redirect_pool_id": None}),
    ("rule", {"type": "HEADER", "key": "X-A", "value": "b", "invert": True}),
]


@pytest.mark.parametrize("block,values", CHANGES, ids=lambda v: v if isinstance(v, str) else "-".join(v))
def test_a_change_is_planned_applied_and_undone(tool: Tool, block: str, values: dict[str, Any]) -> None:
    after = copy.deepcopy(SITE)
    after[block].wanted |= values
    assert [line.split()[0] for line in tool.plan(after)] == [f"~{block}"]
    for wanted in (after, SITE):
        tool.apply(wanted)
        assert tool.plan(wanted) == []
    assert tool.gopher.conflicts == 0


def test_what_others_change_is_seen_and_put_right(tool: Tool) -> None:
    tool.gopher.update("pool", f"pools/{tool.state['pool'].id}", name="theirs")
    tool.gopher.active(tool.lb)
    assert tool.plan(SITE) == ["~pool name"]
    tool.apply(SITE)
    assert tool.plan(SITE) == []
