"""The requests of a cloud controller of Kubernetes: what it asks, in which order, and what it compares before it writes."""

from dataclasses import dataclass, field
from typing import Any

from hydria.cli import client
from tests.clients.gopher import Gopher

Body = dict[str, Any]


@dataclass(frozen=True)
class Monitor:
    """How a service wants its nodes to be checked."""

    delay: int = 60
    timeout: int = 30
    max_retries: int = 1
    max_retries_down: int = 3
    node_port: int = 0  # set: the policy keeps traffic on nodes that have the service, and they say so over HTTP there


@dataclass(frozen=True)
class Service:
    """A service of type LoadBalancer, as its annotations and its specification say."""

    name: str
    subnet: str
    ports: dict[int, int] = field(default_factory=lambda: {80: 30080})
    """Port to node port."""
    ranges: tuple[str, ...] = ("0.0.0.0/0",)
    monitor: Monitor | None = None
    algorithm: str = "ROUND_ROBIN"
    timeouts: tuple[int, int, int, int] = (50000, 5000, 50000, 0)
    connection_limit: int = -1
    forwarded_for: bool = False
    affinity: bool = False
    proxy: bool = False
    more: Body = field(default_factory=dict)
    """Provider, flavor, availability zone."""

    @property
    def tag(self) -> str:
        return f"kube_service_kubernetes_default_{self.name}"[:255]


class Controller:
    """Reconciles services; `nodes` is name to address."""

    def __init__(self, gopher: Gopher) -> None:
        self.gopher = gopher

    def ensure(self, service: Service, nodes: dict[str, str], lb_id: str = "") -> Body:
        """Make the load balancer what the service asks for; it as it is then."""
        major, minor = self.gopher.version().removeprefix("v").split(".")
        assert (int(major), int(minor)) >= (2, 16)
        if lb_id:
            found = [self.gopher.get("loadbalancer", f"loadbalancers/{lb_id}")]
        else:
            found = self.gopher.list("loadbalancer", f"loadbalancers?name={service.tag}")
        assert len(found) < 2
        if not found:
            return self._whole(service, nodes)
        lb = found[0]
        assert lb["provisioning_status"] == "ACTIVE", lb
        self._reconcile(service, nodes, lb["id"])
        if service.tag not in lb["tags"]:
            self._wrote(lb["id"], "loadbalancer", f"loadbalancers/{lb['id']}", tags=[*lb["tags"], service.tag])
        return self.gopher.active(lb["id"])

    def delete(self, lb_id: str) -> None:
        """The load balancer and all beneath it."""
        self.gopher.ask("DELETE", f"loadbalancers/{lb_id}?cascade=true")
        assert client.until(lambda: self.gopher.status("loadbalancer", f"loadbalancers/{lb_id}") == "GONE", 30, 0.02)

    def leave(self, service: Service, lb_id: str) -> None:
        """Take away a service that shared the load balancer of another."""
        for listener in self._listeners(lb_id):
            if service.tag in listener["tags"]:
                self._drop(lb_id, listener)
        tags = self.gopher.active(lb_id)["tags"]
        self._wrote(lb_id, "loadbalancer", f"loadbalancers/{lb_id}", tags=[t for t in tags if t != service.tag])

    # --- a new load balancer, with all beneath it in one request

    def _whole(self, service: Service, nodes: dict[str, str]) -> Body:
        listeners = []
        for number, (port, node_port) in enumerate(service.ports.items()):
            pool = self._pool(service, number)
            pool["members"] = self._members(service, nodes, node_port)
            if service.monitor:
                pool["healthmonitor"] = self._monitor(service.monitor, number, service)
            listeners.append({**self._listener(service, number, port), "default_pool": pool})
        whole: Body = {"name": service.tag, "description": f"Kubernetes external service default/{service.name}"}
        whole |= {"vip_subnet_id": service.subnet, "tags": [service.tag], "listeners": listeners, **service.more}
        return self.gopher.active(self.gopher.create("loadbalancer", "loadbalancers", **whole)["id"])

    def _protocol(self, service: Service) -> str:
        return "HTTP" if service.forwarded_for else "TCP"

    def _listener(self, service: Service, number: int, port: int) -> Body:
        names = ("timeout_client_data", "timeout_member_connect", "timeout_member_data", "timeout_tcp_inspect")
        body: Body = {"name": f"listener_{number}_{service.tag}"[:255], "protocol": self._protocol(service)}
        body |= {"protocol_port": port, "connection_limit": service.connection_limit, "tags": [service.tag]}
        body |= dict(zip(names, service.timeouts, strict=True))
        headers = {"insert_headers": {"X-Forwarded-For": "true"}} if service.forwarded_for else {}
        return {**body, **headers, "allowed_cidrs": list(service.ranges)}

    def _pool(self, service: Service, number: int) -> Body:
        kept = {"session_persistence": {"type": "SOURCE_IP"}} if service.affinity else {}
        protocol = "PROXY" if service.proxy else self._protocol(service)
        named = {"name": f"pool_{number}_{service.tag}"[:255], "protocol": protocol}
        return {**named, "lb_algorithm": service.algorithm, **kept}

    def _members(self, service: Service, nodes: dict[str, str], node_port: int) -> list[Body]:
        check = service.monitor.node_port if service.monitor else 0
        more = {"monitor_port": check} if check else {}
        of_all = {"protocol_port": node_port, "subnet_id": service.subnet, **more}
        return [{"name": name, "address": address, **of_all} for name, address in nodes.items()]

    def _monitor(self, wanted: Monitor, number: int, service: Service) -> Body:
        body: Body = {"name": f"monitor_{number}_{service.tag}"[:255], "type": "HTTP" if wanted.node_port else "TCP"}
        body |= {n: getattr(wanted, n) for n in ("delay", "timeout", "max_retries", "max_retries_down")}
        http = {"url_path": "/healthz", "http_method": "GET", "expected_codes": "200"}
        return {**body, **(http if wanted.node_port else {})}

    # --- one that is there

    def _reconcile(self, service: Service, nodes: dict[str, str], lb_id: str) -> None:
        here = {(listener["protocol"], listener["protocol_port"]): listener for listener in self._listeners(lb_id)}
        for number, (port, node_port) in enumerate(service.ports.items()):
            listener = here.pop((self._protocol(service), port), None)
            listener = self._ensure_listener(service, number, port, lb_id, listener)
            pool = self._ensure_pool(service, number, lb_id, listener)
            self._ensure_members(lb_id, pool, self._members(service, nodes, node_port))
            self._ensure_monitor(service, number, lb_id, pool)
        for listener in here.values():
            if service.tag in listener["tags"]:
                self._drop(lb_id, listener)

    def _ensure_listener(self, service: Service, number: int, port: int, lb_id: str, listener: Body | None) -> Body:
        wanted = self._listener(service, number, port)
        if listener is None:
            made = self.gopher.create("listener", "listeners", loadbalancer_id=lb_id, **wanted)
            self.gopher.active(lb_id)
            return made
        compared = {name: wanted[name] for name in wanted if name.startswith("timeout_") or name == "connection_limit"}
        changed = {name: value for name, value in compared.items() if listener[name] != value}
        if sorted(listener["allowed_cidrs"]) != sorted(wanted["allowed_cidrs"]):
            changed["allowed_cidrs"] = wanted["allowed_cidrs"]
        if service.tag not in listener["tags"]:
            changed["tags"] = [*listener["tags"], service.tag]
        if listener["default_tls_container_ref"]:
            changed["default_tls_container_ref"] = ""
        if changed:
            self._wrote(lb_id, "listener", f"listeners/{listener['id']}", **changed)
        return listener

    def _ensure_pool(self, service: Service, number: int, lb_id: str, listener: Body) -> Body:
        wanted, pool = self._pool(service, number), self._pool_of(lb_id, listener)
        if pool and pool["protocol"] != wanted["protocol"]:
            self._delete(lb_id, f"pools/{pool['id']}")
            pool = None
        if pool and pool["lb_algorithm"] != wanted["lb_algorithm"]:
            self._wrote(lb_id, "pool", f"pools/{pool['id']}", lb_algorithm=wanted["lb_algorithm"])
        if pool is None:
            pool = self.gopher.create("pool", "pools", listener_id=listener["id"], **wanted)
            self.gopher.active(lb_id)
        return pool

    def _pool_of(self, lb_id: str, listener: Body) -> Body | None:
        pools = self.gopher.list("pool", f"pools?loadbalancer_id={lb_id}")
        found = [p for p in pools if {"id": listener["id"]} in p["listeners"]]
        assert len(found) < 2
        return found[0] if found else None

    def _ensure_members(self, lb_id: str, pool: Body, wanted: list[Body]) -> None:
        def keys(members: list[Body]) -> set[tuple[Any, ...]]:
            return {(m["name"], m["address"], m["protocol_port"], m.get("monitor_port", 0)) for m in members}

        path = f"pools/{pool['id']}/members"
        if keys(self.gopher.list("member", path)) != keys(wanted):
            self.gopher.ask("PUT", path, {"members": wanted})
            self.gopher.active(lb_id)

    def _ensure_monitor(self, service: Service, number: int, lb_id: str, pool: Body) -> None:
        own = pool["healthmonitor_id"]
        wanted = self._monitor(service.monitor, number, service) if service.monitor else None
        there = self.gopher.get("healthmonitor", f"healthmonitors/{own}") if own and wanted else None
        if own and (wanted is None or (there and there["type"] != wanted["type"])):
            self._delete(lb_id, f"healthmonitors/{own}")
            there = None
        if wanted and there is None:
            self.gopher.create("healthmonitor", "healthmonitors", pool_id=pool["id"], **wanted)
            self.gopher.active(lb_id)
        elif wanted and there and (changed := {n: v for n, v in wanted.items() if there[n] != v}):
            self._wrote(lb_id, "healthmonitor", f"healthmonitors/{own}", **changed)

    def _listeners(self, lb_id: str) -> list[Body]:
        return self.gopher.list("listener", f"listeners?loadbalancer_id={lb_id}")

    def _drop(self, lb_id: str, listener: Body) -> None:
        """A listener and its pool."""
        if pool := self._pool_of(lb_id, listener):
            self._delete(lb_id, f"pools/{pool['id']}")
        self._delete(lb_id, f"listeners/{listener['id']}")

    def _delete(self, lb_id: str, path: str) -> None:
        self.gopher.ask("DELETE", path)
        self.gopher.active(lb_id)

    def _wrote(self, lb_id: str, kind: str, path: str, **values: Any) -> None:
        self.gopher.update(kind, path, **values)
        self.gopher.active(lb_id)
