"""The amphora as a whole: its node document, the set of its placements, its facts."""

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Iterator

import msgspec

from hydria.agent import disk, faults, heartbeat, journal, netspace, processes, proving, tls
from hydria.agent.placement import Context, Placement
from hydria.kit import ids
from hydria.wire.agentsettings import AgentSettings
from hydria.wire.documents import Facts, Nic, NodeDocument

LOOK_EVERY_S = 1.0
MOST_REMOVED = 256

_PING = """#!/bin/sh
# Called by haproxy: <proxy address> <proxy port> <server address> <server port>
exec /bin/ping -q -n -c 1 -W 1 "$3" >/dev/null 2>&1
"""


class Node:
    """Holds the placements and what is common to them."""

    def __init__(self, settings: AgentSettings, identity: tls.Identity, log: journal.Journal) -> None:
        self._settings = settings
        self._journal = log
        self.identity = identity
        self.boot_id = ids.new()
        self._placements: dict[str, Placement] = {}
        self._removed: dict[str, int] = {}
        self._document: NodeDocument | None = None
        self._version = ""
        self._request: asyncio.Task[str] | None = None
        self._lock = asyncio.Lock()
        self._heartbeat = heartbeat.Heartbeat(self.boot_id, lambda: list(self._placements.values()), log)
        self._context = Context(settings, log, self._heartbeat.edge)

    async def recall(self) -> None:
        """Read what an agent before this one wrote down."""
        disk.folder(self._settings.run_folder, 0o711)
        disk.write(f"{self._settings.run_folder}/ping-wrapper", _PING.encode(), 0o755, lasting=False)
        os.chmod(f"{self._settings.run_folder}/ping-wrapper", 0o755)  # noqa: S103  (every placement's user runs it)
        with contextlib.suppress(msgspec.DecodeError):  # half a file after a crash: the next push brings it
            self._removed = msgspec.json.decode(disk.read(self._removed_file) or b"{}", type=dict[str, int])
            written = disk.read(f"{self._settings.state_folder}/node.json")
            self._document = msgspec.json.decode(written, type=NodeDocument) if written else None
        for name in disk.names(f"{self._settings.state_folder}/placements"):
            self._placements[name] = Placement(self._context, name)
            self._placements[name].recall()
        if self._document and (key := disk.read(f"{self._settings.run_folder}/session-{self._document.session}")):
            self._document = msgspec.structs.replace(self._document, session_key=key.decode())
            await self._heartbeat.follow(self._document)

    def begin_key(self) -> None:
        """Begin to make the key, so that the request is ready when it is asked for."""
        self._request = asyncio.create_task(self.identity.request())
        self._request.add_done_callback(lambda task: task.cancelled() or task.exception())  # told to whoever asks

    async def request(self) -> str:
        """The certificate request. A failure is tried again at the next call."""
        if self._request is None or (self._request.done() and self._request.exception()):
            self.begin_key()
        if self._request is None:
            raise faults.Answer(507, "no key could be made")
        return await asyncio.shield(self._request)

    @property
    def _removed_file(self) -> str:
        return f"{self._settings.state_folder}/removed.json"

    async def watch(self) -> None:
        """Adopt what an agent before this one left; then look after every placement, each second."""
        await asyncio.gather(*(self._tend(one, one.adopt()) for one in list(self._placements.values())))
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await asyncio.gather(*(self._tend(one, one.look_after()) for one in self._placements.values()))

    async def _tend(self, placement: Placement, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  (the loop must not die: the others need it too)
            self._journal.crash("watch.failed", error, load_balancer=placement.places.load_balancer_id)

    async def stop(self) -> None:
        """Send no more; placements run on."""
        await self._heartbeat.stop()

    async def follow(self, document: NodeDocument) -> Facts:
        """Take a node document. `Answer` 409 when a higher epoch was seen, 400 when it is not for us."""
        self._check(document)
        async with self._lock:
            old = self._document
            if old and document.epoch < old.epoch:
                raise faults.stale("node epoch", document.epoch, old.epoch)
            if not old or document.epoch > old.epoch or not old.session_key:
                await self._adopt(document)
        return await self.facts()

    async def _adopt(self, document: NodeDocument) -> None:
        self.identity.trust(document.trust)
        disk.folder(self._settings.state_folder, 0o711)
        disk.folder(self._settings.run_folder, 0o711)
        written = msgspec.json.encode(msgspec.structs.replace(document, session_key=""))
        disk.write(
            f"{self._settings.run_folder}/session-{document.session}", document.session_key.encode(), lasting=False
        )
        disk.write(f"{self._settings.state_folder}/node.json", written)
        for name in disk.names(self._settings.run_folder):
            if name.startswith("session-") and name != f"session-{document.session}":
                disk.forget(f"{self._settings.run_folder}/{name}")
        self._document = document
        gone = [lb for lb in self._placements if lb not in document.placements]
        await asyncio.gather(*(self._drop(lb) for lb in gone))
        await self._heartbeat.follow(document)

    def _check(self, document: NodeDocument) -> None:
        if document.amphora_id != self._settings.amphora_id:
            raise faults.Answer(400, f"this is amphora {self._settings.amphora_id}, not {document.amphora_id}")
        try:
            ids.raw(document.session)
            bytes.fromhex(document.session_key)
            for controller in document.controllers:
                heartbeat.address(controller)
        except ValueError as error:
            raise faults.Answer(400, str(error)) from error
        if not ids.is_id(document.session) or min(document.alive_every_s, document.statistics_every_s) <= 0:
            raise faults.Answer(400, "session is no id, or an interval is not above 0")

    @contextlib.contextmanager
    def held(self, load_balancer_id: str, epoch: int) -> Iterator[Placement]:
        """The placement to work on, one object and so one lock for all; one that runs nothing is forgotten by its last user.
        `Answer` 409 when it was removed under a higher epoch.
        """
        if epoch < self._removed.get(load_balancer_id, 0):
            raise faults.stale("epoch", epoch, self._removed[load_balancer_id])
        placement = self._placements.setdefault(load_balancer_id, Placement(self._context, load_balancer_id))
        placement.users += 1
        try:
            yield placement
        finally:
            placement.users -= 1
            if placement.good is None and not placement.users:
                self._placements.pop(load_balancer_id, None)

    def known(self, load_balancer_id: str) -> Placement:
        """A placement that is here; `Answer` 404."""
        if load_balancer_id not in self._placements:
            raise faults.Answer(404, f"load balancer {load_balancer_id} is not here")
        return self._placements[load_balancer_id]

    async def remove(self, load_balancer_id: str, epoch: int) -> None:
        """Remove a placement and remember under which epoch. Also when it is absent, so that a late push cannot bring it back."""
        with self.held(load_balancer_id, epoch) as placement:
            await placement.remove(epoch)
            self._bury(load_balancer_id, epoch)

    async def _drop(self, load_balancer_id: str) -> None:
        with self.held(load_balancer_id, self._removed.get(load_balancer_id, 0)) as placement:
            epoch = placement.seen.epoch
            await placement.remove(None)
            self._bury(load_balancer_id, epoch)

    def _bury(self, load_balancer_id: str, epoch: int) -> None:
        self._removed.pop(load_balancer_id, None)
        self._removed = dict([*self._removed.items(), (load_balancer_id, epoch)][-MOST_REMOVED:])
        disk.folder(self._settings.state_folder, 0o711)
        disk.write(self._removed_file, msgspec.json.encode(self._removed))

    async def facts(self) -> Facts:
        """What this node is and holds."""
        if not self._version:
            self._version = version((await processes.run([self._settings.haproxy, "-v"])).out.decode(errors="replace"))
        placements = [placement for placement in self._placements.values() if placement.good]
        keys = {digest for placement in placements for digest in disk.names(placement.places.keys)}
        own = [Nic(mac=mac, name=name) for mac, name in sorted(netspace.cards().items())]
        placed = [
            Nic(mac=card.mac, name=card.name, load_balancer_id=one.places.load_balancer_id)
            for one in placements
            if one.good
            for card in one.good.interfaces
        ]
        return Facts(
            amphora_id=self._settings.amphora_id,
            boot_id=self.boot_id,
            node_epoch=self._document.epoch if self._document else 0,
            session=self._document.session if self._document else "",
            haproxy=self._version,
            memory_mb=proving.memory_kb("MemTotal") // 1024,
            descriptors=proving.descriptors(),
            nics=(*own, *placed),
            placements=tuple(await asyncio.gather(*(one.placed() for one in placements))),
            certificates=tuple(sorted(keys)),
            bootstrap=self.identity.bootstrap,
        )


def version(said: str) -> str:
    """`2.6.12` from what `haproxy -v` says."""
    words = said.split()
    return words[2].partition("-")[0] if len(words) > 2 else ""
