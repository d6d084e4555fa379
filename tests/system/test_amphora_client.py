"""The client and the real agent keep the contract of amphorae, over mutual TLS, with real haproxy in real namespaces."""

import contextlib
import dataclasses
import functools
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import msgspec
import pytest
from cryptography import x509

from hydria.amphora import Contact, agent
from hydria.amphora.connections import Settings
from hydria.drivers import faults
from hydria.drivers.certificates import local
from hydria.kit import clock, ids
from hydria.wire import agentsettings, documents, identities
from tests.contract import test_amphorae
from tests.contract.test_amphorae import Rig

DEPLOYMENT = ids.new()
MAC = "02:00:5e:10:00:01"


@dataclasses.dataclass
class Machine:
    """A folder that stands for an amphora's disk and memory, and the agent that runs on it."""

    folder: pathlib.Path
    issuer: local.LocalIssuer
    contact: Contact
    port: int
    running: list[subprocess.Popen[bytes]] = dataclasses.field(default_factory=list)

    def prepare(self) -> None:
        """What a config drive brings."""
        (self.folder / "server.pem").write_bytes(self.issuer.bootstrap(self.contact.amphora_id, identities.BOOTSTRAP_S))
        (self.folder / "client_ca.pem").write_bytes(self.issuer.trust_of_controllers())
        settings = agentsettings.AgentSettings(
            amphora_id=self.contact.amphora_id,
            deployment=DEPLOYMENT,
            bind_host="127.0.0.1",
            bind_port=self.port,
            certificate=str(self.folder / "server.pem"),
            client_ca=str(self.folder / "client_ca.pem"),
            state_folder=str(self.folder / "state"),
            run_folder=str(self.folder / "run"),
            service_folder=str(self.folder / "services"),
        )
        (self.folder / "agent.json").write_bytes(msgspec.json.encode(settings))

    def start(self) -> None:
        """Start the agent; returns when it takes connections."""
        with (self.folder / "agent.log").open("ab") as log:
            command = [sys.executable, "-m", "hydria.agent", str(self.folder / "agent.json")]
            self.running.append(subprocess.Popen(command, stderr=log, cwd=pathlib.Path(__file__).parents[2]))
        until = time.monotonic() + 10
        while time.monotonic() < until and self.running[-1].poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.01)
        raise AssertionError((self.folder / "agent.log").read_text())

    def stop(self) -> None:
        """Stop the agent; what it runs goes on."""
        while self.running:
            ended = self.running.pop()
            ended.terminate()
            ended.wait(10)

    def client(self, name: str = "worker", **settings: float) -> agent.AgentAmphorae:
        """A controller of that name."""
        certificate = functools.partial(self.issuer.controller_certificate, name)
        chosen = Settings(port=self.port, **settings)  # type: ignore[arg-type]
        return agent.AgentAmphorae(self.issuer, certificate, DEPLOYMENT, clock.SystemClock(), chosen)


@pytest.fixture
def machine() -> Iterator[Machine]:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hyc-"))  # a short name: sockets lie in it
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    local.LocalIssuer(folder / "certificates", DEPLOYMENT, clock.HandClock(time.time() - 3 * local.SPREAD_S))
    issuer = local.LocalIssuer(folder / "certificates", DEPLOYMENT, clock.SystemClock())
    made = Machine(folder, issuer, Contact(ids.new(), "127.0.0.1"), port)
    made.prepare()
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def card() -> Iterator[str]:
    """A network card that is plugged into the machine: its MAC."""
    end, other = f"hyc{ids.new()[:8]}", f"hyd{ids.new()[:8]}"
    subprocess.run(["ip", "link", "add", end, "type", "veth", "peer", other, "address", MAC], check=True)
    yield MAC
    subprocess.run(["ip", "link", "del", end], check=True)


@pytest.fixture
def rig(machine: Machine, card: str) -> Iterator[Rig]:
    interface = documents.Interface(mac=card, name="vip0", addresses=("10.88.7.9/24",))
    trust = machine.issuer.trust_of_controllers().decode()
    with contextlib.closing(machine.client()) as client:
        made = Rig(client, machine.contact, (interface,), trust)
        yield made
        client.node(made.contact, made.node(1_000_000))  # no placement may be there any more


class TestAgent(test_amphorae.ProvingContract):
    @pytest.fixture
    def rig(self, rig: Rig) -> Rig:
        return rig


def test_enrolling_replaces_the_bootstrap_certificate(machine: Machine, rig: Rig) -> None:
    assert rig.amphorae.facts(rig.contact).bootstrap
    ends = rig.amphorae.enroll(rig.contact)
    assert abs(ends - time.time() - identities.CERTIFICATE_S) < 60
    assert not rig.amphorae.facts(rig.contact).bootstrap


def test_an_enrolled_agent_keeps_its_certificate_over_a_restart(machine: Machine, rig: Rig) -> None:
    rig.amphorae.enroll(rig.contact)
    machine.stop()
    with pytest.raises(faults.Temporary):
        rig.amphorae.facts(rig.contact)
    machine.start()
    assert not rig.amphorae.facts(rig.contact).bootstrap


def test_an_amphora_is_no_controller(machine: Machine, rig: Rig) -> None:
    other = machine.folder / "other.pem"
    other.write_bytes(machine.issuer.bootstrap(ids.new(), 3600))
    settings = Settings(port=machine.port)
    intruder = agent.AgentAmphorae(machine.issuer, lambda: other, DEPLOYMENT, clock.SystemClock(), settings)
    with pytest.raises(faults.Temporary):
        intruder.facts(machine.contact)


def test_a_controller_of_another_deployment_is_refused(machine: Machine, rig: Rig) -> None:
    stranger = local.LocalIssuer(machine.folder / "certificates", ids.new(), clock.SystemClock())
    certificate = functools.partial(stranger.controller_certificate, "stranger")
    settings = Settings(port=machine.port)
    intruder = agent.AgentAmphorae(machine.issuer, certificate, DEPLOYMENT, clock.SystemClock(), settings)
    with pytest.raises(faults.Refused, match="not one of a controller"):
        intruder.facts(machine.contact)
    intruder.close()


def test_roots_roll_over_while_controllers_and_amphorae_talk(machine: Machine, rig: Rig) -> None:
    rig.amphorae.enroll(rig.contact)
    before = rig.amphorae.facts(rig.contact).boot_id
    yesterday = clock.HandClock(time.time() - local.SPREAD_S - 60)
    for name in (local.AMPHORAE, local.CONTROLLERS):
        local.LocalIssuer(machine.folder / "certificates", DEPLOYMENT, yesterday).roll(name)
    bundle = machine.issuer.trust_of_controllers().decode()
    rig.amphorae.node(rig.contact, msgspec.structs.replace(rig.node(7), trust=bundle))
    with contextlib.closing(machine.client("newcomer")) as newcomer:  # its certificate is of the new root
        newcomer.enroll(rig.contact)
        assert newcomer.facts(rig.contact).boot_id == before
    roots = {issuer_of(machine.issuer.controller_certificate(name).read_bytes()) for name in ("worker", "newcomer")}
    assert len(roots) == 2


def test_a_hundred_questions_on_a_kept_connection_take_a_moment(machine: Machine, rig: Rig) -> None:
    took = []
    for _ in range(100):
        began = time.perf_counter()
        rig.amphorae.facts(rig.contact)
        took.append(time.perf_counter() - began)
    print(f"facts: first {took[0] * 1000:.1f} ms, median {statistics.median(took[1:]) * 1000:.2f} ms")
    assert statistics.median(took) < 0.02


def test_what_a_command_asks_is_done_when_it_is_answered_and_within_two_seconds(machine: Machine, rig: Rig) -> None:
    lb, to = ids.new(), rig.contact
    for command, running in (
        (lambda: rig.amphorae.facts(to), None),
        (lambda: rig.amphorae.prove(to, rig.document(lb)), None),
        (lambda: rig.amphorae.apply(to, rig.document(lb)), 1),
        (lambda: rig.amphorae.apply(to, rig.document(lb, generation=2, port=8001)), 2),
        (lambda: rig.amphorae.retire(to, lb, 1), 2),
        (lambda: rig.amphorae.remove(to, lb, 1), None),
    ):
        began = time.monotonic()
        command()
        assert time.monotonic() - began < 2
        placed = rig.placed(lb)
        assert (placed.generation if placed and placed.running else None) == running


def issuer_of(pem: bytes) -> str:
    return x509.load_pem_x509_certificate(pem).issuer.rfc4514_string()
