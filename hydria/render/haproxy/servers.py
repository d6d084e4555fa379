"""The servers of a backend: what a member is on haproxy's side, in its file and on its admin socket alike."""

from dataclasses import dataclass

from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.member import Member
from hydria.domain.pool import Pool
from hydria.domain.tree import Tree
from hydria.domain.types import Persistence
from hydria.kit import ids
from hydria.render.haproxy import sections, words

NUMBERS = (1 << 20) - 1


@dataclass(frozen=True)
class Server:
    """One server line in the parts that may change apart from each other."""

    id: str
    settings: words.Words  # what takes a reload to change
    weight: int
    is_disabled: bool
    is_checked: bool
    cookie: str | None  # a server with a cookie cannot be added while haproxy runs


def servers(tree: Tree, pool: Pool) -> list[Server]:
    """The servers of a pool, in order of birth."""
    monitor = active_monitor(tree, pool)
    members = tree.members_of(pool.id)
    has_cookie = pool.session_persistence and pool.session_persistence.type is Persistence.HTTP_COOKIE
    return [
        Server(
            id=member.id,
            settings=_settings(member, pool, monitor, number),
            weight=member.weight,
            is_disabled=not member.admin_state_up,
            is_checked=monitor is not None,
            cookie=member.id if has_cookie else None,
        )
        for member, number in zip(members, numbers(members), strict=True)
    ]


def _settings(member: Member, pool: Pool, monitor: HealthMonitor | None, number: int) -> words.Words:
    lines = sections.section("server", member=member, pool=pool, monitor=monitor, number=number)
    return words.Words(" ".join(lines.split()))  # words hold no blanks


def active_monitor(tree: Tree, pool: Pool) -> HealthMonitor | None:
    """The monitor that checks a pool's members, unless its administrator stopped it."""
    monitor = tree.monitor_of(pool.id)
    return monitor if monitor and monitor.admin_state_up else None


def numbers(members: list[Member]) -> list[int]:
    """Number the servers: haproxy's id of each member, the same in every process that knows the member.

    Source hashing and stick tables go by this number; one by position would send clients elsewhere whenever a reload
    follows additions and deletions. Only its low 20 bits reach the hash, so those must differ.
    """
    taken: dict[int, None] = {}
    for member in members:
        number = int.from_bytes(ids.raw(member.id)) % NUMBERS + 1
        while number in taken:
            number = number % NUMBERS + 1
        taken[number] = None
    return list(taken)
