"""One load balancer on this amphora: proved, started, changed, reloaded, retired, removed."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from hydria.agent import disk, edges, faults, haproxy, journal, places, processes, proving, service, staging, wiring
from hydria.wire.agentsettings import AgentSettings
from hydria.wire.documents import Applied, Placed, PlacementDocument, Problem, Proof

START_S = 5.0
RELOAD_S = 20.0


class Seen(msgspec.Struct, frozen=True):
    """The highest epoch and generation, and whether no new connections are wanted."""

    epoch: int = 0
    generation: int = 0
    retired: bool = False


@dataclass(frozen=True)
class Context:
    """What placements share."""

    settings: AgentSettings
    journal: journal.Journal
    edge: Callable[[str], None]  # told the load balancer's id when a server changed or something new runs


class Placement:
    """All changes go through one lock. Files of a document lie in a folder of their own; two links say which is loaded."""

    def __init__(self, context: Context, load_balancer_id: str) -> None:
        self.places = places.of(context.settings, load_balancer_id)
        self.seen = Seen()
        self.good: PlacementDocument | None = None
        self.users = 0  # requests under way
        self.start = ""  # the last start id known, for datagrams
        self._context = context
        self._lock = asyncio.Lock()
        self._runsv = 0
        self._started_at = 0.0
        self._announcing: asyncio.Task[None] | None = None
        self._edges = edges.Edges(self.places, lambda: context.edge(load_balancer_id))

    def recall(self) -> None:
        """Read what the disk remembers."""
        with contextlib.suppress(
            msgspec.DecodeError
        ):  # half a file after a crash of the machine: the next push brings it
            self.seen = msgspec.json.decode(disk.read(self.places.seen) or b"{}", type=Seen)
            written = disk.read(self.places.good_document)
            self.good = msgspec.json.decode(written, type=PlacementDocument) if written else None
        if self.good and (self.good.epoch, self.good.generation) > (self.seen.epoch, self.seen.generation):
            self.seen = Seen(self.good.epoch, self.good.generation, self.seen.retired)

    async def adopt(self) -> None:
        """After a start of the agent: keep what runs; start what does not, where every key is here."""
        async with self._lock:
            if self.good is None or self.start:
                return
            if service.is_alive(self.places):
                await self._edges.listen()
                self.start = found.start if (found := await haproxy.info(self.places)) else ""
                return
            if any(proving.certificate(self.places, one) for one in self.good.certificates):
                return  # keys died with the memory: the next push brings them
            await self._revive(self.good)

    async def _revive(self, document: PlacementDocument) -> None:
        try:
            staging.stage(self.places, document, self._connections(document))
            disk.link(os.path.basename(self.places.files(document.digest)), self.places.good)
            await wiring.wire(self.places, document.interfaces, document.interfaces)
            await service.clear(self.places)
            await self._launch(document)
        except faults.Answer as answer:
            self._context.journal.warning(
                "placement.not_started", load_balancer=self.places.load_balancer_id, why=str(answer)
            )

    async def prove(self, document: PlacementDocument) -> Proof:
        """What would stop this document from running. Leaves nothing behind."""
        async with self._lock:
            fresh = not os.path.exists(self.places.run)
            kept = staging.folders(self.places)
            try:
                return Proof(problems=tuple(await self._problems(document)))
            finally:
                self._sweep(kept)
                if fresh:
                    disk.remove(self.places.run)

    async def apply(self, document: PlacementDocument) -> Applied:
        """Make this run. `Answer` 409 when a higher one was seen, 422 when it is refused: then what ran runs."""
        begun = time.monotonic()
        async with self._lock:
            if wrong := proving.form(document):
                raise faults.refused(wrong)
            self._admit(document.epoch, document.generation)
            now = await haproxy.info(self.places)
            try:
                how, now = await self._bring(document, now)
            except faults.Answer:
                self._sweep(self._good_folder())
                if self.good:  # where it went well the document itself is the record
                    with contextlib.suppress(faults.Answer):  # a full disk: the first answer says why
                        self._note(self.seen)
                raise
            self.start = now.start
        took = round((time.monotonic() - begun) * 1000, 2)
        lb = self.places.load_balancer_id
        if how != "unchanged":
            self._context.edge(lb)
        self._context.journal.info(
            "placement.applied", load_balancer=lb, how=how, generation=document.generation, took_ms=took
        )
        return Applied(digest=document.digest, generation=document.generation, how=how, start=now.start, took_ms=took)

    async def _bring(self, document: PlacementDocument, now: haproxy.Info | None) -> tuple[str, haproxy.Info]:
        good, retired = self.good, self.seen.retired
        if good and now and not retired and good.digest == document.digest:
            self._keep(document)
            return "unchanged", now
        if not good or not now:
            return "started", await self._first(document)
        if not retired and await self._by_commands(document, good, now):
            return "commands", now
        return "reloaded", await self._reload(document, good)

    async def _first(self, document: PlacementDocument) -> haproxy.Info:
        """Start from nothing. Nothing runs that a bad file could harm, so the start itself is the proof; a refusal leaves nothing."""
        if self.good is not None:
            await service.stop(self.places)  # it has a past but does not answer
        try:
            if problems := self._wrong(document):
                raise faults.refused(problems)
            await wiring.wire(self.places, document.interfaces, document.interfaces)
            self._write_next(document)
            disk.link(os.path.basename(self.places.files(document.digest)), self.places.good)
            found = await self._launch(document)
        except faults.Answer:
            await self._undo_first()
            raise
        self._commit(document)
        return found

    async def _undo_first(self) -> None:
        if self.good is None:
            await service.stop(self.places)
            await wiring.unwire(self.places)
            self._remove_folders()
        else:
            await self._revive(self.good)

    async def _launch(self, document: PlacementDocument) -> haproxy.Info:
        await self._edges.listen()
        self._runsv = service.start(self.places, self._context.settings.haproxy)
        self._started_at = time.monotonic()
        found = await haproxy.await_start(self.places, START_S)
        if found is None:
            words = haproxy.trimmed(haproxy.said(self.places), self.places.current)
            raise faults.refused([Problem(what="haproxy", text=words or "haproxy did not start in time")])
        self.start = found.start
        self._announce(document)
        return found

    def _announce(self, document: PlacementDocument) -> None:
        """Beside the work: nobody waits for it."""
        self._announcing = asyncio.create_task(wiring.announce(self.places, document.interfaces))

    async def _by_commands(self, document: PlacementDocument, good: PlacementDocument, now: haproxy.Info) -> bool:
        """Whether runtime commands did it; anything that is in doubt is for a reload."""
        if document.commands is None or document.from_digest != good.digest or document.from_start != now.start:
            return False
        if any(proving.certificate(self.places, one) for one in document.certificates):
            return False
        staging.stage(self.places, document, self._connections(document))
        self._write_next(document)
        if document.interfaces != good.interfaces:
            await wiring.wire(self.places, document.interfaces, good.interfaces)
            self._announce(document)
        if wrong := await haproxy.command(self.places, document.commands):
            lb = self.places.load_balancer_id
            self._context.journal.warning("placement.command_failed", load_balancer=lb, answer=wrong)
            return False
        folder = os.path.basename(self.places.files(document.digest))
        disk.link(folder, self.places.good)
        disk.link(folder, self.places.current)
        self._commit(document)
        return True

    async def _reload(self, document: PlacementDocument, good: PlacementDocument) -> haproxy.Info:
        """Prove, then load beside what runs. Where the load fails, what ran is loaded again before the answer."""
        if problems := await self._problems(document):
            raise faults.refused(problems)
        self._write_next(document)
        folder = os.path.basename(self.places.files(document.digest))
        try:
            if document.interfaces != good.interfaces:
                await wiring.wire(self.places, document.interfaces, good.interfaces)
                self._announce(document)
            disk.link(folder, self.places.current)
            found = await haproxy.reload(self.places, RELOAD_S)
            if found is None:
                words = haproxy.trimmed(haproxy.said(self.places), self.places.current)
                raise faults.refused([Problem(what="haproxy", text=words or "the load failed")])
        except faults.Answer:
            await self._put_back(document, good)
            raise
        disk.link(folder, self.places.good)
        self._commit(document)
        return found

    async def _put_back(self, document: PlacementDocument, good: PlacementDocument) -> None:
        disk.link(os.path.basename(self.places.files(good.digest)), self.places.current)
        if document.interfaces != good.interfaces:
            await wiring.wire(self.places, good.interfaces, document.interfaces)
        if await haproxy.reload(self.places, RELOAD_S) is None:
            await service.clear(self.places)  # the supervisor starts it from `good`
            await haproxy.await_start(self.places, START_S)

    async def _problems(self, document: PlacementDocument) -> list[Problem]:
        """All that is wrong with a document, haproxy's opinion and a trial of its binds included."""
        if wrong := self._wrong(document):
            return wrong
        folder, config = self.places.files(document.digest), document.files["haproxy.cfg"]
        running = self.good.files["haproxy.cfg"] if self.good else ""
        told = haproxy.fragment(self.places, folder, self._connections(document), config)
        loads, binds = await asyncio.gather(
            proving.loads(self._context.settings.haproxy, folder, told), proving.binds(self.places, config, running)
        )
        return loads + binds

    def _wrong(self, document: PlacementDocument) -> list[Problem]:
        """What is wrong before haproxy is asked; stages the files when nothing is."""
        wrong = proving.form(document)
        wrong = wrong or [p for one in document.certificates if (p := proving.certificate(self.places, one))]
        if wrong:
            return wrong
        config = document.files["haproxy.cfg"]
        folder = staging.stage(self.places, document, self._connections(document))
        wrong = proving.budget(config) + proving.twice(config)
        return wrong + [
            p for one in document.certificates if (p := proving.parses(f"{folder}/certs/{one.name}", one.name))
        ]

    def _connections(self, document: PlacementDocument) -> int:
        return haproxy.most_connections(proving.descriptors(), document.files["haproxy.cfg"])

    def _admit(self, epoch: int, generation: int) -> None:
        if (epoch, generation) < (self.seen.epoch, self.seen.generation):
            raise faults.stale("epoch and generation", (epoch, generation), (self.seen.epoch, self.seen.generation))
        self.seen = msgspec.structs.replace(self.seen, epoch=epoch, generation=generation)

    def _note(self, seen: Seen) -> None:
        disk.folder(os.path.dirname(self.places.good_document))
        disk.write(self.places.seen, msgspec.json.encode(seen))
        self.seen = seen

    def _plain(self, document: PlacementDocument) -> PlacementDocument:
        """A document without keys and without the way that led to it."""
        bare = tuple(msgspec.structs.replace(one, pem=None) for one in document.certificates)
        return msgspec.structs.replace(document, certificates=bare, commands=None, from_digest=None, from_start=None)

    def _write_next(self, document: PlacementDocument) -> None:
        """Everything that needs room on the disk is written before anything changes."""
        disk.folder(os.path.dirname(self.places.good_document))
        disk.write(f"{self.places.good_document}.next", msgspec.json.encode(self._plain(document)))

    def _commit(self, document: PlacementDocument) -> None:
        os.replace(f"{self.places.good_document}.next", self.places.good_document)
        self.good = self._plain(document)
        if self.seen.retired:
            self._note(msgspec.structs.replace(self.seen, retired=False))
        self._sweep(self._good_folder())

    def _good_folder(self) -> set[str]:
        return {os.path.basename(self.places.files(self.good.digest))} if self.good else set()

    def _keep(self, document: PlacementDocument) -> None:
        """The same digest under a newer number."""
        if self._plain(document) != self.good:
            self._write_next(document)
            self._commit(document)

    def _sweep(self, kept: set[str]) -> None:
        staging.sweep(self.places, kept, {one.digest for one in self.good.certificates} if self.good else set())
        disk.forget(f"{self.places.good_document}.next")

    async def retire(self, epoch: int) -> int:
        """Accept no new connections; how many are open."""
        async with self._lock:
            self._check_epoch(epoch)
            self._note(msgspec.structs.replace(self.seen, epoch=epoch, retired=True))
            await self._close_frontends()
            found = await haproxy.info(self.places)
            return found.connections if found else 0

    async def _close_frontends(self) -> None:
        with contextlib.suppress(OSError):  # what does not run accepts nothing
            said = await haproxy.ask(self.places.admin, "show stat -1 1 -1")
            names = [line.split(",", 1)[0] for line in said.splitlines() if line and not line.startswith("#")]
            await haproxy.command(self.places, tuple(f"disable frontend {name}" for name in names))

    def _check_epoch(self, epoch: int) -> None:
        if epoch < self.seen.epoch:
            raise faults.stale("epoch", epoch, self.seen.epoch)

    async def remove(self, epoch: int | None) -> None:
        """Stop it and leave nothing. None removes whatever the epoch."""
        async with self._lock:
            if epoch is not None:
                self._check_epoch(epoch)
            await service.stop(self.places)
            await wiring.unwire(self.places)
            self._remove_folders()
            self.good, self.start = None, ""
            self.seen = Seen(max(self.seen.epoch, epoch or 0))  # for whoever waits for the lock with an older document
            if self._runsv:
                processes.reap(self._runsv)

    def _remove_folders(self) -> None:
        self._edges.close()
        if self._announcing:
            self._announcing.cancel()
        for folder in (self.places.run, self.places.service, self.places.state):
            disk.remove(folder)

    async def look_after(self) -> None:
        """Called every second: the supervisor lives, retired frontends stay down, words stay short."""
        if self._runsv and processes.reap(self._runsv):
            self._runsv = 0
        if self._lock.locked() or self.good is None:
            return
        async with self._lock:
            if not os.path.exists(self.places.good):
                return  # after a boot without its keys
            if not service.is_alive(self.places) and time.monotonic() - self._started_at > 1:
                self._context.journal.warning("placement.supervisor_gone", load_balancer=self.places.load_balancer_id)
                await self._revive(self.good)
            found = await haproxy.info(self.places)
            if found and found.start != self.start and self.seen.retired:
                await self._close_frontends()
            self.start = found.start if found else ""
            service.trim(self.places)

    async def placed(self) -> Placed:
        """What is known of it now."""
        found = await haproxy.info(self.places)
        return Placed(
            load_balancer_id=self.places.load_balancer_id,
            epoch=self.seen.epoch,
            generation=self.good.generation if self.good else 0,
            digest=self.good.digest if self.good else "",
            start=found.start if found else "",
            running=found is not None,
            connections=found.connections if found else 0,
        )
