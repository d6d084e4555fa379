"""How programs in Go speak to us: which codes are right, and that every value has its type, null being nothing of it."""

import time
from datetime import datetime
from typing import Any

from hydria.cli import client
from hydria.cli.client import Client

RIGHT = {"GET": (200,), "POST": (201, 202), "PUT": (200, 201, 202), "DELETE": (202, 204)}
BASE = "/v2.0/lbaas"
STATES = {"provisioning_status": str, "operating_status": str, "created_at": datetime, "updated_at": datetime}
NAMED = {"id": str, "project_id": str, "name": str, "description": str, "admin_state_up": bool, "tags": list}
KINDS: dict[str, dict[str, type]] = {
    "loadbalancer": {
        **NAMED,
        **STATES,
        **dict.fromkeys(("vip_address", "vip_port_id", "vip_subnet_id", "vip_network_id", "vip_qos_policy_id"), str),
        **dict.fromkeys(("flavor_id", "availability_zone", "provider"), str),
        **dict.fromkeys(("listeners", "pools", "additional_vips"), list),
    },
    "listener": {
        **NAMED,
        **STATES,
        **dict.fromkeys(("protocol", "default_pool_id", "default_tls_container_ref", "client_authentication"), str),
        **dict.fromkeys(("client_ca_tls_container_ref", "client_crl_container_ref", "tls_ciphers"), str),
        **dict.fromkeys(("protocol_port", "connection_limit", "timeout_client_data", "timeout_member_data"), int),
        **dict.fromkeys(("timeout_member_connect", "timeout_tcp_inspect", "hsts_max_age"), int),
        **dict.fromkeys(("loadbalancers", "sni_container_refs", "l7policies", "allowed_cidrs"), list),
        **dict.fromkeys(("alpn_protocols", "tls_versions"), list),
        **dict.fromkeys(("hsts_include_subdomains", "hsts_preload"), bool),
        "insert_headers": dict,
    },
    "pool": {
        **NAMED,
        **STATES,
        **dict.fromkeys(("protocol", "lb_algorithm", "healthmonitor_id", "tls_container_ref", "tls_ciphers"), str),
        **dict.fromkeys(("ca_tls_container_ref", "crl_container_ref"), str),
        **dict.fromkeys(("listeners", "members", "loadbalancers", "alpn_protocols", "tls_versions"), list),
        "session_persistence": dict,
        "tls_enabled": bool,
    },
    "member": {
        **{name: kind for name, kind in NAMED.items() if name != "description"},
        **STATES,
        **dict.fromkeys(("address", "subnet_id", "monitor_address"), str),
        **dict.fromkeys(("protocol_port", "weight", "monitor_port"), int),
        "backup": bool,
    },
    "healthmonitor": {
        **{name: kind for name, kind in NAMED.items() if name != "description"},
        **STATES,
        **dict.fromkeys(("type", "http_method", "url_path", "expected_codes", "domain_name"), str),
        **dict.fromkeys(("delay", "timeout", "max_retries", "max_retries_down"), int),
        "http_version": float,
        "pools": list,
    },
    "l7policy": {
        **NAMED,
        **STATES,
        **dict.fromkeys(("listener_id", "action", "redirect_pool_id", "redirect_prefix", "redirect_url"), str),
        **dict.fromkeys(("position", "redirect_http_code"), int),
        "rules": list,
    },
    "rule": {
        **{name: kind for name, kind in NAMED.items() if name not in ("name", "description")},
        **STATES,
        **dict.fromkeys(("type", "compare_type", "value", "key"), str),
        "invert": bool,
    },
}
"""What is read of each kind, and as what."""
MANY = {kind: f"{kind}s" for kind in KINDS} | {"l7policy": "l7policies"}


def read(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """An object as Go has it: what is null or absent is the zero of its type; another type is an error."""
    found: dict[str, Any] = {}
    for name, wanted in KINDS[kind].items():
        value = body.get(name)
        if wanted is datetime:
            found[name] = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S") if value else None  # noqa: DTZ007  (without a zone)
            continue
        assert value is None or type(value) is wanted, (kind, name, value)
        found[name] = wanted() if value is None else value
    return found


class Gopher:
    """A client; `written` remembers every write, `conflicts` how often it was told to come again."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self.written: list[tuple[str, str]] = []
        self.conflicts = 0

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request; an answer that such a program takes for an error fails, save the conflicts that it waits out."""
        if method != "GET":
            self.written.append((method, path.partition("?")[0]))
        deadline = time.monotonic() + 30
        while True:
            code, answer, _ = self._api.request(method, f"{BASE}/{path}", body, {"Accept": "application/json"})
            if code != 409 or time.monotonic() > deadline:
                break
            self.conflicts += 1
            time.sleep(0.1)
        assert code in RIGHT[method], (method, path, body, code, answer)
        return answer

    def get(self, kind: str, path: str) -> dict[str, Any]:
        return read(kind, self.ask("GET", path)[kind])

    def list(self, kind: str, path: str) -> "list[dict[str, Any]]":
        """All pages of a list."""
        answer, many = self.ask("GET", path), MANY[kind]
        assert [link for link in answer.get(f"{many}_links", ()) if link["rel"] == "next"] == []
        return [read(kind, one) for one in answer[many]]

    def create(self, kind: str, path: str, **values: Any) -> dict[str, Any]:
        return read(kind, self.ask("POST", path, {kind: values})[kind])

    def update(self, kind: str, path: str, **values: Any) -> None:
        read(kind, self.ask("PUT", path, {kind: values})[kind])

    def status(self, kind: str, path: str) -> str:
        """The provisioning status; GONE when there is no such object."""
        code, answer, _ = self._api.request("GET", f"{BASE}/{path}")
        assert code in (200, 404), (path, code, answer)
        return str(answer[kind]["provisioning_status"]) if code == 200 else "GONE"

    def active(self, lb_id: str) -> dict[str, Any]:
        """The load balancer once it is ACTIVE."""
        path = f"loadbalancers/{lb_id}"
        assert client.until(lambda: self.status("loadbalancer", path) == "ACTIVE", 30, 0.02)
        return self.get("loadbalancer", path)

    def version(self) -> str:
        """The last of the versions that are listed, which such programs take for the newest."""
        return str(self._api.request("GET", "/")[1]["versions"][-1]["id"])
