"""How many datagrams one health manager takes, with SQLite in the path: `python bench/heartbeat.py [--amphorae N]`, JSON out.

Simulated amphorae speak from another process over loopback: nine Alive datagrams to one State with changed counters. Each
rate is held for some seconds; then a member's death is timed from the datagram to the row, idle and under load.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import select
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import insert

from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.pool import Pool
from hydria.domain.types import Algorithm, ListenerProtocol, MonitorType, PoolProtocol
from hydria.health import receiver
from hydria.health.service import Health
from hydria.health.settings import HealthSettings
from hydria.kit import ids
from hydria.kit.clock import SystemClock
from hydria.kit.secret import Secret
from hydria.messaging.local import NoNudge
from hydria.storage import rows, tables
from hydria.storage.database import Database
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, Header, KindOf, ListenerCounts, MemberState, PlacementAlive, State

MASTER = bytes(range(32))
DIGEST = "ab" * 32
MEMBERS = 4


class Played(msgspec.Struct):
    """One simulated amphora, its load balancer and what is on it."""

    amphora: str
    session: str
    lb: str
    listener: str
    pool: str
    members: list[str]
    boot: str
    key: bytes = b""
    seq: int = 0
    token: bytes = datagrams.NO_TOKEN
    total: int = 0


def played() -> Played:
    one = Played(*(ids.new() for _ in range(5)), [ids.new() for _ in range(MEMBERS)], ids.new())
    one.key = datagrams.session_key(MASTER, one.amphora, one.session)
    return one


def tree(p: Played, now: int) -> dict[str, list]:
    """A load balancer with a listener, a pool, a monitor and members."""
    part = {"project_id": "bench", "load_balancer_id": p.lb, "created_at": now, "born": 1, "changed": 1, "touched": 1}
    http = {"protocol": ListenerProtocol.HTTP, "protocol_port": 80, "default_pool_id": p.pool}
    checks = {"type": MonitorType.TCP, "delay": 1, "timeout": 1, "max_retries": 1, "pool_id": p.pool}
    behind = {"pool_id": p.pool, "protocol_port": 80}
    return {
        "load_balancer": [LoadBalancer(id=p.lb, generation=1, vip_address="192.0.2.1", **part)],
        "pool": [Pool(id=p.pool, protocol=PoolProtocol.HTTP, lb_algorithm=Algorithm.ROUND_ROBIN, **part)],
        "listener": [Listener(id=p.listener, **http, **part)],
        "health_monitor": [HealthMonitor(id=ids.new(), **checks, **part)],
        "member": [Member(id=m, address=f"192.0.2.{i + 10}", **behind, **part) for i, m in enumerate(p.members)],
    }


def fill(db: Database, fleet: list[Played]) -> None:
    """Everything that the fleet serves, and the fleet."""
    now = int(time.time() * 1e6)

    def work(c):
        for p in fleet:
            for kind, things in tree(p, now).items():
                rows.add(c, tables.TREE[kind], *things)
            c.execute(insert(tables.PROGRESS).values(load_balancer_id=p.lb, wanted=1, settled=1))
            mine = {"loadbalancer_id": p.lb, "status": AmphoraStatus.ALLOCATED, "created_at": now}
            rows.add(c, tables.AMPHORA, Amphora(id=p.amphora, session=p.session, master_version=1, **mine))
            applied = {"epoch": 1, "generation": 1, "digest": DIGEST, "start": "1.1"}
            c.execute(insert(tables.PLACEMENT).values(amphora_id=p.amphora, load_balancer_id=p.lb, **applied))

    db.write(work)


def sealed(p: Played, kind: int, body: bytes) -> bytes:
    p.seq += 1
    header = Header(kind=kind, amphora_id=p.amphora, session=p.session, boot_id=p.boot, seq=p.seq, token=p.token)
    return datagrams.seal(p.key, header, body)


def alive(p: Played) -> bytes:
    running = True
    placement = PlacementAlive(ids.raw(p.lb), 1, 1, bytes.fromhex(DIGEST[:16]), running)
    return sealed(p, KindOf.ALIVE, msgspec.msgpack.encode(Alive((placement,))))


def state(p: Played, first: MemberState = MemberState.UP, *, edge: bool = False) -> bytes:
    p.total += 3
    states = (first, *[MemberState.UP] * (MEMBERS - 1))
    members = tuple((ids.raw(m), s.value) for m, s in zip(p.members, states, strict=True))
    counts = ListenerCounts(ids.raw(p.listener), p.total % 7, p.total, p.total * 1000, p.total * 9000, 0)
    return sealed(p, KindOf.STATE, msgspec.msgpack.encode(State(ids.raw(p.lb), "1.1", edge, members, (counts,))))


class Speaker:
    """Speaks for the whole fleet from a process of its own."""

    def __init__(self, fleet: list[Played], port: int, observed: Path) -> None:
        self.fleet = fleet
        self.socket = receiver.listen("127.0.0.1", 0, 8 << 20)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0)
        self.db = sqlite3.connect(observed, isolation_level=None)
        self.by_id = {ids.raw(p.amphora): p for p in fleet}

    def greet(self) -> None:
        """Get a token for everybody, then send a full turn."""
        for p in self.fleet:
            self.socket.send(alive(p))
            self.drain()
        deadline = time.monotonic() + 10
        while any(p.token == datagrams.NO_TOKEN for p in self.fleet) and time.monotonic() < deadline:
            select.select([self.socket], [], [], 0.1)
            self.drain()
        for p in self.fleet:
            self.socket.send(state(p))
            self.drain()

    def drain(self) -> int:
        count = 0
        while True:
            try:
                answer = self.socket.recv(2048)
            except BlockingIOError:
                return count
            count += 1
            self.by_id[answer[2:18]].token = answer[58:74]

    def blast(self, rate: int, seconds: float) -> dict[str, float]:
        """Send at a rate; the datagrams are made beforehand so that the sender is not what is measured."""
        n, fleet = int(rate * seconds), self.fleet
        made = [(state if i // len(fleet) % 10 == 9 else alive)(fleet[i % len(fleet)]) for i in range(n)]
        began, sent, answers, send = time.monotonic(), 0, 0, self.socket.send
        while sent < n:
            due = min(n, int((time.monotonic() - began) * rate))
            for datagram in made[sent:due]:
                try:
                    send(datagram)
                except BlockingIOError:
                    continue
            sent = max(sent, due)
            answers += self.drain()
            time.sleep(0.002)
        took = time.monotonic() - began
        time.sleep(0.5)
        return {"sent": n, "seconds": took, "answers": answers + self.drain()}

    def flood(self, rate: int, seconds: float) -> dict[str, float]:
        """The fleet at a rate, and from another socket as many forgeries as one core can send."""
        forger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        forger.connect(self.socket.getpeername())
        good = [alive(self.fleet[i % len(self.fleet)]) for i in range(int(rate * seconds))]
        known, forged, sent, answers, began = bytearray(good[0]), 0, 0, 0, time.monotonic()
        known[-1] ^= 1  # a known amphora with a wrong code: the dearest to refuse
        forgeries = (bytes(known), os.urandom(120), bytes(60))
        while sent < len(good):
            due = min(len(good), int((time.monotonic() - began) * rate))
            for datagram in good[sent:due]:
                self.socket.send(datagram)
            sent = due
            for _ in range(100):
                forger.send(forgeries[forged % 3])
                forged += 1
            answers += self.drain()
        took = time.monotonic() - began
        time.sleep(1)
        forger.close()
        return {"sent": sent, "seconds": took, "answers": answers + self.drain(), "forged": forged}

    def edges(self, count: int, rate: int) -> list[float]:
        """Milliseconds from the datagram of a member's death (or return) to its row; `rate` others per second meanwhile."""
        took, p = [], self.fleet[0]
        others, spoken, sent = self.fleet[1:], 0, 0
        query, member = "SELECT status FROM operating WHERE object_id = ?", ids.raw(p.members[0])
        for i in range(count):
            spoken, sent, began = spoken + sent, 0, time.monotonic()
            until = began + 0.03
            while time.monotonic() < until or not rate:
                due = int((time.monotonic() - began) * rate)
                for k in range(sent, due):
                    self.socket.send(alive(others[(spoken + k) % len(others)]))
                sent = due
                self.drain()
                time.sleep(0.001)
                if not rate and time.monotonic() >= until:
                    break
            wanted, server = (("ERROR", MemberState.DOWN), ("ONLINE", MemberState.UP))[i % 2]
            start = time.monotonic()
            self.socket.send(state(p, server, edge=True))
            while self.db.execute(query, (member,)).fetchone() != (wanted,):
                if time.monotonic() - start > 5:
                    break
                time.sleep(0.0005)
            took.append((time.monotonic() - start) * 1000)
        return took


def speak(pipe: Connection, fleet: list[Played], observed: Path) -> None:
    """The sender's process: does what it is told over the pipe."""
    speaker = Speaker(fleet, pipe.recv(), observed)
    while (order := pipe.recv()) is not None:
        name, *arguments = order
        pipe.send(getattr(speaker, name)(*arguments))


def used() -> float:
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime


def spread(took: list[float]) -> dict[str, float]:
    ordered = sorted(took)
    return {
        "n": len(ordered),
        "min_ms": round(ordered[0], 2),
        "median_ms": round(statistics.median(ordered), 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 2),
        "max_ms": round(ordered[-1], 2),
    }


def settle(health: Health) -> None:
    """Wait until nothing more is heard."""
    before = None
    while (now := sum(health.counts().values())) != before:
        before = now
        time.sleep(0.3)


def measure(health: Health, pipe: Connection, order: tuple, counted: str = "fresh") -> dict[str, float]:
    before, cpu = health.counts(), used()
    pipe.send(order)
    result = pipe.recv()
    settle(health)
    busy, after = used() - cpu, health.counts()
    taken = after[counted] - before[counted]
    return {
        "asked_per_s": order[1],
        "sent": result["sent"],
        "accepted": taken,
        "accepted_per_s": round(taken / result["seconds"]),
        "answers": result["answers"],
        "forged_per_s": round(result.get("forged", 0) / result["seconds"]),
        "lost_by_kernel": after["lost"] - before["lost"],
        "shed": after["shed"] - before["shed"],
        "cpu_us_per_datagram": round(busy / max(1, taken) * 1e6, 1),
        "cpu_share": round(busy / (result["seconds"] + 0.5), 2),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--amphorae", type=int, default=1000)
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--rates", default="1000,5000,10000,15000,20000")
    options.add_argument("--edges", type=int, default=100)
    asked = options.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(open(os.devnull, "w")))  # noqa: PTH123, SIM115
    with tempfile.TemporaryDirectory(prefix="hydria-bench-") as folder:
        print(json.dumps(run(asked, Path(folder)), indent=1))


def run(asked: argparse.Namespace, folder: Path) -> dict:
    fleet = [played() for _ in range(asked.amphorae)]
    intent = Database(f"sqlite:///{folder}/intent.db", tables.INTENT)
    observed = Database(f"sqlite:///{folder}/observed.db", tables.OBSERVED, durable=False)
    intent.create_all()
    observed.create_all()
    fill(intent, fleet)
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(
        target=speak, args=(theirs, fleet, folder / "observed.db"), daemon=True
    )
    child.start()
    settings = HealthSettings()
    opened = receiver.listen("127.0.0.1", 0, settings.receive_buffer)
    keys = ({1: Secret(MASTER)}, Secret(os.urandom(32)))
    health = Health((intent, observed), keys, [opened], NoNudge(), SystemClock(), settings)
    thread = threading.Thread(target=health.run)
    thread.start()
    result = talk(asked, health, ours, opened.getsockname()[1])
    health.stop()
    thread.join()
    ours.send(None)
    child.join()
    suspected = intent.read(lambda c: len(c.execute(tables.SUSPICION.select()).all()))
    intent.close()
    observed.close()
    return {**result, "suspected": suspected}


def talk(asked: argparse.Namespace, health: Health, pipe: Connection, port: int) -> dict:
    pipe.send(port)
    pipe.send(("greet",))
    pipe.recv()
    time.sleep(2)
    rates = [measure(health, pipe, ("blast", int(r), asked.seconds)) for r in asked.rates.split(",")]
    flood = measure(health, pipe, ("flood", 1000, asked.seconds))
    edges = {}
    for name, rate in (("idle", 0), ("under_10000_per_s", 10_000)):
        pipe.send(("edges", asked.edges, rate))
        edges[name] = spread(pipe.recv())
    return {
        "what": "datagrams heard by one health manager, SQLite in the path",
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "amphorae": asked.amphorae,
        "rates": rates,
        "flood_of_forgeries": flood,
        "edge_to_database": edges,
        "counts": dict(health.counts()),
    }


if __name__ == "__main__":
    main()
