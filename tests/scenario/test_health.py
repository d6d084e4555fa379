"""A health manager with its databases and a clock turned by hand: what is said becomes rows, silence becomes suspicion."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, insert, select, update

from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.pool import Pool
from hydria.domain.types import Address, Algorithm, ListenerProtocol, MonitorType, PoolProtocol
from hydria.health.heard import Moment
from hydria.health.service import Health
from hydria.health.settings import HealthSettings
from hydria.kit import clock, ids
from hydria.kit.secret import Secret
from hydria.storage import database, rows, tables
from hydria.storage.database import Database
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, Header, KindOf, ListenerCounts, PlacementAlive, State

MASTER = bytes(32)
DIGEST = "ab" * 32
UP, DOWN = 1, 2


class Breakable(Database):
    """A database that can be away."""

    away = False

    def read(self, work):
        self._check()
        return super().read(work)

    def write(self, work):
        self._check()
        return super().write(work)

    def _check(self):
        if self.away:
            raise database.Unavailable("away")


class Rig:
    """One amphora with a load balancer of two monitored members."""

    def __init__(self, folder):
        self.time = clock.HandClock()
        self.intent = Breakable(f"sqlite:///{folder}/intent.db", tables.INTENT)
        self.observed = Breakable(f"sqlite:///{folder}/observed.db", tables.OBSERVED, durable=False)
        self.intent.create_all()
        self.observed.create_all()
        self.lb, self.listener, self.pool, self.one, self.two, self.monitor = (ids.new() for _ in range(6))
        self.amphora, self.session, self.boot = (ids.new() for _ in range(3))
        self.key = datagrams.session_key(MASTER, self.amphora, self.session)
        self.seq, self.token, self.nudged = 0, datagrams.NO_TOKEN, list[str]()
        self.told = 0
        self.intent.write(self._fill)
        self.start()

    def start(self, **settings):
        keys = {1: Secret(MASTER)}, Secret(ids.new().encode())
        self.health = Health((self.intent, self.observed), keys, [], self, self.time, HealthSettings(**settings))
        self.health.look()

    def restart(self):
        self.health.receiver.close()
        self.start()

    def nudge(self, load_balancer_id):
        self.nudged.append(load_balancer_id)

    def _fill(self, c):
        part: dict[str, Any] = {"project_id": "p", "load_balancer_id": self.lb, "created_at": 0}
        part |= dict.fromkeys(("born", "changed", "touched"), 1)
        http: dict[str, Any] = {"protocol": ListenerProtocol.HTTP, "protocol_port": 80, "default_pool_id": self.pool}
        rows.add(c, tables.TREE["load_balancer"], LoadBalancer(id=self.lb, generation=1, **part))
        rows.add(c, tables.TREE["listener"], Listener(id=self.listener, **http, **part))
        pool = Pool(id=self.pool, protocol=PoolProtocol.HTTP, lb_algorithm=Algorithm.ROUND_ROBIN, **part)
        rows.add(c, tables.TREE["pool"], pool)
        checks: dict[str, Any] = {"type": MonitorType.TCP, "delay": 1, "timeout": 1, "max_retries": 1}
        monitor = HealthMonitor(id=self.monitor, pool_id=self.pool, **checks, **part)
        rows.add(c, tables.TREE["health_monitor"], monitor)
        for number, member in enumerate((self.one, self.two)):
            where: dict[str, Any] = {
                "address": Address(f"192.0.2.{number + 1}"),
                "protocol_port": 80,
                "pool_id": self.pool,
            }
            rows.add(c, tables.TREE["member"], Member(id=member, **where, **part))
        c.execute(insert(tables.PROGRESS).values(load_balancer_id=self.lb, wanted=1, settled=1))
        mine: dict[str, Any] = {"loadbalancer_id": self.lb, "status": AmphoraStatus.ALLOCATED, "created_at": 0}
        rows.add(c, tables.AMPHORA, Amphora(id=self.amphora, session=self.session, master_version=1, **mine))
        applied = {"epoch": 1, "generation": 1, "digest": DIGEST, "start": "1.1"}
        c.execute(insert(tables.PLACEMENT).values(amphora_id=self.amphora, load_balancer_id=self.lb, **applied))

    def send(self, kind, body):
        self.seq += 1
        header = Header(
            kind=kind, amphora_id=self.amphora, session=self.session, boot_id=self.boot, seq=self.seq, token=self.token
        )
        datagram = datagrams.seal(self.key, header, msgspec.msgpack.encode(body))
        moment = Moment(self.time.now(), self.time.monotonic())
        answer, events = self.health.heard.hear(datagram, ("192.0.2.9", 1), moment)
        if answer:
            self.token, self.told = answer[58:74], answer[datagrams.HEADER.size]
        self.health.writer.take(events)
        return events

    def alive(self, **says):
        values: dict[str, Any] = {"generation": 1, "digest": bytes.fromhex(DIGEST[:16]), "running": True} | says
        self.send(KindOf.ALIVE, Alive((PlacementAlive(load_balancer_id=ids.raw(self.lb), epoch=1, **values),)))

    def state(self, one=UP, two=UP, *, total=0, start="1.1", edge=False):
        counts = ListenerCounts(ids.raw(self.listener), total % 5, total, total, total, 0)
        members = ((ids.raw(self.one), one), (ids.raw(self.two), two))
        self.send(KindOf.STATE, State(ids.raw(self.lb), start, edge, members, (counts,)))

    def flush(self):
        self.health.writer.turn()
        while self.health.writer.flush():
            pass

    def turn(self, seconds, *, speaks=True):
        for _ in range(seconds):
            self.time.turn(1)
            if speaks:
                self.alive()
            self.health.look()
            self.flush()

    def statuses(self):
        names = {self.lb: "lb", self.listener: "listener", self.pool: "pool", self.one: "one", self.two: "two"}
        found = self.observed.read(lambda c: c.execute(select(tables.OPERATING)).all())
        return {names[row.object_id]: row.status for row in found}

    def all(self, table):
        db = self.observed if table.metadata is tables.OBSERVED else self.intent
        return db.read(lambda c: c.execute(select(table)).all())

    def suspected(self):
        return [row.what for row in self.all(tables.SUSPICION)]

    def change(self, kind, object_id, **values):
        table, root = tables.TREE[kind], tables.TREE["load_balancer"]

        def work(c):
            c.execute(update(root).values(generation=root.c.generation + 1))
            c.execute(update(table).where(table.c.id == object_id).values(**values))

        self.intent.write(work)


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path)
    made.alive()
    yield made
    made.health.receiver.close()
    made.intent.close()
    made.observed.close()


ONLINE = dict.fromkeys(("lb", "listener", "pool", "one", "two"), "ONLINE")


def test_a_state_becomes_statuses(rig):
    rig.state()
    rig.flush()
    assert rig.statuses() == ONLINE


def test_an_edge_is_written_without_waiting_for_the_turn(rig):
    rig.state()
    rig.health.writer.flush()
    rig.state(one=DOWN, edge=True)
    rig.health.writer.flush()
    assert rig.statuses() == ONLINE | {"one": "ERROR", "pool": "DEGRADED", "lb": "DEGRADED"}


def test_what_is_no_edge_waits_for_the_turn(rig):
    rig.state()
    rig.flush()
    rig.state(one=DOWN)
    rig.health.writer.flush()
    assert rig.statuses() == ONLINE
    rig.flush()
    assert rig.statuses()["one"] == "ERROR"


def test_only_what_changed_is_written(rig):
    rig.state()
    rig.flush()
    rig.time.turn(1)
    rig.state(one=DOWN)
    rig.flush()
    assert len({row.at for row in rig.all(tables.OPERATING)}) == 2


def test_a_write_of_a_user_changes_statuses_without_a_datagram(rig):
    rig.state(one=DOWN)
    rig.flush()
    rig.change("member", rig.one, admin_state_up=False)
    rig.turn(1)
    assert rig.statuses() == ONLINE | {"one": "OFFLINE"}
    rig.change("load_balancer", rig.lb, admin_state_up=False)
    rig.turn(1)
    assert set(rig.statuses().values()) == {"OFFLINE"}


def test_the_status_of_a_deleted_object_goes(rig):
    rig.state()
    rig.flush()
    rig.change("member", rig.one, deleted=2)
    rig.turn(1)
    assert "one" not in rig.statuses()


def test_a_restarted_manager_believes_the_database_and_writes_what_differs(rig):
    rig.state()
    rig.flush()
    rig.restart()
    rig.alive()
    rig.state(one=DOWN)
    rig.flush()
    assert rig.statuses()["one"] == "ERROR"


def test_what_another_manager_wrote_is_set_right_within_a_minute_or_two(rig):
    rig.state()
    rig.flush()
    rig.observed.write(lambda c: c.execute(update(tables.OPERATING).values(status="ERROR")))
    rig.turn(62)
    assert rig.statuses() == ONLINE


def counters(rig):
    (row,) = rig.all(tables.STATISTICS)
    return row.total_connections, row.active_connections


def test_counters_are_summed_over_starts_and_restarts_of_ours(rig):
    for start, total in (("1.1", 10), ("1.1", 12), ("1.2", 3)):
        rig.state(total=total, start=start)
        rig.flush()
    assert counters(rig) == (15, 3)
    rig.restart()
    rig.alive()
    rig.state(total=4, start="1.2")
    rig.flush()
    assert counters(rig) == (16, 4)


def test_counters_of_a_foreign_listener_are_not_kept(rig):
    counts = ListenerCounts(b"x" * 16, 1, 1, 1, 1, 1)
    edge = True
    rig.send(KindOf.STATE, State(ids.raw(rig.lb), "1.1", edge, (), (counts,)))
    rig.flush()
    assert rig.all(tables.STATISTICS) == []


def test_nothing_is_lost_while_the_database_is_away(rig):
    rig.observed.away = True
    rig.state(one=DOWN, total=5, edge=True)
    with pytest.raises(database.Unavailable):
        rig.health.writer.flush()
    with pytest.raises(database.Unavailable):
        rig.flush()
    rig.observed.away = False
    rig.flush()
    assert rig.statuses()["one"] == "ERROR"
    assert counters(rig) == (5, 0)


def test_silence_becomes_one_suspicion_and_a_nudge(rig):
    rig.turn(20)
    assert rig.suspected() == []
    rig.turn(60, speaks=False)
    assert rig.suspected() == ["silent"]
    assert set(rig.nudged) == {rig.lb}


def test_who_cannot_speak_is_not_missed(rig, capsys):
    rig.health.receiver.close()
    rig.start(expects=False)
    rig.turn(60, speaks=False)
    assert (rig.suspected(), rig.nudged, rig.all(tables.FRESHNESS), capsys.readouterr().out) == ([], [], [], "")


def test_late_and_back_are_written_at_once(rig):
    rig.turn(20)
    rig.turn(6, speaks=False)
    assert [row.late for row in rig.all(tables.FRESHNESS)] == [True]
    rig.alive()
    rig.health.writer.flush()
    (row,) = rig.all(tables.FRESHNESS)
    assert (row.late, row.seen_at) == (False, int(rig.time.now() * 1e6))


def test_a_suspicion_that_was_looked_into_may_come_again(rig):
    rig.turn(20)
    rig.turn(6, speaks=False)
    rig.intent.write(lambda c: c.execute(delete(tables.SUSPICION)))
    rig.turn(9, speaks=False)
    assert rig.suspected() == []
    rig.turn(2, speaks=False)
    assert rig.suspected() == ["silent"]


def test_a_stall_of_ours_is_no_silence_of_theirs(rig):
    rig.turn(20)
    rig.time.turn(3600)
    rig.turn(4, speaks=False)
    assert rig.suspected() == []


def test_while_datagrams_are_shed_nobody_is_suspected(rig):
    rig.turn(20)
    for _ in range(60):
        rig.health.receiver.troubled_at = rig.time.monotonic()
        rig.turn(1, speaks=False)
    assert rig.suspected() == []


def test_silence_while_the_database_is_away_is_held_against_nobody(rig):
    rig.turn(20)
    rig.intent.away = True
    for _ in range(30):
        rig.time.turn(1)
        with pytest.raises(database.Unavailable):
            rig.health.look()
    rig.intent.away = False
    rig.turn(4, speaks=False)
    assert rig.suspected() == []


def test_a_clock_that_jumps_kills_nobody(rig):
    for jump in (3600, -7200, 86400):
        rig.turn(10)
        rig.time.jump(jump)
        rig.turn(10)
    assert rig.suspected() == []


def test_an_amphora_is_told_that_work_on_it_waits_until_it_is_done(rig):
    told = []
    for settled in (1, 2):
        rig.intent.write(lambda c, n=settled: c.execute(update(tables.PROGRESS).values(wanted=2, settled=n)))
        rig.turn(2)
        told.append(rig.told)
    assert told == [datagrams.PENDING_WORK, 0]


def test_an_amphora_is_heard_as_soon_as_it_is_in_the_database(rig):
    rig.intent.write(lambda c: c.execute(update(tables.AMPHORA).values(session=None)))
    rig.health.look()
    rig.token = datagrams.NO_TOKEN
    rig.alive()
    rig.health.greet()
    assert rig.token == datagrams.NO_TOKEN
    rig.intent.write(lambda c: c.execute(update(tables.AMPHORA).values(session=rig.session)))
    rig.time.turn(1)
    rig.alive()
    rig.health.greet()
    rig.alive()
    assert rig.token != datagrams.NO_TOKEN


def test_what_was_observed_of_a_load_balancer_that_is_gone_goes(rig):
    rig.state(total=1)
    rig.flush()
    for table in (tables.AMPHORA, tables.PLACEMENT, *tables.TREE.values()):
        rig.intent.write(lambda c, table=table: c.execute(delete(table)))
    rig.turn(1, speaks=False)
    rig.health.tidy()
    assert [rig.all(t) for t in (tables.OPERATING, tables.STATISTICS, tables.FRESHNESS)] == [[], [], []]
