"""Whom to suspect: decided from what was heard and what should run, once a second; no I/O.

Silence is held against nobody while the fault may be ours: in the first seconds after the start, after a stall, while
datagrams are shed or the database is away (`forgive`), and when more than half of all fall silent together.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from hydria.domain.suspicions import What
from hydria.health.heard import Voice
from hydria.health.settings import HealthSettings
from hydria.storage.roster import Placed
from hydria.wire.datagrams import PlacementAlive

SOON = 0.6
"""Who was not heard for this part of the timeout is counted when many fall silent."""

Key = tuple[bytes, bytes, What]


class Finding(msgspec.Struct, frozen=True):
    """Something odd about one load balancer on one amphora."""

    amphora_id: bytes
    load_balancer_id: bytes
    what: What
    detail: str

    @property
    def key(self) -> Key:
        """What makes it the same finding as before."""
        return self.amphora_id, self.load_balancer_id, self.what


class Findings(msgspec.Struct, frozen=True):
    """What one look finds. `braked`: how many fell silent together, and are not suspected for it."""

    late: tuple[Voice, ...]
    suspected: tuple[Finding, ...]
    braked: int
    heard: int


class Raised(msgspec.Struct):
    """When a suspicion was raised last, and how long until it may be raised again."""

    at: float
    wait: float


class Watch:
    """Remembers since when something is odd, and what was raised."""

    def __init__(self, settings: HealthSettings, started: float) -> None:
        self._settings = settings
        # What was sent before we listened was never heard, and takes one timeout to be heard for sure.
        self._base = started + settings.heartbeat_timeout
        self._soon = settings.heartbeat_timeout * SOON
        self._since: dict[Key, tuple[float, str]] = {}
        self._raised: dict[Key, Raised] = {}

    def forgive(self, now: float) -> None:
        """Count no silence before `now`."""
        self._base = max(self._base, now)

    def look(self, now: float, voices: Mapping[bytes, Voice]) -> Findings:
        """What is odd now and not raised lately."""
        wanted = [v for v in voices.values() if v.expected.allocated]
        quiet = {v.expected.amphora_id: self._quiet_for(v, now) for v in wanted}
        silent = {amphora for amphora, quiet_for in quiet.items() if quiet_for > self._settings.heartbeat_timeout}
        found = [f for v in wanted for f in (_silences(v) if v.expected.amphora_id in silent else self._oddities(v))]
        self._since = {f.key: self._began(f, now) for f in found}
        self._raised = {key: raised for key, raised in self._raised.items() if key in self._since}
        fell = self._fell(quiet)
        heard = len(wanted) - sum(quiet_for > self._soon for quiet_for in quiet.values())
        brake = len(fell) >= self._settings.brake_least and len(fell) > heard
        due = [f for f in found if self._is_due(f, now) and not (brake and f.what is What.SILENT)]
        late = tuple(v for v in wanted if v.expected.amphora_id in silent and not v.late)
        return Findings(late, tuple(due), len(fell) if brake else 0, heard)

    def _oddities(self, voice: Voice) -> Iterator[Finding]:
        if voice.alive_at is None:
            return
        says = voice.says
        for placed in voice.expected.placements:
            if not placed.wanted or placed.digest is None:
                continue
            said = says.get(placed.load_balancer_id)
            is_named = said is not None and voice.alive_at - said.at < self._settings.missing_after
            odd = _odd(placed, said.placement if said and is_named else None)
            if odd:
                yield Finding(voice.expected.amphora_id, placed.load_balancer_id, *odd)

    def _fell(self, quiet: Mapping[bytes, float]) -> set[bytes]:
        """Who is or will soon be silent, without those suspected before: the first must not be blamed before all are counted."""
        suspected = {amphora for amphora, _, what in self._raised if what is What.SILENT}
        return {amphora for amphora, quiet_for in quiet.items() if quiet_for > self._soon} - suspected

    def raised(self, findings: Iterable[Finding], now: float) -> None:
        """These were written: not again before their time."""
        for key in {f.key for f in findings}:
            raised = self._raised.get(key)
            wait = min(raised.wait * 2, self._settings.again_at_most) if raised else self._settings.again_after
            self._raised[key] = Raised(now, wait)

    def _quiet_for(self, voice: Voice, now: float) -> float:
        heard = voice.fresh_at if voice.fresh_at is not None else -math.inf
        return now - max(heard, voice.known_at, self._base)

    def _began(self, finding: Finding, now: float) -> tuple[float, str]:
        before = self._since.get(finding.key)
        # Another evidence (a newer push, say) is another matter: its time begins anew.
        return before if before and before[1] == finding.detail else (now, finding.detail)

    def _is_due(self, finding: Finding, now: float) -> bool:
        raised = self._raised.get(finding.key)
        if raised:
            return now - raised.at >= raised.wait
        return now - self._since[finding.key][0] >= self._grace(finding.what)

    def _grace(self, what: What) -> float:
        s = self._settings
        graces = {What.STOPPED: s.stopped_after, What.MISSING: s.missing_after, What.DIFFERS: s.differs_after}
        return graces.get(what, 0.0)


def _silences(voice: Voice) -> Iterator[Finding]:
    for placed in voice.expected.placements:
        if placed.wanted:
            text = "nothing was heard of it for longer than heartbeat_timeout"
            yield Finding(voice.expected.amphora_id, placed.load_balancer_id, What.SILENT, text)


def _odd(placed: Placed, says: PlacementAlive | None) -> tuple[What, str] | None:
    if says is None:
        return What.MISSING, f"it does not name the placement that was applied at generation {placed.generation}"
    if not says.running:
        return What.STOPPED, "its haproxy does not run"
    if says.digest != placed.digest:  # the same digest of another generation runs the same
        return What.DIFFERS, f"it runs generation {says.generation}; {placed.generation} was applied last"
    return None
