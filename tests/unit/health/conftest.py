"""An amphora that speaks by hand."""

from typing import Any

import msgspec
import pytest

from hydria.health.heard import Heard, Moment
from hydria.health.settings import HealthSettings
from hydria.kit import clock, ids
from hydria.kit.secret import Secret
from hydria.storage.roster import Expected, Placed
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, Header, KindOf, PlacementAlive

MASTER = bytes(32)
DIGEST = bytes(8)


class Speaker:
    """One amphora with one load balancer, and the receiver it speaks to."""

    def __init__(self, heard=None, time=None):
        self.time = time or clock.HandClock()
        self.heard = heard or Heard({1: Secret(MASTER)}, Secret(b"t" * 32), HealthSettings())
        self.id, self.session, self.lb, self.boot = (ids.new() for _ in range(4))
        self.seq, self.token = 0, datagrams.NO_TOKEN
        self.key = datagrams.session_key(MASTER, self.id, self.session)

    def expected(self, **placed):
        values: dict[str, Any] = {
            "generation": 1,
            "digest": DIGEST,
            "wanted": True,
            "tree_generation": 1,
            "pending": False,
        } | placed
        allocated = True
        placement = Placed(ids.raw(self.lb), **values)
        return Expected(ids.raw(self.id), ids.raw(self.session), 1, ids.raw(self.lb), allocated, (placement,))

    def known(self, **placed):
        self.heard.learn({ids.raw(self.id): self.expected(**placed)}, self.time.monotonic())
        return self

    @property
    def voice(self):
        return self.heard.voices[ids.raw(self.id)]

    def running(self, *, generation=1, digest=DIGEST, running=True):
        return PlacementAlive(ids.raw(self.lb), 1, generation, digest, running)

    def sealed(self, body, kind=KindOf.ALIVE, **header):
        self.seq += 1
        values: dict[str, Any] = {"boot_id": self.boot, "seq": self.seq, "token": self.token} | header
        return datagrams.seal(
            self.key,
            Header(kind=kind, amphora_id=self.id, session=self.session, **values),
            body if isinstance(body, bytes) else msgspec.msgpack.encode(body),
        )

    def alive(self, *placements, **header):
        return self.sealed(Alive(placements or (self.running(),)), **header)

    def hear(self, datagram, host="192.0.2.7"):
        """What becomes of it; the token of the answer is kept."""
        answer, events = self.heard.hear(datagram, (host, 5), Moment(self.time.now(), self.time.monotonic()))
        opened = datagrams.unseal(self.key, answer) if answer else None
        if opened:
            self.token = opened[0].token
        return answer, events

    def say(self, datagram=None):
        return self.hear(datagram or self.alive())

    def greeted(self):
        """Known, and with a token."""
        self.known()
        self.say()
        return self


@pytest.fixture
def speaker():
    return Speaker()


@pytest.fixture(scope="session")
def new_speaker():
    return Speaker
