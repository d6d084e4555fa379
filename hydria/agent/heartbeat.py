"""Datagrams to the controllers: alive, edges at once, statistics, and all of it once a minute."""

import asyncio
from collections.abc import Callable

import msgspec

from hydria.agent import counters, haproxy, journal
from hydria.agent.placement import Placement
from hydria.kit import ids
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, Header, KindOf, PlacementAlive, State
from hydria.wire.documents import NodeDocument

FULL_TURN_S = 60.0
COALESCE_S = 0.03
PLACEMENTS_PER_DATAGRAM = 18


def address(controller: str) -> tuple[str, int]:
    """Host and port of `ip:port`; IPv6 in brackets. ValueError when it is not of this form."""
    host, _, port = controller.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        message = f"{controller!r} is not ip:port"
        raise ValueError(message)
    return host.strip("[]"), int(port)


class Controller(asyncio.DatagramProtocol):
    """One health manager: a socket of its own, and the last token got from it. `met` is called at the first token."""

    def __init__(self, key: bytes, met: Callable[[], None]) -> None:
        self.token = datagrams.NO_TOKEN
        self._key = key
        self._met = met
        self._transport: asyncio.DatagramTransport | None = None

    async def connect(self, controller: str) -> None:
        """Open the socket."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, remote_addr=address(controller))

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # it is one
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        if datagrams.peek(data) and (known := datagrams.unseal(self._key, data)) and known[0].kind == KindOf.ANSWER:
            is_first = self.token == datagrams.NO_TOKEN
            self.token = known[0].token
            if is_first:
                self._met()

    def error_received(self, exc: Exception) -> None:
        """Nobody there: the next one may arrive."""

    def send(self, datagram: bytes) -> None:
        """Send and forget."""
        if self._transport:
            self._transport.sendto(datagram)

    def close(self) -> None:
        """Close the socket."""
        if self._transport:
            self._transport.close()


class Heartbeat:
    """Sends from the first node document with a session key on."""

    def __init__(self, boot_id: str, placements: Callable[[], list[Placement]], log: journal.Journal) -> None:
        self._boot_id = boot_id
        self._placements = placements
        self._journal = log
        self._node: NodeDocument | None = None
        self._key = b""
        self._controllers: list[Controller] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._seq = 0
        self._sent: dict[tuple[str, str], dict[bytes, int]] = {}  # by load balancer and start
        self._edges: set[str] = set()
        self._edge = asyncio.Event()

    async def follow(self, node: NodeDocument) -> None:
        """Send as this document says from now on."""
        await self.stop()
        if not node.session_key:
            return
        self._node, self._key = node, bytes.fromhex(node.session_key)
        for controller in node.controllers:
            one = Controller(self._key, self._tell_all)
            try:
                await one.connect(controller)
            except OSError as error:
                self._journal.warning("controller.unreachable", controller=controller, why=str(error))
            self._controllers.append(one)
        self._tasks = [asyncio.create_task(turn(node)) for turn in (self._alive, self._statistics, self._tell_edges)]

    async def stop(self) -> None:
        """Send no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for controller in self._controllers:
            controller.close()
        self._tasks, self._controllers = [], []

    def edge(self, load_balancer_id: str) -> None:
        """Something changed: haproxy said so of a server, or it runs something new."""
        self._edges.add(load_balancer_id)
        self._edge.set()

    def _tell_all(self) -> None:
        """A controller that has just met us knows nothing yet, and believes from now on what we send."""
        self._sent.clear()
        for placement in self._placements():
            self.edge(placement.places.load_balancer_id)

    def _send(self, kind: KindOf, body: object) -> None:
        if self._node is None:
            return
        self._seq += 1
        packed = msgspec.msgpack.encode(body)
        for controller in self._controllers:
            header = Header(
                kind=kind,
                amphora_id=self._node.amphora_id,
                session=self._node.session,
                boot_id=self._boot_id,
                seq=self._seq,
                token=controller.token,
            )
            controller.send(datagrams.seal(self._key, header, packed))

    async def _alive(self, node: NodeDocument) -> None:
        while True:
            told = [_alive_of(one) for one in self._placements() if one.good]
            for at in range(0, max(1, len(told)), PLACEMENTS_PER_DATAGRAM):
                self._send(KindOf.ALIVE, Alive(tuple(told[at : at + PLACEMENTS_PER_DATAGRAM])))
            await asyncio.sleep(node.alive_every_s)

    async def _statistics(self, node: NodeDocument) -> None:
        loop = asyncio.get_running_loop()
        full_at = loop.time()
        while True:
            await asyncio.sleep(node.statistics_every_s)
            if is_full := loop.time() >= full_at:
                full_at = loop.time() + FULL_TURN_S
            for placement in self._placements():
                await self._tell(placement, edge=False, full=is_full)

    async def _tell_edges(self, node: NodeDocument) -> None:
        while True:
            await self._edge.wait()
            await asyncio.sleep(COALESCE_S)
            self._edge.clear()
            named, self._edges = self._edges, set()
            for placement in self._placements():
                if placement.places.load_balancer_id in named:
                    await self._tell(placement, edge=True, full=False)

    async def _tell(self, placement: Placement, *, edge: bool, full: bool) -> None:
        lb = placement.places.load_balancer_id
        found = await observe(placement)
        if found is None:
            return
        key = (lb, placement.start)
        full = full or key not in self._sent
        members = found.members if full else counters.changed(self._sent[key], found.members)
        self._sent = {k: v for k, v in self._sent.items() if k[0] != lb} | {key: found.members}
        if edge and not full and not members:
            return
        listeners = () if edge and not full else found.listeners
        for body in counters.states(lb, placement.start, members, listeners, edge=edge):
            self._send(KindOf.STATE, body)


def _alive_of(placement: Placement) -> PlacementAlive:
    good, seen = placement.good, placement.seen
    raw, digest = ids.raw(placement.places.load_balancer_id), bytes.fromhex(good.digest)[:8] if good else b""
    return PlacementAlive(raw, seen.epoch, good.generation if good else 0, digest, bool(placement.start))


async def observe(placement: Placement) -> counters.Counters | None:
    """What haproxy counts now, or None while it does not answer."""
    try:
        return counters.read(await haproxy.ask(placement.places.admin, counters.COMMAND))
    except OSError:
        return None


async def state(placement: Placement) -> list[State]:
    """All that a State turn would say of a placement."""
    found = await observe(placement)
    if found is None:
        return []
    return counters.states(placement.places.load_balancer_id, placement.start, found.members, found.listeners)
