"""What is heard: every datagram is authenticated, weighed for freshness and answered here, without any I/O.

What is not fresh counts neither for life nor for death; it is answered with a token, so that the next one is fresh.
Refused are, in this order: wrong shapes, unknown amphorae or sessions, wrong codes, and bodies that say nonsense.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from hydria.health.settings import HealthSettings
from hydria.kit import ids
from hydria.kit.secret import Secret
from hydria.storage.roster import Expected
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, Header, KindOf, MemberState, PlacementAlive, State

BOOTS = 8
"""Boots of which the last number is remembered. A token outlives no more of them."""

SENDERS = 4096
"""Noisy senders that are remembered."""

LARGEST = 2**63 - 1
LONGEST_START = 64
STATES = frozenset(s.value for s in MemberState)
SMALLEST = datagrams.HEADER.size + datagrams.CODE
Address = tuple[str, int] | tuple[str, int, int, int]


class Moment(NamedTuple):
    """Wall time dates tokens; everything else is measured by the monotonic clock."""

    wall: float
    monotonic: float


class Seen(msgspec.Struct, frozen=True):
    """An amphora is heard: for the first time, again after it was late, in a new boot, or a while has passed."""

    amphora_id: bytes
    load_balancer_id: bytes | None
    boot_id: bytes
    wall: float
    news: bool  # somebody may be waiting for it


class Report(msgspec.Struct, frozen=True):
    """What haproxy says of a placement."""

    amphora_id: bytes
    state: State


Event = Seen | Report


class Said(NamedTuple):
    """What an Alive said of a placement, and when."""

    placement: PlacementAlive
    at: float


class Voice:
    """What is known of one amphora that may speak. Only the receiver writes to it, `late` aside."""

    __slots__ = (
        "alive_at",
        "boot",
        "boots",
        "expected",
        "fresh_at",
        "key",
        "known_at",
        "late",
        "placements",
        "says",
        "session_text",
        "slot",
        "text",
        "tokens",
        "told_at",
        "work",
    )

    def __init__(self, expected: Expected, master: Secret, now: float) -> None:
        self.text, self.session_text = ids.text(expected.amphora_id), ids.text(expected.session)
        self.key = datagrams.session_key(master.reveal(), self.text, self.session_text)
        self.boot = b""
        self.boots: dict[bytes, int] = {}  # boot -> highest sequence number
        self.fresh_at: float | None = None
        self.told_at = -math.inf
        self.late = False
        self.alive_at: float | None = None
        self.says: dict[bytes, Said] = {}
        self.slot = -1
        self.tokens: list[bytes] = []
        self.expected = expected
        self.known_at = now
        self.expect(expected, now)

    def expect(self, expected: Expected, now: float) -> None:
        """Take what the database says now."""
        if expected.allocated and not self.expected.allocated:
            self.known_at = now  # it is watched from here on
        self.expected = expected
        self.placements = frozenset(p.load_balancer_id for p in expected.placements)
        self.work = any(p.pending for p in expected.placements)


class Heard:
    """Every amphora's voice."""

    def __init__(self, masters: Mapping[int, Secret], token_secret: Secret, settings: HealthSettings) -> None:
        self._masters, self._secret, self._settings = masters, token_secret, settings
        self.voices: dict[bytes, Voice] = {}
        self.counts: Counter[str] = Counter()
        self.strangers: deque[tuple[bytes, Address]] = deque(maxlen=settings.strangers_per_second)
        self.noise: Counter[Address] = Counter()  # what was refused of each sender within this second
        self._asked: set[bytes] = set()
        self._answered: dict[tuple[bytes, str], int] = {}
        self._second = -math.inf

    def know(self, roster: Mapping[bytes, Expected], now: float) -> None:
        """Take the whole roster: who is not in it is unknown from now on."""
        self.voices = {key: voice for key, e in roster.items() if (voice := self._voice(e, now))}

    def learn(self, found: Mapping[bytes, Expected], now: float) -> None:
        """Take a part of the roster."""
        self.voices = self.voices | {key: voice for key, e in found.items() if (voice := self._voice(e, now))}

    def _voice(self, expected: Expected, now: float) -> Voice | None:
        before = self.voices.get(expected.amphora_id)
        if before:
            then = before.expected
            if then.session == expected.session and then.master_version == expected.master_version:
                if then != expected:
                    before.expect(expected, now)
                return before
        master = self._masters.get(expected.master_version)
        if master is None:
            self.counts["no_master_key"] += 1
            return None
        return Voice(expected, master, now)

    def hear(self, datagram: bytes, address: Address, now: Moment) -> tuple[bytes | None, tuple[Event, ...]]:
        """The answer to a datagram, and what is to be made of it."""
        if now.monotonic - self._second >= 1:
            self._second = now.monotonic
            self._asked.clear()
            self._answered.clear()
            self.noise.clear()
        if not SMALLEST <= len(datagram) <= datagrams.MOST or datagram[0] != datagrams.VERSION:
            return self._noisy("shape", address)
        voice = self.voices.get(datagram[2:18])
        if voice is None or voice.expected.session != datagram[18:34]:
            return self._wonder(datagram, address)
        if not datagrams.is_authentic(voice.key, datagram):
            return self._noisy("code", address)
        _, kind, _, _, boot, seq, token = datagrams.HEADER.unpack_from(datagram)
        if kind not in (KindOf.ALIVE, KindOf.STATE):
            return self._refuse("kind")
        events: tuple[Event, ...] = ()
        if self._is_fresh(voice, boot, seq, token, now.wall):
            events = self._take(voice, kind, boot, datagram[datagrams.HEADER.size : -datagrams.CODE], now)
        return self._answer(voice, seq, len(datagram), address[0], now.wall), events

    def _refuse(self, why: str) -> tuple[None, tuple[Event, ...]]:
        self.counts[why] += 1
        return None, ()

    def _wonder(self, datagram: bytes, address: Address) -> tuple[None, tuple[Event, ...]]:
        """Somebody new, perhaps: kept until the database was asked, each id at most once a second."""
        claimed = datagram[2:34]
        if claimed not in self._asked and len(self._asked) < self._settings.strangers_per_second:
            self._asked.add(claimed)
            self.strangers.append((datagram, address))
        return self._noisy("unknown", address)

    def _noisy(self, why: str, address: Address) -> tuple[None, tuple[Event, ...]]:
        if len(self.noise) < SENDERS or address in self.noise:
            self.noise[address] += 1
        return self._refuse(why)

    def _is_fresh(self, voice: Voice, boot: bytes, seq: int, token: bytes, wall: float) -> bool:
        if token not in self._tokens(voice, wall):  # a token is no secret from who sends it: no need for constant time
            self.counts["stale"] += 1
            return False
        if seq <= voice.boots.get(boot, -1):
            self.counts["replayed"] += 1
            return False
        if boot not in voice.boots and len(voice.boots) >= BOOTS:
            del voice.boots[next(iter(voice.boots))]
        voice.boots[boot] = seq
        return True

    def _tokens(self, voice: Voice, wall: float) -> list[bytes]:
        slot = int(wall // datagrams.SLOT_S)
        if voice.slot != slot:
            secret = self._secret.reveal()
            backs = range(datagrams.SLOTS + 1)
            voice.tokens = [datagrams.token_at(secret, voice.text, wall, back) for back in backs]
            voice.slot = slot
        return voice.tokens

    def _take(self, voice: Voice, kind: int, boot: bytes, body: bytes, now: Moment) -> tuple[Event, ...]:
        try:
            report = _alive(voice, boot, body, now.monotonic) if kind == KindOf.ALIVE else _state(voice, body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._refuse("body")[1]
        self.counts["fresh"] += 1
        voice.fresh_at = now.monotonic
        news = voice.late or boot != voice.boot
        if not news and now.monotonic - voice.told_at < self._settings.seen_every:
            return (report,) if report else ()
        voice.boot, voice.late, voice.told_at = boot, False, now.monotonic
        seen = Seen(voice.expected.amphora_id, voice.expected.load_balancer_id, boot, now.wall, news)
        return (seen, report) if report else (seen,)

    def _answer(self, voice: Voice, seq: int, size: int, host: str, wall: float) -> bytes | None:
        """Never larger than what is answered, and never many to one address: we are of no use to attack others."""
        source = (voice.expected.amphora_id, host)
        given = self._answered.get(source, 0)
        if given >= self._settings.answers_per_second or size <= SMALLEST:
            self.counts["unanswered"] += 1
            return None
        self._answered[source] = given + 1
        flags = bytes((datagrams.PENDING_WORK if voice.work else 0,))
        header = Header(
            kind=KindOf.ANSWER,
            amphora_id=voice.text,
            session=voice.session_text,
            boot_id=NOBODY,
            seq=seq,
            token=self._tokens(voice, wall)[0],
        )
        return datagrams.seal(voice.key, header, flags)


NOBODY = ids.text(bytes(16))
ALIVE = msgspec.msgpack.Decoder(Alive)
STATE = msgspec.msgpack.Decoder(State)


def _alive(voice: Voice, boot: bytes, body: bytes, now: float) -> Report | None:
    alive = ALIVE.decode(body)
    if not (math.isfinite(alive.vrrp_since_s) and math.isfinite(alive.peer_heard_s)):
        raise ValueError("a time that is no number")
    if boot != voice.boot:
        voice.says = {}
    # Many placements come in several datagrams: each says nothing of those it does not name.
    told = {p.load_balancer_id: Said(p, now) for p in alive.placements if p.load_balancer_id in voice.placements}
    voice.says = {lb: said for lb, said in voice.says.items() if lb in voice.placements} | told
    voice.alive_at = now
    return None  # the watcher compares it with what should run


def _state(voice: Voice, body: bytes) -> Report:
    state = STATE.decode(body)
    if state.load_balancer_id not in voice.placements or len(state.start) > LONGEST_START:
        raise ValueError("not a placement of this amphora")
    for member, server in state.members:
        if len(member) != 16 or server not in STATES:
            raise ValueError("no state of a member")
    for counts in state.listeners:
        numbers = (
            counts.active_connections,
            counts.total_connections,
            counts.bytes_in,
            counts.bytes_out,
            counts.request_errors,
        )
        if len(counts.listener_id) != 16 or min(numbers) < 0 or max(numbers) > LARGEST:
            raise ValueError("no counters of a listener")
    return Report(voice.expected.amphora_id, state)
