"""A deployment on a simulated cloud: users who write, workers that come and go, a clock turned by hand."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from hydria.amphora.sim import SimAmphorae
from hydria.control.world import External, Purpose
from hydria.domain import kinds, statuses
from hydria.domain.demands import What
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.types import Address, Algorithm, ListenerProtocol, MonitorType, PoolProtocol
from hydria.drivers import sim
from hydria.drivers.compute.sim import SimCompute
from hydria.drivers.network import Port, PortOrder
from hydria.drivers.network.sim import SimNetwork
from hydria.housekeeping.garbage import Garbage
from hydria.kit import ids
from hydria.kit.clock import HandClock
from hydria.kit.secret import Secret
from hydria.storage import claims, demands, intents, ledger, quotas, rows, tables, worlds
from hydria.storage.database import Database
from hydria.worker import flow
from hydria.worker.runner import Runner
from hydria.worker.tools import Tools, WorkerSettings
from tests.scenario.paper import PaperIssuer
from tests.servers.databases import wipe

DEPLOYMENT = "d0000000-0000-4000-8000-000000000001"
MANAGEMENT, DEMO, BACK = sim.SEGMENTS


class Killed(BaseException):
    """The process was killed here."""


class Cellar:
    """A database that one deployment after another lives on; each finds it empty."""

    def __init__(self, url: str) -> None:
        self.notice: Callable[[str], None] = lambda _: None
        self.database = Database(url, tables.INTENT, durable=False, notice=self._passed_on)

    def _passed_on(self, name: str) -> None:
        self.notice(name)

    def cleared(self, notice: Callable[[str], None]) -> Database:
        """The database, empty; `notice` hears its commits from now on."""
        self.notice = lambda _: None
        self.database.write(partial(wipe, tables.INTENT))
        self.notice = notice
        return self.database


class Lab:
    """Everything of one deployment; the worker is whoever calls `work`."""

    def __init__(self, cellar: Cellar) -> None:
        self.clock = HandClock()
        self.cloud = sim.Cloud(self.clock)
        self.points = 0
        self.kill_at: int | None = None
        self._asleep: Callable[[], None] | None = None
        self.passed: list[str] = []
        self.database = cellar.cleared(self._point)
        self.cloud.on_effect = self._point
        self.amphorae = SimAmphorae(self.cloud)
        self.network = SimNetwork(self.cloud, DEPLOYMENT)
        self.compute = SimCompute(self.cloud, DEPLOYMENT)
        self.workers = 0
        self.garbage = Garbage(self.database, self.compute, self.network, self.clock)

    def _point(self, name: str) -> None:
        """A place where a process may die."""
        if self.kill_at is None:
            return
        self.points += 1
        self.passed.append(name)
        if self.points != self.kill_at:
            return
        self.kill_at = None
        if self._asleep is None:
            raise Killed(name)
        self._asleep()

    def sleep_at(self, point: int, meanwhile: Callable[[], None]) -> None:
        """At this point the worker sleeps while `meanwhile` happens, then wakes and goes on."""
        self.kill_at, self._asleep = point, meanwhile

    # --- users ---

    def write(self, lb_id: str, work: Callable[[Any, intents.Locked], None]) -> None:
        """One write of a user, as the API does it."""
        armed, self.kill_at = self.kill_at, None
        due = self.now() + 30_000_000
        self.database.write(lambda c: work(c, intents.lock(c, lb_id, due)))
        self.kill_at = armed

    def now(self) -> int:
        return int(self.clock.now() * 1_000_000)

    def create(self, *, vip: bool = True) -> str:
        """A load balancer whose VIP the API has made (or, without `vip`, was killed before it could)."""
        lb_id, name = ids.new(), ids.new()
        self.database.write(lambda c: self._ask_for(c, lb_id, name))
        if vip:
            order = PortOrder(name=name, network_id=DEMO.id, subnet_id=DEMO.subnets[0].id, device_id=lb_id)
            port = self.network.create_port(order)
            self.database.write(lambda c: self._give(c, lb_id, name, port))
        return lb_id

    def _ask_for(self, c: Any, lb_id: str, name: str) -> None:
        now, where = self.now(), {"network_id": DEMO.id, "subnet_id": DEMO.subnets[0].id}
        lb = LoadBalancer(
            id=lb_id,
            project_id="p1",
            load_balancer_id=lb_id,
            created_at=now,
            due_at=now + 15_000_000,
            vip_subnet_id=where["subnet_id"],
            vip_network_id=DEMO.id,
            born=1,
            changed=1,
            touched=1,
            generation=1,
        )
        thing = External(name=name, kind="port", purpose=Purpose.VIP, load_balancer_id=lb_id, created_at=now)
        thing = msgspec.structs.replace(thing, **where)
        intents.create_root(c, lb)
        quotas.take(c, "p1", {"load_balancer": 1}, {})
        ledger.plan(c, thing)

    def _give(self, c: Any, lb_id: str, name: str, port: Port) -> None:
        ledger.made(c, name, port.id, address=port.address, mac=port.mac)
        where = {"subnet_id": port.subnet_id, "network_id": port.network_id}
        intents.give_vip(c, lb_id, port_id=port.id, address=port.address, **where)

    def _part(self, lb_id: str, locked: intents.Locked) -> dict[str, Any]:
        g = locked.generation
        now = self.now()
        return {
            "id": ids.new(),
            "project_id": "p1",
            "load_balancer_id": lb_id,
            "born": g,
            "changed": g,
            "touched": g,
            "created_at": now,
        }

    def add(self, lb_id: str, make: Callable[[dict[str, Any]], Part]) -> str:
        """Add one object; its id."""
        made: list[str] = []

        def work(c: Any, locked: intents.Locked) -> None:
            part = make(self._part(lb_id, locked))
            intents.add(c, part)
            quotas.take(c, "p1", {kinds.of(part).table: 1}, {})
            made.append(part.id)

        self.write(lb_id, work)
        return made[-1]

    def listener(self, lb_id: str, pool_id: str | None = None, port: int = 80) -> str:
        protocol = ListenerProtocol.HTTP
        return self.add(lb_id, lambda p: Listener(protocol=protocol, protocol_port=port, default_pool_id=pool_id, **p))

    def pool(self, lb_id: str) -> str:
        return self.add(lb_id, lambda p: Pool(protocol=PoolProtocol.HTTP, lb_algorithm=Algorithm.ROUND_ROBIN, **p))

    def member(self, lb_id: str, pool_id: str, address: str, subnet_id: str | None = None) -> str:
        return self.add(
            lb_id,
            lambda p: Member(pool_id=pool_id, address=Address(address), protocol_port=8080, subnet_id=subnet_id, **p),
        )

    def monitor(self, lb_id: str, pool_id: str) -> str:
        checks = partial(HealthMonitor, type=MonitorType.TCP, delay=5, timeout=3, max_retries=2)
        return self.add(lb_id, lambda p: checks(pool_id=pool_id, **p))

    def change(self, lb_id: str, kind: kinds.Kind, object_id: str, **values: Any) -> None:
        def work(c: Any, locked: intents.Locked) -> None:
            part = rows.one(c, kind, object_id)
            assert part
            intents.change(c, part, locked.generation, self.now(), values)

        self.write(lb_id, work)

    def remove(self, lb_id: str, kind: kinds.Kind, object_id: str) -> None:
        table = tables.TREE[kind.table]
        mine = table.c.id == object_id
        self.write(lb_id, lambda c, locked: _forget(intents.remove(c, locked.generation, kind, mine)))

    def demand(self, lb_id: str, what: What = What.REPLACE) -> None:
        """An operator asks something of every amphora of a load balancer."""
        found = [a.id for a in self.world(lb_id).amphorae]
        self.write(lb_id, lambda c, locked: demands.add(c, what, lb_id, locked.generation, found))

    def delete(self, lb_id: str) -> None:
        self.write(lb_id, lambda c, locked: intents.remove_tree(c, lb_id, locked.generation))

    def full(self) -> str:
        """A load balancer with a listener, a pool, a monitor and two members, one of them on another subnet."""
        lb_id = self.create()
        pool = self.pool(lb_id)
        self.listener(lb_id, pool)
        self.monitor(lb_id, pool)
        self.member(lb_id, pool, "10.88.12.10", BACK.subnets[0].id)
        self.member(lb_id, pool, "192.0.2.7")
        return lb_id

    # --- workers ---

    def tools(self) -> Tools:
        settings = WorkerSettings(
            deployment=DEPLOYMENT,
            management_network=MANAGEMENT.id,
            controllers=("10.88.0.1:5555",),
            master_keys={1: Secret(b"k" * 32)},
        )
        return Tools(
            database=self.database,
            compute=self.compute,
            network=self.network,
            amphorae=self.amphorae,
            issuer=PaperIssuer(),
            clock=self.clock,
            settings=settings,
            side_by_side=flow.one_after_another,
        )

    def worker(self) -> Runner:
        self.workers += 1
        return Runner(self.tools(), f"worker-{self.workers}")

    def work(self, lb_id: str, worker: Runner | None = None, sure: Callable[[], bool] = lambda: True) -> bool:
        """One claim of a worker; it takes what it finds, as after the takeover's wait."""
        due = self.database.read(lambda c: claims.seen(c, lb_id))
        return due is not None and (worker or self.worker()).work(due, lambda _: sure)

    def until_settled(self, lb_id: str, turns: int = 40) -> None:
        """Let workers try, with their waits, until nothing is wanted any more."""
        for _ in range(turns):
            self.work(lb_id)
            if not self.wants(lb_id):
                return
            self.cloud.turn(6.0)
        message = f"{lb_id} does not settle: {self.progress(lb_id)}"
        raise AssertionError(message)

    def wants(self, lb_id: str) -> bool:
        row = self.progress(lb_id)
        return row is not None and (row.wanted > row.settled or bool(self.world(lb_id).suspicions) or row.owner != "")

    def progress(self, lb_id: str) -> Any:
        table = tables.PROGRESS
        return self.database.read(lambda c: c.execute(table.select().where(table.c.load_balancer_id == lb_id)).first())

    def world(self, lb_id: str) -> Any:
        return self.database.read(lambda c: worlds.read(c, lb_id))

    def suspect(self, lb_id: str, amphora_id: str, what: str = "silent") -> None:
        """The health manager finds an amphora odd."""
        values = {"amphora_id": amphora_id, "load_balancer_id": lb_id, "what": what, "at": self.now()}
        self.database.write(lambda c: _forget(c.execute(tables.SUSPICION.insert().values(**values))))

    def sweep(self) -> None:
        """Housekeeping looks until hours have passed."""
        for _ in range(3):
            self.cloud.turn(3700.0)
            self.garbage.look()

    # --- what is seen ---

    def status(self, lb_id: str) -> dict[str, str]:
        """Provisioning status of every object, by id."""
        world = self.world(lb_id)
        tree = self.database.read(lambda c: worlds.desired(c, lb_id, deleted=True))
        assert tree.loadbalancer
        late = statuses.is_overdue(world.generation, world.settled, tree.loadbalancer.due_at, self.now())
        refused = {i: v.changed for i, v in world.verdicts.items()}
        return {
            p.id: statuses.provisioning(p, world.settled, refused_at=refused.get(p.id), overdue=late)
            for p in tree.parts()
        }

    def leftovers(self) -> list[str]:
        """What exists in the cloud or the ledger beyond what the living load balancers need."""
        root = tables.TREE["load_balancer"]
        alive = {row.id for row in self.database.read(lambda c: c.execute(root.select()).all())}
        known = {x.name: x for x in self.database.read(ledger.every)}
        found = [f"row {x.name}" for x in known.values() if x.load_balancer_id not in alive or x.state != "MADE"]
        found += [f"machine {m.name}" for m in self.compute.list() if m.name not in known]
        found += [f"port {p.name}" for p in self.network.list_ports() if p.name not in known]
        return found

    def picture(self, lb_id: str) -> dict[str, Any]:
        """The end state without names that differ from run to run: two runs that end alike have equal pictures."""
        world = self.world(lb_id)
        if world is None:
            used = tables.QUOTA.select()
            quota = self.database.read(lambda c: c.execute(used).first())
            return {
                "gone": True,
                "used": [v for k, v in quota._mapping.items() if k.startswith("used_")] if quota else [],
            }
        running = self.amphorae.running(lb_id)
        return {
            "statuses": sorted(self.status(lb_id).values()),
            "settled": world.settled == world.generation,
            "amphorae": sorted(a.status for a in world.amphorae),
            "things": sorted((x.purpose, x.state, x.plugged) for x in world.externals),
            "running": [(d.generation == world.generation, len(d.interfaces)) for d in running.values()],
            "accepted": len(list(world.accepted.parts())),
            "leftovers": self.leftovers(),
        }


def _forget(_: object) -> None:
    """Of an answer nobody needs."""
