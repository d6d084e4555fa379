"""Plans and the steps they are made of. A step carries ids only; what it learns it writes to its row, where the next one reads it."""

import enum
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Base of all steps. Every step is safe to do twice."""


@dataclass(frozen=True)
class ReserveVip(Step):
    """Record a port for the VIP under a fresh name."""

    name: str


@dataclass(frozen=True)
class ReserveAmphora(Step):
    """Record a new amphora, its machine and its first two ports, all under fresh names."""

    amphora_id: str
    server: str
    management: str
    vrrp: str


@dataclass(frozen=True)
class ReservePort(Step):
    """Record a port of an amphora on a members' subnet."""

    name: str
    amphora_id: str
    subnet_id: str


@dataclass(frozen=True)
class Resolve(Step):
    """A name was recorded and nothing more is known: adopt the thing if it exists, doom the name if not."""

    name: str


@dataclass(frozen=True)
class MakePort(Step):
    """Ask the network for a recorded port."""

    name: str


@dataclass(frozen=True)
class MakeServer(Step):
    """Ask compute for a recorded machine."""

    name: str


@dataclass(frozen=True)
class Plug(Step):
    """Give an amphora the card of a port."""

    name: str


@dataclass(frozen=True)
class Boot(Step):
    """Wait until an amphora answers, let it get its certificate, tell it what it is."""

    amphora_id: str


@dataclass(frozen=True)
class Push(Step):
    """Prove and apply what is wanted on an amphora; find out what is refused and leave it out."""

    amphora_id: str


@dataclass(frozen=True)
class Look(Step):
    """Look into what the health manager found odd: repair in place, or doom what is proved dead."""

    amphora_id: str


@dataclass(frozen=True)
class Retire(Step):
    """Accept no new connections on an amphora and let the open ones end for a while."""

    amphora_id: str


@dataclass(frozen=True)
class Tell(Step):
    """Tell an amphora in use again what it is."""

    amphora_id: str


@dataclass(frozen=True)
class Withdraw(Step):
    """An amphora that was replaced gives the VIP up, so that one alone has it; it need not answer."""

    amphora_id: str


@dataclass(frozen=True)
class Doom(Step):
    """Mark an amphora and all that belongs to it for destruction."""

    amphora_id: str


@dataclass(frozen=True)
class DoomThings(Step):
    """Mark things for destruction."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Destroy(Step):
    """Destroy a doomed thing and forget it once it is gone."""

    name: str


@dataclass(frozen=True)
class Bury(Step):
    """Forget an amphora of which nothing is left."""

    amphora_id: str


class Then(enum.Enum):
    """What follows when the steps of a plan are done."""

    SETTLE = enum.auto()  # what is wanted is what runs
    AGAIN = enum.auto()  # plan anew from what is now
    LATER = enum.auto()  # somebody else is at work; come back in a moment


@dataclass(frozen=True)
class Par:
    """Branches that may run side by side; each is done in order."""

    branches: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True)
class Plan:
    """Steps in order, and what follows."""

    steps: tuple[Step | Par, ...]
    then: Then = Then.SETTLE
