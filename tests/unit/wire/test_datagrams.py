"""Datagrams are read only when their code is right, and say what was meant."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.kit import ids
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, Header, KindOf, ListenerCounts, MemberState, PlacementAlive, State

KEY = bytes(range(32))
identifiers = st.binary(min_size=16, max_size=16).map(ids.text)
headers = st.builds(
    Header,
    kind=st.sampled_from(KindOf).map(int),
    amphora_id=identifiers,
    session=identifiers,
    boot_id=identifiers,
    seq=st.integers(0, 2**64 - 1),
    token=st.binary(min_size=16, max_size=16),
)
ROOM = datagrams.MOST - datagrams.HEADER.size - datagrams.CODE
bodies = st.binary(max_size=ROOM)


@given(headers, bodies)
def test_what_is_sealed_is_read_as_it_was(header, body):
    datagram = datagrams.seal(KEY, header, body)
    assert datagrams.unseal(KEY, datagram) == (header, body)
    assert datagrams.peek(datagram) == (header.amphora_id, header.session)


@given(headers, st.binary(max_size=40), st.data())
def test_one_wrong_bit_anywhere_is_noticed(header, body, data):
    datagram = bytearray(datagrams.seal(KEY, header, body))
    bit = data.draw(st.integers(0, len(datagram) * 8 - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    assert datagrams.unseal(KEY, bytes(datagram)) is None


@given(headers, st.binary(max_size=40), st.integers(0, 160), st.binary(min_size=1, max_size=9))
def test_what_is_cut_or_longer_is_noticed(header, body, cut, more):
    datagram = datagrams.seal(KEY, header, body)
    assert datagrams.unseal(KEY, datagram[: min(cut, len(datagram) - 1)]) is None
    assert datagrams.unseal(KEY, datagram + more) is None


@given(st.binary(max_size=1300))
def test_noise_is_nothing(noise):
    assert datagrams.unseal(KEY, noise) is None


@given(headers, st.binary(min_size=32, max_size=32))
def test_another_key_does_not_open_it(header, key):
    assert datagrams.unseal(key, datagrams.seal(KEY, header, b"x")) is None or key == KEY


HEADER = Header(kind=1, amphora_id=ids.NIL, session=ids.NIL, boot_id=ids.NIL, seq=1)


@pytest.mark.parametrize("length, fits", [(ROOM, True), (ROOM + 1, False)])
def test_a_datagram_has_at_most_1200_bytes(length, fits):
    if fits:
        assert len(datagrams.seal(KEY, HEADER, bytes(length))) == datagrams.MOST
    else:
        with pytest.raises(ValueError, match="at most 1200"):
            datagrams.seal(KEY, HEADER, bytes(length))


def test_the_layout_is_the_one_that_is_written_down():
    datagram = datagrams.seal(KEY, msgspec.structs.replace(HEADER, seq=258, token=b"t" * 16), b"body")
    assert datagram[:2] == b"\x01\x01"
    assert datagram[50:58] == bytes((0, 0, 0, 0, 0, 0, 1, 2))
    assert datagram[58:74] == b"t" * 16
    assert datagram[74:-16] == b"body"


def test_another_version_is_not_ours():
    other = b"\x02" + datagrams.seal(KEY, HEADER, b"")[1:]
    assert datagrams.peek(other) is None


@given(st.lists(st.tuples(identifiers, identifiers), min_size=2, max_size=2, unique=True))
def test_every_session_of_every_amphora_has_a_key_of_its_own(pair):
    one, other = (datagrams.session_key(b"m" * 32, *names) for names in pair)
    assert one != other
    assert len(one) == 32
    assert one != datagrams.session_key(b"n" * 32, *pair[0])


@given(identifiers, st.floats(0, 4e9), st.integers(0, 3))
def test_a_token_of_a_slot_is_found_again_in_later_ones(amphora, now, slots):
    token = datagrams.token_at(b"s" * 32, amphora, now)
    later = now + slots * datagrams.SLOT_S
    back = int(later // datagrams.SLOT_S) - int(now // datagrams.SLOT_S)
    assert datagrams.token_at(b"s" * 32, amphora, later, back) == token
    assert datagrams.token_at(b"s" * 32, amphora, later, back + 1) != token
    assert len(token) == 16


def test_a_token_is_for_one_amphora_and_from_one_receiver():
    made = {datagrams.token_at(s, a, 0) for s in (b"s" * 32, b"t" * 32) for a in (ids.NIL, ids.NIL[:-1] + "1")}
    assert len(made) == 4
    assert datagrams.NO_TOKEN not in made


BODIES = [
    Alive((PlacementAlive(bytes(16), 1, 2, b"d" * 8, running=True),), "MASTER", 1.5, 0.1),
    State(
        bytes(16),
        "s",
        edge=True,
        members=((bytes(16), MemberState.DOWN),),
        listeners=(ListenerCounts(bytes(16), 1, 2, 3, 4, 5),),
    ),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda b: type(b).__name__)
def test_bodies_are_read_as_they_were_written(body):
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(body), type=type(body)) == body


def test_an_older_body_without_the_newest_fields_is_read():
    assert msgspec.msgpack.decode(msgspec.msgpack.encode([[]]), type=Alive) == Alive(())
