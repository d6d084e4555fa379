"""Section 8 of the contract: the settings that change it, each from the file to an answer over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hydria import configuration, main, options
from hydria.configuration import BadSettings
from hydria.kit import ids
from tests.unit.api.conftest import FOREIGN, PROJECT, Service, Start

Served = Callable[[str], Service]
API, NETWORK, HAPROXY, QUOTAS = "api_settings", "networking", "haproxy_amphora", "quotas"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], configuration.Settings]:
    def from_text(text: str) -> configuration.Settings:
        file = tmp_path / "hydria.conf"
        file.write_text(text)
        return configuration.read(file)

    return from_text


@pytest.fixture
def served(start: Start, read: Callable[[str], configuration.Settings]) -> Served:
    """The API as a settings file makes it."""
    return lambda text: start(main.api_settings(read(text)))


DEFAULTS: list[tuple[str, str, Any]] = [
    (API, "allow_pagination", True),
    (API, "allow_sorting", True),
    (API, "allow_filtering", True),
    (API, "allow_field_selection", True),
    (API, "pagination_max_limit", 1000),
    (API, "allow_tls_terminated_listeners", True),
    (API, "allow_ping_health_monitors", True),
    (API, "allow_prometheus_listeners", True),
    (API, "default_provider_driver", "amphora"),
    (API, "minimum_tls_version", None),
    (API, "tls_cipher_prohibit_list", ""),
    (API, "default_listener_tls_versions", ["TLSv1.2", "TLSv1.3"]),
    (API, "default_pool_tls_versions", ["TLSv1.2", "TLSv1.3"]),
    (API, "default_listener_alpn_protocols", ["h2", "http/1.1", "http/1.0"]),
    (API, "default_pool_alpn_protocols", ["h2", "http/1.1", "http/1.0"]),
    (API, "udp_connect_min_interval_health_monitor", 3),
    (API, "healthcheck_enabled", False),
    (API, "api_base_uri", None),
    (NETWORK, "allow_vip_network_id", True),
    (NETWORK, "allow_vip_subnet_id", True),
    (NETWORK, "allow_vip_port_id", True),
    (NETWORK, "reserved_ips", ["169.254.169.254"]),
    (NETWORK, "valid_vip_networks", []),
    (NETWORK, "denylist_vip_networks", []),
    (HAPROXY, "timeout_client_data", 50000),
    (HAPROXY, "timeout_member_connect", 5000),
    (HAPROXY, "timeout_member_data", 50000),
    (HAPROXY, "timeout_tcp_inspect", 0),
    *((QUOTAS, f"default_{kind}_quota", -1) for kind in options.QUOTAS),
]


@pytest.mark.parametrize("group,name,value", DEFAULTS)
def test_an_option_has_its_default(
    read: Callable[[str], configuration.Settings], group: str, name: str, value: Any
) -> None:
    assert read("").option(group, name) == value


def test_the_usual_providers_are_ours_under_two_names(served: Served) -> None:
    found = served("").get("/providers", "providers")
    assert [p["name"] for p in found] == ["amphora", "octavia"]
    assert all(p["description"] for p in found)


SECRET = "http://barbican.example/v1/containers/1"
LISTENER: dict[str, Any] = {"protocol": "HTTP", "protocol_port": 80}
TLS: dict[str, Any] = {"protocol": "TERMINATED_HTTPS", "protocol_port": 443, "default_tls_container_ref": SECRET}
POOL: dict[str, Any] = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
MONITOR: dict[str, Any] = {"delay": 5, "timeout": 3, "max_retries": 2}
MEMBER: dict[str, Any] = {"address": "192.0.2.9", "protocol_port": 80}


def asked(api: Service, kind: str, values: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The answer to a creation, with what must be there before it."""
    lb = api.load_balancer()["id"]
    protocol = "UDP" if values.get("type") == "UDP-CONNECT" else "HTTP"
    pool = api.make("/pools", "pool", loadbalancer_id=lb, protocol=protocol, lb_algorithm="ROUND_ROBIN")["id"]
    path, above = {
        "listener": ("/listeners", {"loadbalancer_id": lb}),
        "pool": ("/pools", {"loadbalancer_id": lb}),
        "member": (f"/pools/{pool}/members", {}),
        "healthmonitor": ("/healthmonitors", {"pool_id": pool}),
    }[kind]
    result = api.ask("POST", path, {kind: {**values, **above}})
    return result.status_code, result.json.get(kind, result.json)


FORBIDDEN: list[tuple[str, str, dict[str, Any]]] = [
    ("[api_settings]\nallow_tls_terminated_listeners = false", "listener", TLS),
    ("[api_settings]\nallow_prometheus_listeners = false", "listener", {**LISTENER, "protocol": "PROMETHEUS"}),
    ("[api_settings]\nallow_ping_health_monitors = false", "healthmonitor", {**MONITOR, "type": "PING"}),
    (
        "[api_settings]\nudp_connect_min_interval_health_monitor = 6",
        "healthmonitor",
        {**MONITOR, "type": "UDP-CONNECT"},
    ),
    ("[api_settings]\nminimum_tls_version = TLSv1.2", "listener", {**TLS, "tls_versions": ["TLSv1.1"]}),
    ("[api_settings]\nminimum_tls_version = TLSv1.2", "pool", {**POOL, "tls_enabled": True, "tls_versions": ["TLSv1"]}),
    ("[api_settings]\ntls_cipher_prohibit_list = A:B", "listener", {**TLS, "tls_ciphers": "C:B"}),
    ("[api_settings]\ntls_cipher_prohibit_list = A:B", "pool", {**POOL, "tls_enabled": True, "tls_ciphers": "A"}),
    ("[networking]\nreserved_ips = 192.0.2.9", "member", MEMBER),
]


@pytest.mark.parametrize("text,kind,values", FORBIDDEN)
def test_what_an_operator_forbids_is_400_and_else_201(
    served: Served, text: str, kind: str, values: dict[str, Any]
) -> None:
    assert [asked(served(t), kind, values)[0] for t in ("", text)] == [201, 400]


USUAL: list[tuple[str, str, dict[str, Any], str, Any]] = [
    ("default_listener_ciphers = A:B", "listener", TLS, "tls_ciphers", "A:B"),
    ("default_listener_tls_versions = TLSv1.3", "listener", TLS, "tls_versions", ["TLSv1.3"]),
    ("default_listener_alpn_protocols = h2,http/1.1", "listener", TLS, "alpn_protocols", ["h2", "http/1.1"]),
    ("default_pool_ciphers = C:D", "pool", {**POOL, "tls_enabled": True}, "tls_ciphers", "C:D"),
    ("default_pool_tls_versions = TLSv1.2", "pool", {**POOL, "tls_enabled": True}, "tls_versions", ["TLSv1.2"]),
    ("default_pool_alpn_protocols = http/1.0", "pool", {**POOL, "tls_enabled": True}, "alpn_protocols", ["http/1.0"]),
    *(
        (f"[{HAPROXY}]\n{name} = 7", "listener", {**LISTENER, **given}, name, 7)
        for name in ("timeout_client_data", "timeout_member_connect", "timeout_member_data", "timeout_tcp_inspect")
        for given in ({}, {name: None})
    ),
]


@pytest.mark.parametrize("text,kind,values,name,usual", USUAL)
def test_who_asks_for_nothing_gets_what_the_operator_says(
    served: Served, text: str, kind: str, values: dict[str, Any], name: str, usual: Any
) -> None:
    code, made = asked(served(text if text.startswith("[") else f"[{API}]\n{text}"), kind, values)
    assert (code, made.get(name)) == (201, usual)


@pytest.mark.parametrize("what", ["network", "subnet", "port"])
def test_a_way_to_place_a_vip_can_be_switched_off(served: Served, what: str) -> None:
    for value, codes in (("true", {201}), ("false", {400})):
        api = served(f"[networking]\nallow_vip_{what}_id = {value}\n")
        place = {"network": api.context.network.networks()[1].id, "subnet": api.subnet, "port": ids.new()}
        code, text = api.refused("POST", "/loadbalancers", {"loadbalancer": {f"vip_{what}_id": place[what]}})
        assert (code in codes, f"vip_{what}_id" in text) == (True, value == "false"), text


@pytest.mark.parametrize(
    "option,here,elsewhere", [("valid_vip_networks", 201, 400), ("denylist_vip_networks", 400, 201)]
)
def test_an_operator_says_where_vips_may_be(served: Served, option: str, here: int, elsewhere: int) -> None:
    network = served("").context.network.networks()[1].id
    api = served(f"[networking]\n{option} = {network.upper()}, {ids.new()}\n")
    for where, code in ((network, here), (api.context.network.networks()[2].id, elsewhere)):
        assert api.ask("POST", "/loadbalancers", {"loadbalancer": {"vip_network_id": where}}).status_code == code


@pytest.mark.parametrize(
    "switch,query",
    [
        ("allow_pagination", "limit=1"),
        ("allow_filtering", "name=b"),
        ("allow_sorting", "sort=name:desc"),
        ("allow_field_selection", "fields=id"),
    ],
)
def test_what_lists_can_do_can_be_switched_off(served: Served, switch: str, query: str) -> None:
    api = served(f"[{API}]\n{switch} = false\n")
    for name in "ab":
        api.load_balancer(name=name)
        api.clock.turn(1)
    assert [lb["name"] for lb in api.get(f"/loadbalancers?{query}", "loadbalancers")] == ["a", "b"]


@pytest.mark.parametrize("most,links", [("2", 1), ("3", 0), ("infinite", 0)])
def test_a_page_holds_as_much_as_the_operator_says(served: Served, most: str, links: int) -> None:
    api = served(f"[{API}]\npagination_max_limit = {most}\n")
    for _ in range(2):
        api.load_balancer()
    assert len(api.ask("GET", "/loadbalancers?limit=9").json["loadbalancers_links"]) == links


@pytest.mark.parametrize("base", ["https://lb.example.com/x", "https://lb.example.com/x/"])
def test_links_and_versions_are_below_the_base(served: Served, base: str) -> None:
    api = served(f"[{API}]\napi_base_uri = {base}\n")
    api.load_balancer()
    (link,) = api.ask("GET", "/loadbalancers?limit=1").json["loadbalancers_links"]
    assert link["href"].startswith("https://lb.example.com/x/v2/lbaas/loadbalancers?")
    (version, *_) = api.ask("GET", "/", bare=True).json["versions"]
    assert version["links"][0]["href"] == "https://lb.example.com/x/v2"


@pytest.mark.parametrize("value,code", [("true", 200), ("false", 404)])
def test_health_is_told_if_that_is_switched_on(served: Served, value: str, code: int) -> None:
    api = served(f"[{API}]\nhealthcheck_enabled = {value}\n")
    assert api.ask("GET", "/healthcheck", bare=True, token="").status_code == code


PROVIDERS = f"[{API}]\nenabled_provider_drivers = amphora:Ours.,vendor:Theirs: really\n"


def test_providers_are_those_that_the_operator_names(served: Served) -> None:
    api = served(PROVIDERS)
    found = {p["name"]: p["description"] for p in api.get("/providers", "providers")}
    assert found == {"amphora": "Ours.", "vendor": "Theirs: really"}


@pytest.mark.parametrize("name,code", [("amphora", 201), ("octavia", 400), ("other", 400), ("vendor", 501)])
def test_a_provider_must_be_enabled_and_there(served: Served, name: str, code: int) -> None:
    api = served(PROVIDERS)
    body = {"loadbalancer": {"vip_subnet_id": api.subnet, "provider": name}}
    profile = {"flavorprofile": {"name": "p", "provider_name": name, "flavor_data": "{}"}}
    answers = [
        api.ask("POST", "/loadbalancers", body).status_code,
        api.ask("POST", "/flavorprofiles", profile, token="admin").status_code,
        api.ask("GET", f"/providers/{name}/flavor_capabilities", token="admin").status_code,
    ]
    assert answers == [code, code, 200 if code == 201 else code]


@pytest.mark.parametrize("default,code", [("octavia", 201), ("vendor", 501)])
def test_who_names_no_provider_gets_the_usual_one(served: Served, default: str, code: int) -> None:
    api = served(f"{PROVIDERS.rstrip()},octavia:Ours.\ndefault_provider_driver = {default}\n")
    result = api.ask("POST", "/loadbalancers", {"loadbalancer": {"vip_subnet_id": api.subnet}})
    assert result.status_code == code
    assert code == 501 or result.json["loadbalancer"]["provider"] == default


QUOTA = {"load_balancer": "loadbalancer", "health_monitor": "healthmonitor"}


@pytest.mark.parametrize("kind", options.QUOTAS)
def test_a_quota_that_nobody_set_is_the_usual_one(served: Served, kind: str) -> None:
    api = served(f"[{QUOTAS}]\ndefault_{kind}_quota = 7\n")
    name = QUOTA.get(kind, kind)
    for path in (f"/quotas/{PROJECT}", f"/quotas/{PROJECT}/default"):
        assert {n for n, most in api.get(path, "quota").items() if most == 7} == {name, kind}
    api.ask("PUT", f"/quotas/{FOREIGN}", {"quota": {name: 9}}, token="admin")
    assert [q[name] for q in api.ask("GET", "/quotas", token="admin").json["quotas"]] == [9]


def test_the_usual_quota_holds(served: Served) -> None:
    api = served(f"[{QUOTAS}]\ndefault_load_balancer_quota = 1\n")
    api.load_balancer()
    code, text = api.refused("POST", "/loadbalancers", {"loadbalancer": {"vip_subnet_id": api.subnet}})
    assert (code, "Quota has been met for resources" in text) == (403, True)


@pytest.mark.parametrize(
    "line,expected",
    [
        ("pagination_max_limit = 0", "a whole number, at least 1, or infinite"),
        ("pagination_max_limit = all", "a whole number, at least 1, or infinite"),
        ("minimum_tls_version = TLSv2", "one of SSLv3, "),
        ("default_pool_tls_versions = TLSv1.3,TLSv2", "some of SSLv3, "),
        ("default_listener_alpn_protocols = h3", "some of h2, "),
        ("enabled_provider_drivers = amphora", "names and descriptions"),
        ("default_provider_driver = vendor", "one of amphora, octavia"),
        ("minimum_tls_version = TLSv1.3", "TLSv1.3 or better"),
        ("tls_cipher_prohibit_list = TLS_AES_128_GCM_SHA256", "ciphers that are not"),
        ("allow_sorting = maybe", "true or false"),
    ],
)
def test_a_value_that_cannot_be_is_told_at_the_start(
    read: Callable[[str], configuration.Settings], line: str, expected: str
) -> None:
    with pytest.raises(BadSettings) as error:
        read(f"[{API}]\n{line}\n")
    assert f"expected {expected}" in str(error.value)


NOOP = "".join(f"{thing}_driver = noop\n" for thing in ("amphora", "compute", "network"))


@pytest.mark.parametrize("drivers,offered", [("", False), (NOOP, True)])
def test_a_refusal_offers_only_headers_that_can_be_inserted(served: Served, drivers: str, *, offered: bool) -> None:
    api = served(f"[controller_worker]\n{drivers}")
    listener = {"protocol": "HTTP", "protocol_port": 80, "insert_headers": {"X-Nobody": "true"}}
    body = {"listener": {"loadbalancer_id": api.load_balancer()["id"], **listener}}
    code, text = api.refused("POST", "/listeners", body)
    assert (code, "X-Forwarded-For" in text, "X-Client-IP" in text) == (400, True, offered)
