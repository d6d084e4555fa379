"""Simulated amphorae live and die with their machines."""

import dataclasses

import pytest

from hydria import amphora
from hydria.amphora import Contact
from hydria.amphora.sim import SimAmphorae
from hydria.drivers import faults, sim
from hydria.drivers.compute import Order, Power
from hydria.drivers.compute.sim import SimCompute
from hydria.drivers.network import PortOrder
from hydria.drivers.network.sim import SimNetwork
from hydria.kit import clock, ids
from hydria.wire import documents
from hydria.wire.documents import Certificate, PlacementDocument

LB = ids.new()


@dataclasses.dataclass
class Rig:
    """A cloud with one machine."""

    cloud: sim.Cloud
    amphorae: SimAmphorae
    contact: Contact
    machine_id: str


@pytest.fixture
def rig() -> Rig:
    cloud = sim.Cloud(clock.HandClock())
    management = SimNetwork(cloud, "d1").create_port(PortOrder(name="m", network_id=sim.SEGMENTS[0].id))
    amphora_id = ids.new()
    machine_id = SimCompute(cloud, "d1").create(Order("a", amphora_id, management, {}))
    return Rig(cloud, SimAmphorae(cloud), Contact(amphora_id, management.address), machine_id)


def document(
    text: str = "one", generation: int = 1, lb: str = LB, certificates: tuple[Certificate, ...] = ()
) -> PlacementDocument:
    files = {"haproxy.cfg": text}
    return PlacementDocument(
        load_balancer_id=lb,
        epoch=1,
        generation=generation,
        digest=documents.digest_of(files, (), certificates),
        files=files,
        interfaces=(),
        certificates=certificates,
    )


def test_what_runs_is_there_to_be_looked_at(rig: Rig) -> None:
    rig.amphorae.apply(rig.contact, document())
    assert rig.amphorae.running(LB) == {rig.contact.amphora_id: document()}
    assert rig.amphorae.pushes[LB] == 1


@pytest.mark.parametrize("power", [Power.OFF, Power.ERROR, Power.GONE])
def test_a_dead_machine_does_not_answer(rig: Rig, power: Power) -> None:
    rig.amphorae.apply(rig.contact, document())
    rig.cloud.kill(rig.machine_id, power)
    with pytest.raises(faults.Temporary):
        rig.amphorae.facts(rig.contact)
    assert rig.amphorae.running(LB) == {}


def test_a_silent_machine_does_not_answer_and_runs_on(rig: Rig) -> None:
    rig.amphorae.apply(rig.contact, document())
    rig.cloud.hush(rig.machine_id)
    with pytest.raises(faults.Temporary):
        rig.amphorae.facts(rig.contact)
    assert LB in str(rig.amphorae.running(LB))


def test_after_a_reboot_runs_what_needs_no_keys(rig: Rig) -> None:
    plain, keyed = document(lb=ids.new()), document(certificates=(Certificate(name="c", digest="d", pem="PEM"),))
    rig.amphorae.apply(rig.contact, plain)
    rig.amphorae.apply(rig.contact, keyed)
    before = rig.amphorae.facts(rig.contact)
    rig.cloud.reboot(rig.machine_id)
    after = rig.amphorae.facts(rig.contact)
    assert after.boot_id != before.boot_id
    assert after.certificates == ()
    assert {p.load_balancer_id: p.running for p in after.placements} == {LB: False, plain.load_balancer_id: True}


def test_nothing_seen_is_forgotten_in_a_reboot(rig: Rig) -> None:
    rig.amphorae.apply(rig.contact, document(generation=5))
    rig.cloud.reboot(rig.machine_id)
    with pytest.raises(amphora.Stale):
        rig.amphorae.apply(rig.contact, document(generation=4))


def test_poison_is_refused_in_haproxys_words(rig: Rig) -> None:
    rig.amphorae.poison.add("bad-member")
    with pytest.raises(amphora.RefusedDocument, match=r"\[ALERT\].*haproxy\.cfg:2.*bad-member"):
        rig.amphorae.apply(rig.contact, document("frontend x\n  server bad-member\n"))


def test_one_amphora_alone_may_refuse(rig: Rig) -> None:
    rig.amphorae.poison_at[rig.contact.amphora_id] = {""}
    assert rig.amphorae.prove(rig.contact, document()).problems
    rig.amphorae.poison_at.clear()
    assert not rig.amphorae.prove(rig.contact, document()).problems


def test_a_push_whose_answer_is_lost_took_place(rig: Rig) -> None:
    rig.cloud.script("amphora.apply", sim.LoseAnswer())
    with pytest.raises(faults.Temporary):
        rig.amphorae.apply(rig.contact, document())
    assert rig.amphorae.apply(rig.contact, document()).how == "unchanged"


def test_a_late_push_is_stale_by_then(rig: Rig) -> None:
    rig.cloud.script("amphora.apply", sim.Late(after_s=10))
    with pytest.raises(faults.Temporary):
        rig.amphorae.apply(rig.contact, document("old", generation=1))
    rig.amphorae.apply(rig.contact, document("new", generation=2))
    rig.cloud.turn(11)
    assert rig.amphorae.running(LB)[rig.contact.amphora_id].files == {"haproxy.cfg": "new"}
