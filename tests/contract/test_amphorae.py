"""The contract of amphorae. An implementation passes by a subclass of `AmphoraeContract` that says how it is built."""

import abc
import dataclasses
import re

import msgspec
import pytest

from hydria import amphora
from hydria.amphora import Contact
from hydria.amphora import noop as amphora_noop
from hydria.amphora import sim as amphora_sim
from hydria.drivers import faults, sim
from hydria.drivers.compute import Order
from hydria.drivers.compute import sim as compute_sim
from hydria.drivers.network import PortOrder
from hydria.drivers.network import sim as network_sim
from hydria.kit import clock, ids
from hydria.wire import documents
from hydria.wire.documents import Interface, NodeDocument, PlacementDocument

CONFIG = """\
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend one
    bind 127.0.0.1:{port}
"""


@dataclasses.dataclass
class Rig:
    """Amphorae, one of them, and a network card that is plugged into it."""

    amphorae: amphora.Amphorae
    contact: Contact
    interfaces: tuple[Interface, ...] = ()
    trust: str = ""

    def node(self, epoch: int, *load_balancers: str) -> NodeDocument:
        """What is common to its placements."""
        return NodeDocument(
            amphora_id=self.contact.amphora_id,
            epoch=epoch,
            controllers=(),
            trust=self.trust,
            session=ids.new(),
            session_key="00" * 32,
            alive_every_s=1.0,
            statistics_every_s=10.0,
            placements=load_balancers,
        )

    def document(self, lb: str, epoch: int = 1, generation: int = 1, port: int = 8000) -> PlacementDocument:
        """A placement's document; another port is another content."""
        files = {"haproxy.cfg": CONFIG.format(port=port)}
        return PlacementDocument(
            load_balancer_id=lb,
            epoch=epoch,
            generation=generation,
            digest=documents.digest_of(files, self.interfaces),
            files=files,
            interfaces=self.interfaces,
        )

    def placed(self, lb: str) -> documents.Placed | None:
        """What the amphora says of a placement."""
        placements = self.amphorae.facts(self.contact).placements
        return next((placed for placed in placements if placed.load_balancer_id == lb), None)


class AmphoraeContract(abc.ABC):
    """What holds of every amphora, played or real."""

    @pytest.fixture
    @abc.abstractmethod
    def rig(self) -> Rig:
        """The implementation under test."""

    @pytest.fixture
    def lb(self, rig: Rig) -> str:
        """A load balancer that may be on the amphora."""
        lb = ids.new()
        rig.amphorae.enroll(rig.contact)
        rig.amphorae.node(rig.contact, rig.node(1, lb))
        return lb

    def test_enrolling_ends_the_bootstrap_and_may_be_repeated(self, rig: Rig) -> None:
        rig.amphorae.enroll(rig.contact)
        assert rig.amphorae.enroll(rig.contact) > 0
        assert not rig.amphorae.facts(rig.contact).bootstrap

    def test_a_node_keeps_its_session(self, rig: Rig) -> None:
        rig.amphorae.enroll(rig.contact)
        document = rig.node(3)
        facts = rig.amphorae.node(rig.contact, document)
        assert (facts.amphora_id, facts.node_epoch, facts.session) == (rig.contact.amphora_id, 3, document.session)

    def test_a_node_document_of_a_lower_epoch_is_stale(self, rig: Rig, lb: str) -> None:
        rig.amphorae.node(rig.contact, rig.node(5, lb))
        with pytest.raises(amphora.Stale):
            rig.amphorae.node(rig.contact, rig.node(4, lb))

    def test_a_proof_has_no_effect(self, rig: Rig, lb: str) -> None:
        assert rig.amphorae.prove(rig.contact, rig.document(lb)).problems == ()
        assert rig.placed(lb) is None

    def test_what_is_applied_runs(self, rig: Rig, lb: str) -> None:
        document = rig.document(lb, epoch=2, generation=7)
        applied = rig.amphorae.apply(rig.contact, document)
        placed = rig.placed(lb)
        assert (applied.how, applied.generation, applied.digest) == ("started", 7, document.digest)
        assert placed is not None
        assert (placed.epoch, placed.generation, placed.digest, placed.running) == (2, 7, document.digest, True)
        assert placed.start == applied.start != ""

    def test_the_same_again_changes_nothing(self, rig: Rig, lb: str) -> None:
        first = rig.amphorae.apply(rig.contact, rig.document(lb))
        again = rig.amphorae.apply(rig.contact, rig.document(lb, generation=2))
        assert (again.how, again.generation, again.start) == ("unchanged", 2, first.start)

    def test_another_content_is_a_reload(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb))
        assert rig.amphorae.apply(rig.contact, rig.document(lb, generation=2, port=8001)).how == "reloaded"

    @pytest.mark.parametrize("epoch,generation", [(2, 8), (1, 9), (1, 10)])
    def test_who_is_late_is_stale(self, rig: Rig, lb: str, epoch: int, generation: int) -> None:
        document = rig.document(lb, epoch=2, generation=9)
        rig.amphorae.apply(rig.contact, document)
        with pytest.raises(amphora.Stale):
            rig.amphorae.apply(rig.contact, rig.document(lb, epoch=epoch, generation=generation, port=8001))
        placed = rig.placed(lb)
        assert placed is not None
        assert placed.digest == document.digest

    def test_removing_stops_it_and_may_be_repeated(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb))
        rig.amphorae.remove(rig.contact, lb, 1)
        rig.amphorae.remove(rig.contact, lb, 1)
        assert rig.placed(lb) is None

    def test_nobody_is_inside_of_what_is_not_there(self, rig: Rig, lb: str) -> None:
        assert rig.amphorae.retire(rig.contact, lb, 1) == 0

    def test_removing_with_a_lower_epoch_is_stale(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb, epoch=4))
        with pytest.raises(amphora.Stale):
            rig.amphorae.remove(rig.contact, lb, 3)
        assert rig.placed(lb) is not None

    def test_a_removed_placement_does_not_come_back_with_a_lower_epoch(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb, epoch=2))
        rig.amphorae.remove(rig.contact, lb, 3)
        with pytest.raises(amphora.Stale):
            rig.amphorae.apply(rig.contact, rig.document(lb, epoch=2, generation=9))
        assert rig.placed(lb) is None

    def test_a_removed_placement_starts_anew(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb, generation=5))
        rig.amphorae.remove(rig.contact, lb, 2)
        assert rig.amphorae.apply(rig.contact, rig.document(lb, epoch=2, generation=1)).how == "started"

    def test_a_retired_placement_is_opened_by_the_next_push(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb))
        rig.amphorae.retire(rig.contact, lb, 1)
        assert rig.amphorae.apply(rig.contact, rig.document(lb, generation=2)).how == "reloaded"

    def test_commands_spare_a_reload_only_from_what_runs(self, rig: Rig, lb: str) -> None:
        first = rig.amphorae.apply(rig.contact, rig.document(lb))
        by_commands = {"commands": (), "from_digest": first.digest, "from_start": first.start}
        second = msgspec.structs.replace(rig.document(lb, generation=2, port=8001), **by_commands)
        assert rig.amphorae.apply(rig.contact, second).how == "commands"
        third = msgspec.structs.replace(rig.document(lb, generation=3, port=8002), **by_commands)
        assert rig.amphorae.apply(rig.contact, third).how == "reloaded"

    def test_retiring_counts_who_is_inside(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb))
        assert rig.amphorae.retire(rig.contact, lb, 1) == 0

    def test_a_placement_that_a_node_document_leaves_out_goes(self, rig: Rig, lb: str) -> None:
        rig.amphorae.apply(rig.contact, rig.document(lb))
        rig.amphorae.node(rig.contact, rig.node(2))
        assert rig.placed(lb) is None

    def test_placements_do_not_disturb_each_other(self, rig: Rig, lb: str) -> None:
        other = ids.new()
        rig.amphorae.node(rig.contact, rig.node(2, lb, other))
        bare = dataclasses.replace(rig, interfaces=())
        bare.amphorae.apply(rig.contact, bare.document(lb))
        bare.amphorae.apply(rig.contact, bare.document(other))
        rig.amphorae.remove(rig.contact, lb, 1)
        assert rig.placed(other) is not None


class ProvingContract(AmphoraeContract):
    """What holds of every amphora that looks at what it gets."""

    POISON = "    bind 127.0.0.1:99999999"

    def poisoned(self, rig: Rig, lb: str) -> PlacementDocument:
        """A document that is refused."""
        document = rig.document(lb, generation=2)
        files = {"haproxy.cfg": document.files["haproxy.cfg"] + self.POISON + "\n"}
        digest = documents.digest_of(files, document.interfaces)
        return msgspec.structs.replace(document, files=files, digest=digest)

    def test_a_refused_document_harms_nothing_that_runs(self, rig: Rig, lb: str) -> None:
        before = rig.amphorae.apply(rig.contact, rig.document(lb))
        with pytest.raises(amphora.RefusedDocument) as refusal:
            rig.amphorae.apply(rig.contact, self.poisoned(rig, lb))
        placed = rig.placed(lb)
        assert refusal.value.proof.problems[0].what == "haproxy"
        assert placed is not None
        assert (placed.digest, placed.start, placed.running) == (before.digest, before.start, True)

    def test_a_proof_says_what_apply_would(self, rig: Rig, lb: str) -> None:
        problems = rig.amphorae.prove(rig.contact, self.poisoned(rig, lb)).problems
        assert problems[0].what == "haproxy"
        assert re.search(r"haproxy\.cfg:\d+", problems[0].text)

    def test_a_network_card_that_is_not_there_is_a_problem(self, rig: Rig, lb: str) -> None:
        absent = Interface(mac="02:00:00:00:00:99", name="vip0", addresses=("10.88.8.9/24",))
        document = dataclasses.replace(rig, interfaces=(absent,)).document(lb)
        with pytest.raises(amphora.RefusedDocument) as refusal:
            rig.amphorae.apply(rig.contact, document)
        assert [problem.what for problem in refusal.value.proof.problems] == ["interface"]

    def test_a_digest_of_something_else_is_a_problem(self, rig: Rig, lb: str) -> None:
        document = msgspec.structs.replace(rig.document(lb), digest="0" * 64)
        assert [problem.what for problem in rig.amphorae.prove(rig.contact, document).problems] == ["digest"]

    def test_an_amphora_that_is_not_there_does_not_answer(self, rig: Rig) -> None:
        with pytest.raises(faults.Temporary):
            rig.amphorae.facts(Contact(amphora_id=ids.new(), address="127.0.0.1"))


class TestNoop(AmphoraeContract):
    @pytest.fixture
    def rig(self) -> Rig:
        return Rig(amphora_noop.NoopAmphorae(clock.HandClock()), Contact(ids.new(), "198.18.0.9"))


class TestSim(ProvingContract):
    @pytest.fixture
    def rig(self) -> Rig:
        cloud = sim.Cloud(clock.HandClock())
        machines, net = compute_sim.SimCompute(cloud, "d1"), network_sim.SimNetwork(cloud, "d1")
        management = net.create_port(PortOrder(name="m", network_id=sim.SEGMENTS[0].id))
        vip = net.create_port(PortOrder(name="v", network_id=sim.SEGMENTS[1].id))
        amphora_id = ids.new()
        machines.plug(machines.create(Order("a", amphora_id, management, {})), vip)
        amphorae = amphora_sim.SimAmphorae(cloud)
        amphorae.poison.add("99999999")
        card = Interface(mac=vip.mac, name="vip0", addresses=(f"{vip.address}/24",))
        return Rig(amphorae, Contact(amphora_id, management.address), (card,))
