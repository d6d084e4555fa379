"""Whole deployments without a cloud but with a real Keystone, and the people who use them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bench.deployment import NOOP, Stored
from tests.servers import keystone, network, process
from tests.servers.keystone import Keystone
from tests.system.house import LB, ROOT, House

CLIENT = ROOT / "build/client/bin/openstack"
SUBNET = "00000000-0000-4000-8000-0000000000aa"
PEOPLE = {
    "mary": ("demo", "member"),
    "rose": ("demo", "reader"),
    "nora": ("demo", "creator"),
    "fred": ("other", "member"),
    "anna": ("ops", "admin"),
    "sam": ("ops", "service"),
    "olga": ("demo", "load-balancer_observer"),
    "gus": ("other", "load-balancer_global_observer"),
    "max": ("demo", "load-balancer_member"),
    "quinn": ("other", "load-balancer_quota_admin"),
    "luis": ("other", "load-balancer_admin"),
}
"""Users, each with a project and a role there."""

Answer = tuple[int, Any]


@dataclass
class Service:
    """Our API behind a Keystone, as its people see it."""

    keystone: Keystone
    house: House
    port: int
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, user: str) -> str:
        if user not in self.tokens:
            self.tokens[user] = self.keystone.token(user, PEOPLE[user][0])
        return self.tokens[user]

    def ask(self, user: str, method: str, path: str, body: Any = None) -> Answer:
        """One request of a user."""
        return self.send(self.token(user), method, path, body)[:2]

    def send(self, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
        """One request with a token: code, body, headers."""
        return keystone.ask(self.port, method, path, body, {"X-Auth-Token": token} if token else {})

    def load_balancer(self, user: str, **values: Any) -> Answer:
        return self.ask(user, "POST", LB, {"loadbalancer": {"vip_subnet_id": SUBNET, **values}})

    def project(self, user: str) -> str:
        return self.keystone.make("projects", "project", name=PEOPLE[user][0])

    def client(self, user: str, command: str) -> subprocess.CompletedProcess[str]:
        """One command of the unmodified client."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
        environment |= self.keystone.environment(user, PEOPLE[user][0])
        line = [str(CLIENT), *command.split()]
        return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def shown(self, user: str, command: str) -> Any:
        """What a command of the client shows."""
        done = self.client(user, f"{command} -f json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def identity() -> Iterator[Keystone]:
    """A Keystone that knows our people, with a network in its catalogue."""
    with keystone.running() as running, network.running() as url:
        running.offer("network", url)
        for user, (project, *roles) in PEOPLE.items():
            running.person(user, project, *roles)
        yield running


@contextmanager
def serving(
    identity: Keystone, folder: Path, block: str, more: str = "", servers: Stored | None = None, user: str = "hydria"
) -> Iterator[Service]:
    """A deployment that asks this Keystone; without servers on SQLite; its account there is `user`."""
    port, datagrams = process.free_port(), process.free_port()
    settings = f"{NOOP}[health_manager]\nbind_port = {datagrams}\n{identity.settings(user)}{more}"
    stored: dict[str, Any] = {"database": servers.database, "transport": servers.broker} if servers else {}
    house = House(folder, port=port, block=block, more=settings, api="auth_strategy = keystone", **stored)
    try:
        house.up()
        yield Service(identity, house, port)
    finally:
        house.down()


@pytest.fixture(scope="module")
def service(identity: Keystone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Our API with the rules it has by default, in the catalogue."""
    with serving(identity, tmp_path_factory.mktemp("new"), "10.61") as found:
        identity.offer("load-balancer", f"http://127.0.0.1:{found.port}")
        yield found
        identity.withdraw("load-balancer")


@pytest.fixture(scope="module")
def older(identity: Keystone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Our API where the roles of this service count as well, and what proxies say is believed."""
    more = "[oslo_policy]\nenforce_new_defaults = false\n[oslo_middleware]\nenable_proxy_headers_parsing = true\n"
    with serving(identity, tmp_path_factory.mktemp("older"), "10.62", more) as found:
        yield found
