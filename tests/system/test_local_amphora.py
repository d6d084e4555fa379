"""Real amphorae on this machine keep the contract of amphorae: the agent, its haproxy and mutual TLS, in namespaces."""

import dataclasses
import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hydria.amphora import Contact, connections
from hydria.amphora import agent as amphora_agent
from hydria.drivers.certificates.local import LocalIssuer
from hydria.drivers.compute import Order
from hydria.drivers.network import Port
from hydria.kit import clock
from hydria.wire import identities
from hydria.wire.agentsettings import AgentSettings
from hydria.wire.documents import Interface
from tests.contract import test_amphorae
from tests.system import local_rig

ROOT = Path(__file__).parents[2]
AGENT = (sys.executable, "-m", "hydria.agent", "/etc/hydria/amphora-agent.json")


def card(local: local_rig.Local, port: Port) -> Interface:
    subnet = local.net.subnet(port.subnet_id)
    assert subnet is not None
    length = ipaddress.ip_network(subnet.cidr).prefixlen
    return Interface(mac=port.mac, name="vip0", addresses=(f"{port.address}/{length}",))


def order(local: local_rig.Local, issuer: LocalIssuer) -> Order:
    plain = local.order()
    certificate, trust, agent = identities.FILES
    settings = AgentSettings(amphora_id=plain.amphora_id, deployment=local.networks.deployment)
    files = {
        certificate: issuer.bootstrap(plain.amphora_id, identities.BOOTSTRAP_S),
        trust: issuer.trust_of_controllers(),
        agent: msgspec.json.encode(settings),
    }
    return dataclasses.replace(plain, files=files)


class TestLocalAmphora(test_amphorae.ProvingContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[test_amphorae.Rig]:
        time = clock.SystemClock()
        with local_rig.local(tmp_path / "state", AGENT, (("PYTHONPATH", str(ROOT)),)) as local:
            issuer = LocalIssuer(tmp_path / "certificates", local.networks.deployment, time)
            wanted, vip = order(local, issuer), local.port("demo")
            local.compute.plug(local.compute.create(wanted), vip)
            assert local_rig.answers(wanted.management.address)
            amphorae = amphora_agent.AgentAmphorae(
                issuer,
                lambda: issuer.controller_certificate("controller"),
                local.networks.deployment,
                time,
                connections.Settings(),
            )
            contact = Contact(wanted.amphora_id, wanted.management.address)
            yield test_amphorae.Rig(amphorae, contact, (card(local, vip),), issuer.trust_of_controllers().decode())
            amphorae.close()
            local.compute.clear()
            assert local.leftovers() == []
