"""What the agent's answers, and their absence, mean to a controller."""

import contextlib
import dataclasses
import functools
import pathlib
import socket
import threading
import time

import msgspec
import pytest

from hydria import amphora
from hydria.amphora import Contact, agent
from hydria.amphora.connections import Settings
from hydria.drivers import faults
from hydria.drivers.certificates import local
from hydria.kit import clock, ids
from hydria.wire import documents, identities
from hydria.wire.documents import Applied, Fault, PlacementDocument, Problem, Proof
from tests.unit.amphora import scripted
from tests.unit.amphora.scripted import Reply

DEPLOYMENT = ids.new()
LB = ids.new()
DOCUMENT = PlacementDocument(
    load_balancer_id=LB, epoch=1, generation=1, digest=documents.digest_of({}, ()), files={}, interfaces=()
)


@dataclasses.dataclass
class Rig:
    """A controller, an amphora and what the amphora is told to answer."""

    issuer: local.LocalIssuer
    contact: Contact
    there: scripted.Agent

    @functools.cached_property
    def amphorae(self) -> agent.AgentAmphorae:
        """The controller."""
        return self.speaker()

    def speaker(self, deployment: str = DEPLOYMENT, **settings) -> agent.AgentAmphorae:
        """Another controller."""
        certificate = functools.partial(self.issuer.controller_certificate, "worker")
        chosen = Settings(**{"port": self.there.port, "answer_s": 5.0, "connect_s": 5.0, **settings})
        return agent.AgentAmphorae(self.issuer, certificate, deployment, clock.SystemClock(), chosen)


@pytest.fixture
def rig(tmp_path: pathlib.Path):
    issuer = local.LocalIssuer(tmp_path / "c", DEPLOYMENT, clock.SystemClock())
    contact = Contact(ids.new(), "127.0.0.1")
    there = scripted.Agent(issuer, contact, tmp_path)
    made = Rig(issuer, contact, there)
    yield made
    made.amphorae.close()
    there.stop()


def test_facts_are_asked_on_one_connection(rig):
    for _ in range(5):
        assert rig.amphorae.facts(rig.contact).amphora_id == rig.contact.amphora_id
    assert rig.there.connections == 1


def test_documents_go_where_they_belong(rig):
    done = Applied(digest="d", generation=1, how="started", start="s", took_ms=1.0)
    answers = {"prove": Proof(), "retire": {"connections": 3}, LB: done}
    rig.there.answer = lambda asked: Reply(content=answers.get(asked.target.rsplit("/", 1)[1]))
    assert rig.amphorae.prove(rig.contact, DOCUMENT) == Proof()
    assert rig.amphorae.apply(rig.contact, DOCUMENT) == done
    assert rig.amphorae.retire(rig.contact, LB, 4) == 3
    rig.amphorae.remove(rig.contact, LB, 4)
    place = f"/v1/placements/{LB}"
    said = [("POST", f"{place}/prove"), ("PUT", place), ("POST", f"{place}/retire"), ("DELETE", f"{place}?epoch=4")]
    assert [(asked.method, asked.target) for asked in rig.there.asked] == said


def test_409_is_stale(rig):
    rig.there.answer = lambda _: Reply(409, Fault(error="has seen epoch 7"))
    with pytest.raises(amphora.Stale, match="epoch 7"):
        rig.amphorae.apply(rig.contact, DOCUMENT)


def test_422_carries_the_proof(rig):
    proof = Proof(problems=(Problem(what="haproxy", text="unknown keyword"),))
    rig.there.answer = lambda _: Reply(422, Fault(error="refused", proof=proof))
    with pytest.raises(amphora.RefusedDocument) as refusal:
        rig.amphorae.apply(rig.contact, DOCUMENT)
    assert refusal.value.proof == proof


def test_nobody_is_inside_of_what_is_not_there(rig):
    rig.there.answer = lambda _: Reply(404, Fault(error="not here"))
    assert rig.amphorae.retire(rig.contact, LB, 1) == 0


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
def test_what_the_agent_will_never_do_is_refused_in_its_words(rig, status):
    rig.there.answer = lambda _: Reply(status, Fault(error="not like this"))
    with pytest.raises(faults.Refused, match="not like this"):
        rig.amphorae.facts(rig.contact)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_may_work_later_is_temporary(rig, status):
    rig.there.answer = lambda _: Reply(status, Fault(error="busy"))
    with pytest.raises(faults.Temporary, match="busy"):
        rig.amphorae.facts(rig.contact)


@pytest.mark.parametrize("reply", [Reply(content={"a": 1}), Reply(raw=b"220 smtp\r\n\r\n"), Reply(raw=b""), Reply(302)])
def test_what_is_no_answer_is_temporary_or_refused(rig, reply):
    rig.there.answer = lambda _: reply
    with pytest.raises((faults.Temporary, faults.Refused), match=rig.contact.amphora_id):
        rig.amphorae.facts(rig.contact)


def test_an_answer_without_end_is_cut_off(rig):
    rig.there.answer = lambda _: Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000)
    with pytest.raises(faults.Temporary, match="longer"):
        rig.amphorae.facts(rig.contact)


def test_nobody_there_is_temporary(rig):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(faults.Temporary, match="refused"):
        rig.speaker(port=port).facts(rig.contact)


def test_silence_is_temporary_after_the_deadline(rig):
    def silent(asked):
        raise scripted.Silence

    rig.there.answer = silent
    began = time.monotonic()
    with pytest.raises(faults.Temporary, match=r"no answer within 0\.2 s"):
        rig.speaker(answer_s=0.2).facts(rig.contact)
    assert time.monotonic() - began < 1


def test_silence_before_the_handshake_is_temporary(rig):
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(faults.Temporary, match="timed out"):
        rig.speaker(port=mute.getsockname()[1], connect_s=0.1).facts(rig.contact)


def test_another_amphora_at_that_address_is_not_listened_to(rig):
    with pytest.raises(faults.Temporary, match="in its certificate"):
        rig.amphorae.facts(dataclasses.replace(rig.contact, amphora_id=ids.new()))
    assert not rig.there.asked


def test_an_amphora_of_another_deployment_is_not_listened_to(rig):
    with pytest.raises(faults.Temporary, match="in its certificate"):
        rig.speaker(deployment=ids.new()).facts(rig.contact)
    assert not rig.there.asked


def test_a_stranger_with_a_root_of_its_own_is_not_listened_to(rig, tmp_path):
    mallory = local.LocalIssuer(tmp_path / "m", DEPLOYMENT, clock.SystemClock())
    rig.there.show(mallory.bootstrap(rig.contact.amphora_id, 3600))
    with pytest.raises(faults.Temporary, match="CERTIFICATE_VERIFY_FAILED"):
        rig.amphorae.facts(rig.contact)
    assert not rig.there.asked


def test_a_controller_that_is_not_believed_hears_why(rig, tmp_path):
    rig.issuer = local.LocalIssuer(tmp_path / "m", DEPLOYMENT, clock.SystemClock())
    rig.there.show(rig.issuer.bootstrap(rig.contact.amphora_id, 3600))
    rig.issuer._folder = tmp_path / "c"
    with pytest.raises(faults.Temporary):
        rig.speaker().facts(rig.contact)


def test_a_restart_of_the_agent_is_not_noticed(rig):
    rig.amphorae.facts(rig.contact)
    rig.there.hang_up()
    rig.amphorae.facts(rig.contact)
    assert rig.there.connections == 2


def test_a_connection_that_dies_under_a_request_is_replaced_once(rig):
    rig.amphorae.facts(rig.contact)
    replies = [Reply(raw=b""), Reply(content=scripted.facts(rig.contact))]
    rig.there.answer = lambda _: replies.pop(0)
    rig.amphorae.facts(rig.contact)
    assert (rig.there.connections, len(rig.there.asked)) == (2, 3)


def test_a_second_connection_that_dies_is_temporary(rig):
    rig.amphorae.facts(rig.contact)
    rig.there.answer = lambda _: Reply(raw=b"")
    with pytest.raises(faults.Temporary):
        rig.amphorae.facts(rig.contact)
    assert len(rig.there.asked) == 3


def test_a_connection_the_agent_closes_is_not_kept(rig):
    rig.there.answer = lambda _: Reply(content=scripted.facts(rig.contact), closes=True)
    rig.amphorae.facts(rig.contact)
    rig.amphorae.facts(rig.contact)
    assert rig.there.connections == 2


def test_enrolling_signs_the_key_of_the_amphora_and_looks_whether_it_is_used(rig):
    rig.there.answer = rig.there.enrolled
    ends = rig.amphorae.enroll(rig.contact)
    assert abs(ends - time.time() - identities.CERTIFICATE_S) < 60
    assert [asked.target for asked in rig.there.asked] == ["/v1/csr", "/v1/certificate"]
    assert rig.amphorae.enroll(rig.contact) >= ends


def test_an_amphora_that_keeps_its_old_certificate_is_not_enrolled(rig):
    csr = rig.there.enrolled
    rig.there.answer = lambda asked: csr(asked) if asked.target == "/v1/csr" else Reply(204)
    with pytest.raises(faults.Temporary, match="new certificate"):
        rig.amphorae.enroll(rig.contact)


def test_a_bad_signing_request_is_refused(rig):
    rig.there.answer = lambda _: Reply(content={"csr": "hello"})
    with pytest.raises(faults.Refused, match="signing request"):
        rig.amphorae.enroll(rig.contact)


def test_a_large_document_arrives_whole(rig):
    done = Applied(digest="d", generation=1, how="started", start="s", took_ms=1.0)
    rig.there.answer = lambda _: Reply(content=done)
    files = {"haproxy.cfg": "x" * 3_000_000}
    rig.amphorae.apply(rig.contact, msgspec.structs.replace(DOCUMENT, files=files))
    assert len(rig.there.asked[0].body) > 3_000_000


def test_many_threads_share_what_is_kept(rig):
    def ask():
        for _ in range(20):
            rig.amphorae.facts(rig.contact)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rig.there.asked) == 120
    assert rig.there.connections <= 6


def test_no_more_is_kept_than_allowed(rig):
    speaker = rig.speaker(kept=0)
    with contextlib.closing(speaker):
        speaker.facts(rig.contact)
        speaker.facts(rig.contact)
    assert rig.there.connections == 2


def test_a_renewed_certificate_is_used_from_the_next_connection_on(rig):
    rig.amphorae.facts(rig.contact)
    rig.issuer.controller_certificate("worker").unlink()
    rig.amphorae.close()
    rig.amphorae.facts(rig.contact)
    assert rig.there.connections == 2
