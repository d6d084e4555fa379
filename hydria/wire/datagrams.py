"""Datagrams between amphorae and health managers: a fixed header, a body, and a code that is checked before either is read.

    offset  bytes  content
    0       1      version (1)
    1       1      kind: 1 alive, 2 state, 3 answer
    2       16     amphora id
    18      16     session id
    34      16     boot id of the agent's process (answers: zero)
    50      8      sequence number, big-endian, rising within a boot (answers: the one that is answered)
    58      16     token: the last one got from a receiver, zero at first (answers: the new one)
    74      n      body, msgpack (answers: one byte of flags)
    74+n    16     HMAC-SHA256 over all before it with the session's key, first 16 bytes

A datagram has at most 1,200 bytes. The session's key is HKDF(master key, amphora, session): a receiver needs no table of keys.
A token is an HMAC over a 30 s slot; a datagram is *fresh* when its token is at most 3 slots old and its sequence number is
above the last seen of that boot. What is not fresh counts neither for life nor for death.
"""

import enum
import hashlib
import hmac
import struct

import msgspec

from hydria.kit import ids

VERSION = 1
MOST = 1200
HEADER = struct.Struct("!BB16s16s16sQ16s")
CODE = 16
SLOT_S = 30
SLOTS = 3
PENDING_WORK = 1
NO_TOKEN = bytes(16)


class KindOf(enum.IntEnum):
    """What a datagram is."""

    ALIVE = 1
    STATE = 2
    ANSWER = 3


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The header, ids as text."""

    kind: int
    amphora_id: str
    session: str
    boot_id: str
    seq: int
    token: bytes = NO_TOKEN


class PlacementAlive(msgspec.Struct, frozen=True, array_like=True):
    """One placement in an Alive datagram."""

    load_balancer_id: bytes  # 16 bytes
    epoch: int
    generation: int
    digest: bytes  # first 8 bytes
    running: bool


class Alive(msgspec.Struct, frozen=True, array_like=True):
    """The body of an Alive datagram. The VRRP fields are "" and 0 for a single amphora."""

    placements: tuple[PlacementAlive, ...]
    vrrp: str = ""
    vrrp_since_s: float = 0.0
    peer_heard_s: float = 0.0


class MemberState(enum.IntEnum):
    """What haproxy says of a server."""

    UP = 1
    DOWN = 2
    DRAIN = 3
    MAINT = 4
    NO_CHECK = 5


class ListenerCounts(msgspec.Struct, frozen=True, array_like=True):
    """Cumulative counters of one listener since its process's start."""

    listener_id: bytes
    active_connections: int
    total_connections: int
    bytes_in: int
    bytes_out: int
    request_errors: int
    open: bool = True


class State(msgspec.Struct, frozen=True, array_like=True):
    """The body of a State datagram: a chunk of what haproxy says of one placement."""

    load_balancer_id: bytes
    start: str  # haproxy start id: counters of another start are not comparable
    edge: bool  # sent at once because something changed
    members: tuple[tuple[bytes, int], ...] = ()  # (member id, MemberState); worst over the backends it is in
    listeners: tuple[ListenerCounts, ...] = ()


def session_key(master: bytes, amphora_id: str, session: str) -> bytes:
    """The key of a session: HKDF-SHA256 (RFC 5869) with the amphora and session as context; 32 bytes."""
    extracted = hmac.digest(b"hydria datagram v1", master, hashlib.sha256)
    return hmac.digest(extracted, ids.raw(amphora_id) + ids.raw(session) + b"\x01", hashlib.sha256)


def seal(key: bytes, header: Header, body: bytes) -> bytes:
    """A datagram ready to send; raises ValueError when it would be too long."""
    head = HEADER.pack(
        VERSION,
        header.kind,
        ids.raw(header.amphora_id),
        ids.raw(header.session),
        ids.raw(header.boot_id),
        header.seq,
        header.token,
    )
    sealed = head + body + hmac.digest(key, head + body, hashlib.sha256)[:CODE]
    if len(sealed) > MOST:
        message = f"a datagram of {len(sealed)} bytes; at most {MOST}"
        raise ValueError(message)
    return sealed


def peek(datagram: bytes) -> tuple[str, str] | None:
    """(amphora id, session) that a datagram claims, to derive its key; None when it cannot be one of ours."""
    if not is_whole(datagram):
        return None
    return ids.text(datagram[2:18]), ids.text(datagram[18:34])


def is_whole(datagram: bytes) -> bool:
    """Whether this can be a datagram of ours: long enough, short enough, of our version."""
    return HEADER.size + CODE <= len(datagram) <= MOST and datagram[0] == VERSION


def is_authentic(key: bytes, datagram: bytes) -> bool:
    """Whether a datagram's code is right."""
    return hmac.compare_digest(hmac.digest(key, datagram[:-CODE], hashlib.sha256)[:CODE], datagram[-CODE:])


def unseal(key: bytes, datagram: bytes) -> tuple[Header, bytes] | None:
    """Header and body of a datagram whose code is right, else None. Nothing is parsed before the code is checked."""
    if not is_whole(datagram) or not is_authentic(key, datagram):
        return None
    signed = datagram[:-CODE]
    _, kind, amphora, session, boot, seq, token = HEADER.unpack_from(signed)
    header = Header(
        kind=kind, amphora_id=ids.text(amphora), session=ids.text(session), boot_id=ids.text(boot), seq=seq, token=token
    )
    return header, signed[HEADER.size :]


def token_at(secret: bytes, amphora_id: str, now: float, back: int = 0) -> bytes:
    """The token of the slot at `now` (seconds), or of one `back` slots before."""
    slot = int(now // SLOT_S) - back
    return hmac.digest(secret, struct.pack("!q", slot) + ids.raw(amphora_id), hashlib.sha256)[:16]
