"""One object of any kind with any values, and with what it needs around it: whether the API takes it, in one call."""

from collections.abc import Callable
from typing import Any

from hydria.kit import ids
from tests.unit.api.conftest import Service

Body = dict[str, Any]
TLS = {"protocol": "TERMINATED_HTTPS", "default_tls_container_ref": "r"}
CA = {"client_ca_tls_container_ref": "ca"}
BY_ROUND = {"lb_algorithm": "ROUND_ROBIN"}
MONITOR = {"type": "TCP", "delay": 5, "timeout": 3, "max_retries": 2}
RULE = {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/a"}
BESIDE: dict[str, Callable[[Any], Body]] = {
    "listener protocol": lambda v: TLS if v == "TERMINATED_HTTPS" else {},
    "listener insert_headers": lambda v: TLS if any(n.startswith("X-SSL") for n in v) else {},
    "listener client_authentication": lambda v: {**TLS, **CA} if v != "NONE" else {},
    "pool crl_container_ref": lambda _: {"ca_tls_container_ref": "ca"},
    "healthmonitor http_method": lambda _: {"type": "HTTP"},
    "healthmonitor url_path": lambda _: {"type": "HTTP"},
    "healthmonitor expected_codes": lambda _: {"type": "HTTP"},
    "healthmonitor http_version": lambda _: {"type": "HTTP"},
    "healthmonitor domain_name": lambda _: {"type": "HTTP", "http_version": 1.1},
    "l7policy action": lambda v: {
        "REDIRECT_PREFIX": {"redirect_prefix": "http://a.example"},
        "REDIRECT_TO_POOL": {"redirect_pool_id": "x"},
        "REDIRECT_TO_URL": {"redirect_url": "http://a.example"},
    }.get(v, {}),
    "l7policy redirect_url": lambda v: {"action": "REDIRECT_TO_URL", "redirect_url": v},
    "l7policy redirect_prefix": lambda v: {"action": "REDIRECT_PREFIX", "redirect_prefix": v},
    "rule type": lambda v: {
        **({"key": "X"} if v in ("HEADER", "COOKIE", "SSL_DN_FIELD") else {}),
        "value": {"SSL_CONN_HAS_CERT": "true", "SSL_VERIFY_RESULT": "0"}.get(v, "/a"),
    },
    "rule key": lambda _: {"type": "HEADER", "key": "Y"},
}
"""What a value needs beside itself in the same body."""


class Refused(Exception):
    """An answer that is not what was hoped for."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code, self.text = code, text


class Workshop:
    """Makes things as an administrator, each below a load balancer of its own."""

    def __init__(self, api: Service) -> None:
        self.api = api
        api.token = "admin"

    def made(self, kind: str, values: Body) -> tuple[str, Body]:
        """Where a new object with these values is, and as it is shown; raises Refused."""
        path, least = self._place(kind, values)
        shown = self._post(path, kind, {**least, **values})
        return f"{path}/{shown['id']}", shown

    def changed(self, kind: str, before: Body, values: Body) -> None:
        """Make one and change it; raises Refused."""
        path, _ = self.made(kind, dict(before))
        answer = self.api.ask("PUT", path, {kind: self._alive(values, path)})
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.text)

    def _alive(self, values: Body, path: str) -> Body:
        """The same with a pool of the right load balancer where one is named."""
        named = {"default_pool_id", "redirect_pool_id"} & {n for n, v in values.items() if v}
        if not named:
            return values
        own = next(iter(self.api.ask("GET", path).json.values()))
        listener = own.get("listener_id") or own["id"]
        lb = self.api.get(f"/listeners/{listener}", "listener")["loadbalancers"][0]["id"]
        return {**values, **dict.fromkeys(named, self._pool(lb))}

    def _post(self, path: str, root: str, values: Body) -> Body:
        answer = self.api.ask("POST", path, {root: values})
        if answer.status_code != 201:
            raise Refused(answer.status_code, answer.text)
        shown: Body = answer.json[root]
        return shown

    def _lb(self, **values: Any) -> str:
        return str(self._post("/loadbalancers", "loadbalancer", {"vip_subnet_id": self.api.subnet, **values})["id"])

    def _pool(self, lb: str, protocol: str = "HTTP") -> str:
        return str(self._post("/pools", "pool", {"loadbalancer_id": lb, "protocol": protocol, **BY_ROUND})["id"])

    def _flavor(self, data: str) -> str:
        profile = {"name": "p", "provider_name": "amphora", "flavor_data": data}
        made = self._post("/flavorprofiles", "flavorprofile", profile)["id"]
        return str(self._post("/flavors", "flavor", {"name": ids.new(), "flavor_profile_id": made})["id"])

    def _listener(self, lb: str) -> str:
        http = {"loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80}
        return str(self._post("/listeners", "listener", http)["id"])

    def _policy(self, lb: str) -> str:
        return str(self._post("/l7policies", "l7policy", {"listener_id": self._listener(lb), "action": "REJECT"})["id"])

    def _place(self, kind: str, values: Body) -> tuple[str, Body]:
        """Where such an object is made, and the least that makes one."""
        found: tuple[str, Body] = getattr(self, f"_place_of_{kind}")(values)
        return found

    def _place_of_loadbalancer(self, values: Body) -> tuple[str, Body]:
        if "flavor_id" in values:
            values["flavor_id"] = self._flavor("{}")
        placed = {"vip_port_id", "vip_network_id"} & values.keys()
        return "/loadbalancers", {} if placed else {"vip_subnet_id": self.api.subnet}

    def _place_of_listener(self, values: Body) -> tuple[str, Body]:
        lb = self._lb()
        if values.get("default_pool_id"):
            values["default_pool_id"] = self._pool(lb)
        return "/listeners", {"loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80}

    def _place_of_pool(self, values: Body) -> tuple[str, Body]:
        lb = self._lb()
        if "listener_id" in values:
            values["listener_id"] = self._listener(lb)
        return "/pools", {"loadbalancer_id": lb, "protocol": "HTTP", **BY_ROUND}

    def _place_of_member(self, values: Body) -> tuple[str, Body]:
        more = {"flavor_id": self._flavor('{"allow_member_sriov": true}')} if values.get("request_sriov") else {}
        return f"/pools/{self._pool(self._lb(**more))}/members", {"address": "192.0.2.1", "protocol_port": 80}

    def _place_of_healthmonitor(self, values: Body) -> tuple[str, Body]:
        of_datagrams = {"UDP-CONNECT": "UDP", "SCTP": "SCTP"}.get(values.get("type", ""), "HTTP")
        return "/healthmonitors", {"pool_id": self._pool(self._lb(), of_datagrams), **MONITOR}

    def _place_of_l7policy(self, values: Body) -> tuple[str, Body]:
        lb = self._lb()
        if values.get("redirect_pool_id"):
            values["redirect_pool_id"] = self._pool(lb)
        return "/l7policies", {"listener_id": self._listener(lb), "action": "REJECT"}

    def _place_of_rule(self, _values: Body) -> tuple[str, Body]:
        return f"/l7policies/{self._policy(self._lb())}/rules", RULE
