"""Documents before they are applied."""

import hashlib

from hydria.agent import places, proving
from hydria.wire import documents
from hydria.wire.agentsettings import AgentSettings
from hydria.wire.documents import Certificate, PlacementDocument


def document(files: dict[str, str], digest: str | None = None) -> PlacementDocument:
    right = documents.digest_of(files, ())
    return PlacementDocument(
        load_balancer_id="b" * 36, epoch=1, generation=1, digest=digest or right, files=files, interfaces=()
    )


def at(folder) -> places.Places:
    settings = AgentSettings(amphora_id="a" * 36, deployment="d", run_folder=str(folder))
    return places.of(settings, "b" * 36)


def test_a_whole_document_has_no_problem():
    assert proving.form(document({"haproxy.cfg": ""})) == []


def test_a_wrong_digest_is_a_problem():
    assert [p.what for p in proving.form(document({"haproxy.cfg": ""}, "00"))] == ["digest"]


def test_a_file_name_that_leaves_its_folder_is_a_problem():
    for name in ("../x", "/etc/passwd", ".hidden", "a b", ""):
        assert [p.what for p in proving.form(document({"haproxy.cfg": "", name: ""}))] == ["haproxy"]


def test_a_document_without_haproxy_is_a_problem():
    assert [p.what for p in proving.form(document({"other": ""}))] == ["haproxy"]


def test_a_certificate_is_supplied_or_held(tmp_path):
    right = hashlib.sha256(b"pem").hexdigest()
    assert proving.certificate(at(tmp_path), Certificate(name="c", digest=right, pem="pem")) is None
    assert "not held" in str(proving.certificate(at(tmp_path), Certificate(name="c", digest=right)))
    assert "digest is" in str(proving.certificate(at(tmp_path), Certificate(name="c", digest="00", pem="pem")))


def test_binds_twice_are_a_problem_once():
    config = " bind 10.0.0.1:80\n bind 10.0.0.1:80\n bind 10.0.0.1:81\n"
    assert [p.text for p in proving.twice(config)] == ["10.0.0.1 port 80 is bound twice"]


def test_a_small_configuration_is_within_budget():
    assert proving.budget("frontend f\n bind 10.0.0.1:80\n") == []


def test_servers_beyond_the_descriptors_are_a_problem():
    assert "descriptors" in [p.what for p in proving.budget("  server a b check\n" * proving.descriptors())]
