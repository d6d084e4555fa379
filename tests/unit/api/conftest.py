"""The API on each kind of database, with a network that makes nothing, and somebody who settles what is wanted when told to."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from falcon import testing
from sqlalchemy import select

from hydria.api import app
from hydria.api.access import PolicySettings, Rules
from hydria.api.context import ApiSettings, Context
from hydria.drivers.identity import Caller
from hydria.drivers.network import Network, noop
from hydria.kit.clock import HandClock
from hydria.storage import claims, tables, worlds
from hydria.storage.database import Connection
from tests.servers.databases import Shelf

PROJECT = "11111111-1111-1111-1111-111111111111"
FOREIGN = "22222222-2222-2222-2222-222222222222"
CALLERS = {
    "member": Caller("mary", PROJECT, frozenset({"member", "reader"})),
    "reader": Caller("rose", PROJECT, frozenset({"reader"})),
    "foreign": Caller("fred", FOREIGN, frozenset({"member", "reader"})),
    "nobody": Caller("nora", PROJECT, frozenset()),
    "admin": Caller("anna", PROJECT, frozenset({"admin"})),
    "counter": Caller("carl", FOREIGN, frozenset({"service"})),
}


class Tokens:
    """Identity for tests: the token is the name of the caller."""

    challenge = "Keystone"

    def caller(self, token: str | None, environ: Any = None) -> Caller | None:
        return CALLERS.get(token or "")


@dataclass
class Nudges:
    """Remembers what was nudged."""

    heard: list[str] = field(default_factory=list)

    def nudge(self, load_balancer_id: str) -> None:
        self.heard.append(load_balancer_id)


@dataclass
class Service:
    """The API as a test talks to it."""

    context: Context
    http: testing.TestClient
    nudges: Nudges
    clock: HandClock
    token: str = "member"

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> testing.Result:
        """One request; paths are below /v2/lbaas."""
        headers = {"X-Auth-Token": more.pop("token", self.token), **more.pop("headers", {})}
        bare = more.pop("bare", path.startswith("/v2"))
        path = path if bare else f"/v2/lbaas{path}"
        return self.http.simulate_request(method, path, json=body, headers=headers, **more)

    def make(self, path: str, root: str, **values: Any) -> dict[str, Any]:
        """Create something; it must succeed."""
        result = self.ask("POST", path, {root: values})
        assert result.status_code == 201, result.text
        made: dict[str, Any] = result.json[root]
        return made

    def get(self, path: str, root: str) -> Any:
        """Read something; it must be there."""
        result = self.ask("GET", path)
        assert result.status_code == 200, result.text
        return result.json[root]

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """What a refusal says to clients."""
        result = self.ask(method, path, body, **more)
        return result.status_code, result.json.get("faultstring") or result.json.get("description", "")

    def load_balancer(self, **values: Any) -> dict[str, Any]:
        """A load balancer in the subnet named demo."""
        return self.make("/loadbalancers", "loadbalancer", vip_subnet_id=self.subnet, **values)

    @property
    def subnet(self) -> str:
        return next(s for s in self.context.network.networks() if s.name == "demo").subnets[0].id

    def settle(self) -> None:
        """Do what the worker does when everything goes well."""

        def work(c: Connection) -> None:
            p = tables.PROGRESS.c
            for lb_id, wanted in c.execute(select(p.load_balancer_id, p.wanted)).all():
                claims.settle(c, lb_id, wanted)
                worlds.bury(c, lb_id, wanted)

        self.context.database.write(work)


Start = Callable[..., Service]


@functools.cache
def usual_rules() -> Rules:
    """Our rules as they are by default; making them takes a while."""
    return Rules(PolicySettings(), HandClock())


@pytest.fixture
def start(kind_of_database: str, shelf: Shelf) -> Start:
    """Start the API with other settings or another network than usual."""
    shelf.take(kind_of_database)
    intent, observed = shelf.opened(kind_of_database)

    def started(settings: ApiSettings | None = None, network: Network | None = None, **more: Any) -> Service:
        clock, nudges = HandClock(), Nudges()
        context = Context(
            database=intent,
            observed=observed,
            network=network or noop.NoopNetwork(clock),
            clock=clock,
            settings=settings or ApiSettings(),
            **{
                "nudge": nudges,
                "identity": Tokens(),
                "policy": usual_rules(),
                **more,
            },
        )
        return Service(context, testing.TestClient(app.create(context)), nudges, clock)

    return started


@pytest.fixture
def api(start: Start) -> Service:
    """The API as it is by default."""
    return start()


@pytest.fixture
def tree(api: Service) -> dict[str, str]:
    """One object of every kind, settled; kind to id."""
    lb = api.load_balancer(name="lb")["id"]
    li = api.make("/listeners", "listener", loadbalancer_id=lb, protocol="HTTP", protocol_port=80)["id"]
    pool = api.make("/pools", "pool", listener_id=li, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    member = api.make(f"/pools/{pool}/members", "member", address="192.0.2.7", protocol_port=80)["id"]
    monitor = {"pool_id": pool, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
    hm = api.make("/healthmonitors", "healthmonitor", **monitor)["id"]
    policy = api.make("/l7policies", "l7policy", listener_id=li, action="REJECT")["id"]
    rule = {"type": "PATH", "compare_type": "STARTS_WITH", "value": "/a"}
    rule_id = api.make(f"/l7policies/{policy}/rules", "rule", **rule)["id"]
    api.settle()
    return {"lb": lb, "listener": li, "pool": pool, "member": member, "hm": hm, "policy": policy, "rule": rule_id}


def paths(tree: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Kind to path and root key."""
    return {
        "lb": (f"/loadbalancers/{tree['lb']}", "loadbalancer"),
        "listener": (f"/listeners/{tree['listener']}", "listener"),
        "pool": (f"/pools/{tree['pool']}", "pool"),
        "member": (f"/pools/{tree['pool']}/members/{tree['member']}", "member"),
        "hm": (f"/healthmonitors/{tree['hm']}", "healthmonitor"),
        "policy": (f"/l7policies/{tree['policy']}", "l7policy"),
        "rule": (f"/l7policies/{tree['policy']}/rules/{tree['rule']}", "rule"),
    }
