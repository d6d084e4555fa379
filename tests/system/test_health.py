"""A health manager on loopback: sockets, threads and databases as they run."""

import socket
import threading
import time
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select

from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.domain.loadbalancer import LoadBalancer
from hydria.health import receiver
from hydria.health.heard import Heard
from hydria.health.receiver import Receiver
from hydria.health.service import Health
from hydria.health.settings import HealthSettings
from hydria.kit import clock, ids
from hydria.kit.secret import Secret
from hydria.messaging.local import NoNudge
from hydria.storage import rows, tables
from hydria.storage.database import Database
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, Header, KindOf, PlacementAlive, State

MASTER = bytes(32)
DIGEST = "ab" * 32
LB, AMPHORA, SESSION, BOOT = (ids.new() for _ in range(4))
KEY = datagrams.session_key(MASTER, AMPHORA, SESSION)


@pytest.fixture
def databases(tmp_path):
    intent = Database(f"sqlite:///{tmp_path}/intent.db", tables.INTENT)
    observed = Database(f"sqlite:///{tmp_path}/observed.db", tables.OBSERVED, durable=False)
    for db in (intent, observed):
        db.create_all()
    yield intent, observed
    for db in (intent, observed):
        db.close()


def fill(c):
    counted: dict[str, Any] = dict.fromkeys(("born", "changed", "touched", "generation", "created_at"), 1)
    lb = LoadBalancer(id=LB, load_balancer_id=LB, project_id="p", **counted)
    rows.add(c, tables.TREE["load_balancer"], lb)
    c.execute(insert(tables.PROGRESS).values(load_balancer_id=LB, wanted=1, settled=1))
    allocated: dict[str, Any] = {"status": AmphoraStatus.ALLOCATED, "loadbalancer_id": LB, "created_at": 0}
    rows.add(c, tables.AMPHORA, Amphora(id=AMPHORA, session=SESSION, master_version=1, **allocated))
    applied = {"epoch": 1, "generation": 1, "digest": DIGEST, "start": "1"}
    c.execute(insert(tables.PLACEMENT).values(amphora_id=AMPHORA, load_balancer_id=LB, **applied))


@pytest.fixture
def health(databases):
    opened = receiver.listen("127.0.0.1", 0, 1 << 20)
    settings = HealthSettings(heartbeat_timeout=2, look_every=0.5)
    keys = {1: Secret(MASTER)}, Secret(b"t")
    made = Health(databases, keys, [opened], NoNudge(), clock.SystemClock(), settings)
    thread = threading.Thread(target=made.run)
    thread.start()
    made.address = opened.getsockname()  # type: ignore[attr-defined]
    yield made
    made.stop()
    thread.join(5)
    assert not thread.is_alive()


class Mouth:
    """An amphora's socket."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(address)
        self.socket.settimeout(1)
        self.seq, self.token = 0, datagrams.NO_TOKEN

    def say(self, kind, body):
        self.seq += 1
        header = Header(kind=kind, amphora_id=AMPHORA, session=SESSION, boot_id=BOOT, seq=self.seq, token=self.token)
        self.socket.send(datagrams.seal(KEY, header, msgspec.msgpack.encode(body)))
        self.token = self.socket.recv(2048)[58:74]

    def alive(self, *, running=True):
        self.say(KindOf.ALIVE, Alive((PlacementAlive(ids.raw(LB), 1, 1, bytes.fromhex(DIGEST[:16]), running),)))

    def state(self):
        edge = True
        self.say(KindOf.STATE, State(ids.raw(LB), "1", edge))


@pytest.fixture
def mouth(health):
    made = Mouth(health.address)
    yield made
    made.socket.close()


def until(true, seconds=3.0):
    """Seconds until it is true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds
        time.sleep(0.001)
    return time.monotonic() - began


def test_the_first_datagram_of_a_new_amphora_is_answered(databases, health, mouth):
    databases[0].write(fill)
    began = time.monotonic()
    mouth.alive()
    assert time.monotonic() - began < 0.2
    assert mouth.token != datagrams.NO_TOKEN


def test_an_edge_is_in_the_database_at_once(databases, health, mouth):
    databases[0].write(fill)
    mouth.alive()
    mouth.state()
    seen = until(
        lambda: databases[1].read(lambda c: c.execute(select(tables.OPERATING.c.status)).scalars().all()) == ["ONLINE"]
    )
    assert seen < 0.2


def test_a_flood_of_forgeries_does_not_silence_the_honest(databases, health, mouth):
    databases[0].write(fill)
    mouth.alive()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.connect(health.address)
        for _ in range(20):
            for _ in range(500):
                forger.send(bytes((1, 1)) + ids.raw(AMPHORA) + ids.raw(SESSION) + bytes(100))
            mouth.alive()
    assert health.counts()["code"] > 5000
    assert health.counts()["fresh"] == 20


def test_when_it_falls_behind_it_sheds_and_says_so(health):
    opened = receiver.listen("127.0.0.1", 0, 1 << 20)
    heard = Heard({}, Secret(b"t"), HealthSettings())
    behind = Receiver([opened], heard, list.clear, clock.SystemClock(), HealthSettings(queue=10))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(100):
            sender.sendto(bytes(100), opened.getsockname())
    thread = threading.Thread(target=behind.run)
    thread.start()
    until(lambda: heard.counts["shed"] == 95)
    behind.stop()
    thread.join(5)
    behind.close()
    assert behind.troubled_at is not None


def test_silence_is_suspected_and_speech_is_not(databases, health, mouth):
    databases[0].write(fill)
    suspected = lambda: databases[0].read(lambda c: c.execute(select(tables.SUSPICION.c.what)).scalars().all())  # noqa: E731
    for _ in range(12):
        mouth.alive()
        time.sleep(0.4)
    assert suspected() == []
    assert 1.5 < until(suspected, 5) < 4
    assert suspected() == ["silent"]
