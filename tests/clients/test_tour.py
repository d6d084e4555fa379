"""A new user's first half hour, with the unmodified client and real traffic: what is made works, what is deleted leaves nothing."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hydria.cli import client
from hydria.cli.demo import BackEnd
from tests.system.house import ROOT, House, traces

OPENSTACK = ROOT / "build/client/bin/openstack"


class Shell:
    """`openstack loadbalancer …`, as the user demo."""

    def __init__(self, house: House) -> None:
        self._environment = {
            "OS_CLIENT_CONFIG_FILE": str(house.deployment.clouds),
            "OS_CLOUD": "hydria",
            "HOME": "/nonexistent",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        line = [str(OPENSTACK), "loadbalancer", *words]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **self._environment}
        return subprocess.run(line, capture_output=True, text=True, check=False, env=environment)

    def tell(self, *words: str) -> None:
        said = self.run(*words)
        assert said.returncode == 0, said.stderr

    def ask(self, *words: str) -> Any:
        said = self.run(*words, "-f", "json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("tour"), port=19878, block="10.64")
    house.up()
    house.backends()
    yield house
    house.down()


@pytest.fixture
def shell(house: House) -> Iterator[Shell]:
    """A shell; afterwards namespaces, links, mounts and files of amphorae are as before."""
    before, files = traces(house.file.parent), kept(house)
    yield Shell(house)
    assert house.empty()
    client.until(lambda: traces(house.file.parent) == before, 5)
    assert (traces(house.file.parent), kept(house)) == (before, files)


def kept(house: House) -> list[Path]:
    """Folders of machines and amphorae."""
    return [p for name in ("machines", "amphorae") for p in (house.deployment.settings.state / name).glob("*")]


def test_a_user_makes_a_load_balancer_and_takes_it_away_piece_by_piece(house: House, shell: Shell) -> None:
    back = house.backends()
    lb = shell.ask("create", "--name", "lb1", "--vip-subnet-id", "demo", "--wait")
    assert lb["provisioning_status"] == "ACTIVE"
    build(shell, back[:2])
    assert client.until(lambda: {client.ask(lb["vip_address"], 8080) for _ in range(4)} == {"demo-1", "demo-2"}, 10)
    ping = ("--type", "PING", "--delay", "5", "--timeout", "10", "--max-retries", "3")
    shell.tell("healthmonitor", "create", "--name", "hm", *ping, "po")
    assert client.until(lambda: client.ask(lb["vip_address"], 8080) != "", 10)
    shell.tell("member", "set", "--weight", "0", "po", "demo-1")
    assert client.until(lambda: {client.ask(lb["vip_address"], 8080) for _ in range(6)} == {"demo-2"}, 10)
    shell.tell("healthmonitor", "delete", "hm")
    shell.tell("member", "delete", "po", "demo-1")
    shell.tell("pool", "delete", "po")
    assert client.until(lambda: client.ask(lb["vip_address"], 8080) == "", 10)
    shell.tell("listener", "delete", "li")
    shell.tell("delete", "--wait", "lb1")


def build(shell: Shell, members: list[BackEnd]) -> None:
    """A listener and a pool with members on their subnet, below lb1."""
    shell.tell("listener", "create", "--name", "li", "--protocol", "HTTP", "--protocol-port", "8080", "lb1")
    pool = ("--protocol", "HTTP", "--lb-algorithm", "ROUND_ROBIN", "--listener", "li")
    shell.tell("pool", "create", "--name", "po", *pool)
    for one in members:
        where = ("--subnet-id", "back", "--address", one.address, "--protocol-port", "8080")
        shell.tell("member", "create", "--name", one.name, *where, "po")


def test_a_user_changes_things_and_deletes_all_at_once(house: House, shell: Shell) -> None:
    (one, *_) = house.backends()
    lb = shell.ask("create", "--name", "lb2", "--vip-subnet-id", "demo", "--wait")
    shell.tell("listener", "create", "--name", "l2", "--protocol", "TCP", "--protocol-port", "80", "lb2")
    shell.tell("pool", "create", "--name", "p2", "--protocol", "TCP", "--lb-algorithm", "SOURCE_IP", "--listener", "l2")
    shell.tell("member", "create", "--address", one.address, "--protocol-port", "8080", "p2")  # routed: no subnet
    http = ("--type", "HTTP", "--delay", "1", "--timeout", "1", "--max-retries", "1")
    shell.tell("healthmonitor", "create", "--name", "h2", *http, "p2")
    assert client.until(lambda: client.ask(lb["vip_address"]) == "demo-1", 10)
    shell.tell("set", "--name", "lb3", "--description", "d", "lb2")
    shell.tell("listener", "set", "--connection-limit", "77", "l2")
    shell.tell("listener", "unset", "--connection-limit", "l2")
    assert str(shell.ask("listener", "show", "l2")["connection_limit"]) == "-1"
    assert shell.ask("show", "lb3")["description"] == "d"
    assert len(shell.ask("list")) == len(shell.ask("pool", "list")) == 1
    assert client.until(lambda: shell.ask("member", "list", "p2")[0]["operating_status"] == "ONLINE", 10)
    shell.tell("set", "--disable", "lb3")
    assert client.until(lambda: client.ask(lb["vip_address"]) == "", 10)
    assert "cascade" in shell.run("delete", "lb3").stderr
    shell.tell("delete", "--cascade", "--wait", "lb3")


def test_what_cannot_be_rendered_yet_is_refused_with_a_reason(house: House, shell: Shell) -> None:
    house.create("lb4")
    said = shell.run("listener", "create", "--protocol", "UDP", "--protocol-port", "53", "lb4")
    assert said.returncode != 0
    assert "UDP" in said.stderr
