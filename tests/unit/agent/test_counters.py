"""What haproxy counts, as datagrams tell it."""

import msgspec
import pytest

from hydria.agent import counters
from hydria.kit import ids
from hydria.wire import datagrams
from hydria.wire.datagrams import ListenerCounts, MemberState

MOST = (2**63, 2**63, 2**63, 2**63, 2**63)
LISTENER, MEMBER = ids.new(), ids.new()
HEADER = (
    "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,\n"
)


def server(backend: str, name: str, status: str) -> str:
    return f"{backend},{name},0,0,0,0,,0,0,0,,0,,0,0,0,0,{status},1,1,0,\n"


def test_counters_of_a_listener_are_read():
    said = f"{HEADER}{LISTENER},FRONTEND,,,3,9,100,70,5,6,0,0,2,,,,,OPEN,,\n"
    assert counters.read(said).listeners == (ListenerCounts(ids.raw(LISTENER), 3, 70, 5, 6, 2, open=True),)


def test_a_paused_listener_is_not_open():
    said = f"{HEADER}{LISTENER},FRONTEND,,,0,0,1,0,0,0,0,0,0,,,,,PAUSED,,\n"
    assert not counters.read(said).listeners[0].open


def test_a_member_has_the_worst_state_of_its_backends():
    said = HEADER + server("p:a", MEMBER, "UP") + server("p:b", MEMBER, "DOWN 1/2") + server("p:c", MEMBER, "DRAIN")
    assert counters.read(said).members == {ids.raw(MEMBER): MemberState.DOWN}


def test_what_has_no_id_is_not_reported():
    said = HEADER + server("b", "slot1", "UP") + "stats,FRONTEND,,,0,0,1,0,0,0,0,0,0,,,,,OPEN,,\nshort,line\n"
    assert counters.read(said) == counters.Counters({}, ())


@pytest.mark.parametrize(
    "status,meant",
    [("UP 1/3", "UP"), ("no check", "NO_CHECK"), ("MAINT (via a/b)", "MAINT"), ("NOLB", "DRAIN"), ("news", "DOWN")],
)
def test_words_of_haproxy_are_states(status, meant):
    assert counters.state(status) is MemberState[meant]


def test_only_changed_and_new_members_are_told():
    assert counters.changed({b"a": 1, b"b": 1, b"c": 1}, {b"a": 1, b"b": 2, b"d": 1}) == {b"b": 2, b"d": 1}


@pytest.mark.parametrize("members,listeners", [(0, 0), (1, 1), (500, 60)])
def test_every_body_fits_in_a_datagram_and_none_is_lost(members, listeners):
    told = {ids.raw(ids.new()): 5 for _ in range(members)}
    counts = [ListenerCounts(ids.raw(ids.new()), *MOST) for _ in range(listeners)]
    bodies = counters.states(ids.new(), "x" * 50, told, counts)
    header = datagrams.Header(kind=2, amphora_id=ids.new(), session=ids.new(), boot_id=ids.new(), seq=1)
    for body in bodies:
        datagrams.seal(b"k" * 32, header, msgspec.msgpack.encode(body))
    assert sum(len(body.members) for body in bodies) == members
    assert sum(len(body.listeners) for body in bodies) == listeners
