"""A digest tells documents apart by what they make run, and by nothing else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.wire import documents
from hydria.wire.documents import Certificate, Interface, PlacementDocument, Route, digest_of

CARD = Interface(
    mac="02:00:00:00:00:01",
    name="vip0",
    addresses=("10.0.0.2/24",),
    routes=(Route(destination="default", via="10.0.0.1"),),
)
files = st.dictionaries(st.text(max_size=5), st.text(max_size=5), min_size=1, max_size=4)
replace = msgspec.structs.replace


@given(files)
def test_the_order_of_files_is_nothing(some):
    backwards = dict(reversed(some.items()))
    assert digest_of(some, ()) == digest_of(backwards, ())


@given(files, files)
def test_other_files_have_another_digest(one, other):
    assert (digest_of(one, ()) == digest_of(other, ())) == (one == other)


@pytest.mark.parametrize(
    "other",
    [
        replace(CARD, mac="02:00:00:00:00:02"),
        replace(CARD, addresses=("10.0.0.3/24",)),
        replace(CARD, floating=("10.0.0.9/24",)),
        replace(CARD, routes=()),
        replace(CARD, mtu=1450),
    ],
)
def test_another_card_has_another_digest(other):
    assert digest_of({}, (CARD,)) != digest_of({}, (other,))


def test_the_order_of_cards_is_their_place():
    other = replace(CARD, name="net1")
    assert digest_of({}, (CARD, other)) != digest_of({}, (other, CARD))


def test_a_certificate_counts_by_name_and_digest_and_not_by_whether_it_travels():
    here, there = (Certificate(name="a", digest="d", pem=pem) for pem in ("PEM", None))
    assert digest_of({}, (), (here,)) == digest_of({}, (), (there,))
    assert digest_of({}, (), (here,)) != digest_of({}, (), (replace(here, digest="e"),))
    both = (here, replace(here, name="b"))
    assert digest_of({}, (), both) == digest_of({}, (), both[::-1])


def test_a_document_is_read_as_it_was_written():
    document = PlacementDocument(
        load_balancer_id="lb",
        epoch=1,
        generation=2,
        digest="d",
        files={"haproxy.cfg": "x"},
        interfaces=(CARD,),
        commands=(),
    )
    assert msgspec.json.decode(msgspec.json.encode(document), type=PlacementDocument) == document


def test_what_a_newer_controller_adds_is_passed_over():
    newer = b'{"problems": [], "colour": "red"}'
    assert msgspec.json.decode(newer, type=documents.Proof) == documents.Proof()
