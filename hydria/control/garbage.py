"""What in a cloud is garbage: doomed, or carrying our mark and known to nobody. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hydria.control.world import External, ExternalState

HOUR_S = 3600.0
MOST = 10
SHARE = 0.02


@dataclass(frozen=True)
class Found:
    """A thing that a cloud lists under our mark."""

    id: str
    name: str
    kind: str  # server | port
    created_at: float  # seconds since 1970


@dataclass(frozen=True)
class Sweep:
    """What to do after one look: what to destroy, what to remember for the next look, which rows to forget.

    `ask` says why an operator must confirm before unknown things are destroyed; "" when there is no need.
    """

    destroy: tuple[Found, ...]
    strange: frozenset[str]
    forget: tuple[str, ...]
    ask: str = ""


def sweep(rows: Mapping[str, External], found: Iterable[Found], before: Collection[str], now: float) -> Sweep:
    """`rows` by name; `before`: ids that were strange at the look before; `now`: seconds since 1970."""
    listed = list(found)
    doomed = [f for f in listed if f.name in rows and rows[f.name].state is ExternalState.DOOMED]
    strange = [f for f in listed if f.name not in rows and now - f.created_at > HOUR_S]
    twice = [f for f in strange if f.id in before]
    names = {f.name for f in listed}
    old = int((now - HOUR_S) * 1_000_000)
    absent = [
        x.name
        for x in rows.values()
        if x.state is ExternalState.DOOMED and x.name not in names and x.doomed_at is not None and x.doomed_at < old
    ]
    ask = ""
    if len(twice) > MOST or (len(listed) > 50 and len(twice) > SHARE * len(listed)):
        ask = f"{len(twice)} of {len(listed)} things in the cloud are unknown; was the database restored?"
        twice = []
    return Sweep((*doomed, *twice), frozenset(f.id for f in strange), tuple(absent), ask)
