"""The stored book of ports gives each address once, whoever asks at once."""

import concurrent.futures
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from hydria.drivers.network.local import book
from hydria.kit import ids
from hydria.storage import portbook

SUBNET = ids.new()
ADDRESSES = [f"10.0.0.{n}" for n in range(2, 42)]


@pytest.fixture
def ports(db):
    stored: book.PortBook = portbook.StoredBook(db)
    return stored


def claim(ports, subnet=SUBNET, addresses=ADDRESSES):
    return ports.claim(ids.new(), ids.new(), subnet, addresses, "{}")


def test_the_first_free_address_is_given(ports):
    assert [claim(ports) for _ in range(3)] == ADDRESSES[:3]


def test_an_address_that_was_given_back_is_given_again(ports):
    first = ids.new()
    ports.claim(first, "one", SUBNET, ADDRESSES, "{}")
    claim(ports)
    ports.remove(first)
    ports.remove(first)
    assert claim(ports) == ADDRESSES[0]


def test_no_address_left_is_said(ports):
    assert claim(ports, addresses=ADDRESSES[:1]) == ADDRESSES[0]
    assert claim(ports, addresses=ADDRESSES[:1]) is None
    assert claim(ports, addresses=[]) is None


def test_subnets_may_overlap(ports):
    assert claim(ports) == claim(ports, subnet=ids.new()) == ADDRESSES[0]


def test_an_entry_is_found_by_id_name_and_address(ports):
    port = ids.new()
    address = ports.claim(port, "one", SUBNET, ADDRESSES, '{"a": 1}')
    assert ports.get(port) == ports.find("one") == (address, '{"a": 1}')
    assert ports.holder(SUBNET, address) == port
    assert ports.all() == [(address, '{"a": 1}')]


def test_what_is_not_there_is_none(ports):
    assert ports.get(ids.new()) is ports.find("x") is ports.holder(SUBNET, "10.0.0.9") is None
    assert ports.all() == []


def test_a_name_is_used_once(ports):
    ports.claim(ids.new(), "one", SUBNET, ADDRESSES, "{}")
    with pytest.raises(IntegrityError):
        ports.claim(ids.new(), "one", SUBNET, ADDRESSES, "{}")


def test_threads_never_share_an_address(ports):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        given_out = list(pool.map(lambda _: claim(ports), range(50)))
    assert sorted(a for a in given_out if a) == sorted(ADDRESSES)
    assert given_out.count(None) == 10


def test_processes_never_share_an_address(ports, url):
    code = (
        "import sys; from hydria.kit import ids; from hydria.storage import database, portbook, tables;"
        "db = database.Database(sys.argv[1], tables.INTENT, durable=False); ports = portbook.StoredBook(db);"
        "print(*[ports.claim(ids.new(), ids.new(), sys.argv[2], sys.argv[3].split(), '{}') for _ in range(15)]); db.close()"
    )
    command = [sys.executable, "-c", code, url, SUBNET, " ".join(ADDRESSES)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    given_out = [word for process in running for word in process.communicate()[0].split()]
    assert sorted(a for a in given_out if a != "None") == sorted(ADDRESSES)
    assert given_out.count("None") == 5


steps = st.lists(st.tuples(st.sampled_from(["claim", "remove"]), st.integers(0, 5)), max_size=20)


@given(steps)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_does_what_a_book_in_memory_does(ports, doings):
    for entry in ports.all():
        ports.remove(ports.holder(SUBNET, entry[0]))
    memory, names = book.MemoryBook(), [ids.new() for _ in range(6)]
    for what, who in doings:
        for kept in (ports, memory):
            kept.remove(names[who])
        if what == "claim":
            entry = (names[who], names[who], SUBNET, ADDRESSES[:4], what)
            assert ports.claim(*entry) == memory.claim(*entry)
    assert sorted(ports.all()) == sorted(memory.all())
