"""The health manager's process: a receiver, a writer and a watcher, each a thread; everything they need is passed in."""

import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from hydria.health.heard import Heard, Voice
from hydria.health.receiver import Receiver
from hydria.health.settings import HealthSettings
from hydria.health.watch import Finding, Findings, Watch
from hydria.health.writer import Writer
from hydria.kit import ids, log
from hydria.kit.clock import Clock
from hydria.kit.secret import Secret
from hydria.messaging import Nudge
from hydria.storage import database, observed, outlines, roster, suspicions
from hydria.storage.database import Database
from hydria.storage.observed import Fresh
from hydria.storage.suspicions import Raised

SWITCH_S = 0.0005
"""How long one of our threads may keep the others waiting."""

LOUD_EVERY = 60.0
"""Seconds between two complaints about the same."""


class Health:
    """One health manager. `masters`: master keys by version; `token_secret`: random, of this process alone."""

    def __init__(
        self,
        databases: tuple[Database, Database],
        keys: tuple[Mapping[int, Secret], Secret],
        sockets: Sequence[socket.socket],
        nudge: Nudge,
        clock: Clock,
        settings: HealthSettings,
    ) -> None:
        self._intent, self._observed = databases
        self._nudge, self._clock, self._settings = nudge, clock, settings
        self.heard = Heard(*keys, settings)
        self.writer = Writer(self._intent, self._observed, clock, settings)
        self.receiver = Receiver(sockets, self.heard, self.writer.take, clock, settings)
        self._watch = Watch(settings, clock.monotonic())
        self._stopping = threading.Event()
        self._seldom = log.Seldom(LOUD_EVERY)
        self._looked_at = self._tidied_at = self._braked_at = clock.monotonic() - LOUD_EVERY - settings.tidy_every

    def run(self) -> None:
        """Hear, write and watch until `stop`; then write what waits."""
        loops = (self.receiver.run, self._write, self._tend)
        # A thread that reads rows gives way at each of them; by default it then waits 5 ms for its next turn.
        sys.setswitchinterval(SWITCH_S)
        threads = [threading.Thread(target=self._kept, args=(loop,), name=loop.__qualname__) for loop in loops]
        self._step(self.look)  # know everybody before the first datagram
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._step(self._write_all)
        self.receiver.close()

    def stop(self) -> None:
        """End `run` soon; may be called from a signal handler."""
        self._stopping.set()
        self.writer.wake.set()
        self.receiver.stop()

    def counts(self) -> Counter[str]:
        """Datagrams by what became of them, for metrics."""
        return Counter(self.heard.counts)

    def _kept(self, loop: Callable[[], None]) -> None:
        """Run a loop; a bug in one ends the process rather than leave it half deaf."""
        try:
            loop()
        finally:
            self.stop()

    def _step(self, step: Callable[[], None]) -> bool:
        """Do one round of a loop; whether it went well."""
        try:
            step()
        except database.Unavailable as error:
            self._seldom.warning("health.database_unavailable", self._clock.monotonic(), error=str(error))
            return False
        except Exception:  # noqa: BLE001  (one bad row must not make us deaf to all others)
            log.get().error("health.bug", exc_info=True)
            return False
        return True

    def _write(self) -> None:
        due = self._clock.monotonic()
        while not self._stopping.is_set():
            self.writer.wake.wait(max(0.0, due - self._clock.monotonic()))
            self.writer.wake.clear()
            if self._clock.monotonic() >= due:
                due = self._clock.monotonic() + self._settings.flush_every
                self.writer.turn()
            if not self._step(self._write_some):
                self._stopping.wait(self._settings.flush_every)

    def _write_some(self) -> None:
        if self.writer.flush():
            self.writer.wake.set()

    def _write_all(self) -> None:
        self.writer.turn()
        while self.writer.flush():
            pass

    def _tend(self) -> None:
        """Look once a second; meanwhile look up strangers as they come."""
        while not self._stopping.wait(0.02):
            if self.heard.strangers:
                self._step(self.greet)
            if self._clock.monotonic() - self._looked_at >= self._settings.look_every:
                self._step(self.look)

    def greet(self) -> None:
        """Look up amphorae that were never heard of, and hear them again."""
        waiting = [self.heard.strangers.popleft() for _ in range(len(self.heard.strangers))]
        claimed = {datagram[2:18] for datagram, _ in waiting}
        found = self._intent.read(lambda c: roster.read(c, claimed))
        if found:
            self.heard.learn(found, self._clock.monotonic())
            self.receiver.again((d, a) for d, a in waiting if d[2:18] in found)

    def look(self) -> None:
        """Compare what was heard with what should be; write suspicions, then nudge."""
        before, now = self._looked_at, self._clock.monotonic()
        self._looked_at = now
        try:
            expected = self._intent.read(roster.read) if self._settings.expects else {}
        except database.Unavailable:  # whatever keeps the database away may keep datagrams away too
            self._watch.forgive(now)
            raise
        self.heard.know(expected, now)
        self.writer.expect(expected)
        self.receiver.check_lost()
        trouble = self.receiver.troubled_at
        now = self._clock.monotonic()
        if now - before > self._settings.look_every + self._settings.stall or (
            trouble is not None and trouble >= before
        ):
            self._watch.forgive(now)
        findings = self._watch.look(now, self.heard.voices)
        self._late(findings.late)
        self._complain(findings, now)
        if findings.suspected:
            self._suspect([_raised(f) for f in findings.suspected])
            self._watch.raised(findings.suspected, now)
        if now - self._tidied_at >= self._settings.tidy_every:
            self._tidied_at = now
            self.tidy()

    def _late(self, voices: Sequence[Voice]) -> None:
        rows = [_late(voice, self._clock) for voice in voices]
        for voice in voices:
            voice.late = True
            log.get().info("amphora.late", amphora=voice.text)
        if rows:
            self.writer.late(rows)

    def _complain(self, findings: Findings, now: float) -> None:
        self.heard.counts["braked"] = findings.braked
        if findings.braked and now - self._braked_at >= LOUD_EVERY:
            self._braked_at = now
            why = "most fell silent together: the fault is likely here or on the way; nobody is suspected for it"
            log.get().error("health.brake", silent=findings.braked, heard=findings.heard, why=why)

    def _suspect(self, found: list[Raised]) -> None:
        at = int(self._clock.now() * 1e6)
        fresh = self._intent.write(lambda c: suspicions.write(c, found, at))
        for raised in fresh:
            fields = {"amphora": raised.amphora_id, "load_balancer": raised.load_balancer_id, "detail": raised.detail}
            log.get().warning(f"amphora.{raised.what}", **fields)
        for load_balancer_id in sorted({r.load_balancer_id for r in found}):
            self._nudge.nudge(load_balancer_id)

    def tidy(self) -> None:
        """Remove what was observed of things that are gone."""
        # Observed first: whatever is made meanwhile is then in both or in the second only.
        owners, watched = self._observed.read(_seen)
        roots, amphorae = self._intent.read(_existing)
        lost, left = owners - roots, watched - amphorae
        if lost or left:
            self._observed.write(lambda c: observed.forget(c, lost, left))


def _seen(c: database.Connection) -> tuple[set[str], set[str]]:
    return observed.owners(c), observed.watched(c)


def _existing(c: database.Connection) -> tuple[set[str], set[str]]:
    return outlines.roots(c), {ids.text(key) for key in roster.read(c)}


def _raised(finding: Finding) -> Raised:
    return Raised(ids.text(finding.amphora_id), ids.text(finding.load_balancer_id), finding.what, finding.detail)


def _late(voice: Voice, clock: Clock) -> Fresh:
    owner = voice.expected.load_balancer_id
    heard = voice.fresh_at if voice.fresh_at is not None else voice.known_at
    return Fresh(
        amphora_id=voice.text,
        load_balancer_id=ids.text(owner) if owner else None,
        late=True,
        seen_at=int((clock.now() - (clock.monotonic() - heard)) * 1e6),
        boot_id=ids.text(voice.boot) if voice.boot else None,
    )
