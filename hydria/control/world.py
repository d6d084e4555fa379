"""What a decision is made from: everything that is known of one load balancer at one moment."""

import enum

import msgspec

from hydria.domain.amphora import Amphora
from hydria.domain.demands import What
from hydria.domain.tree import Tree
from hydria.domain.verdict import Verdict


class ExternalState(enum.StrEnum):
    """Where a thing in a cloud is in its life."""

    PLANNED = "PLANNED"  # recorded; it may or may not have been asked for
    MADE = "MADE"
    DOOMED = "DOOMED"  # marked for destruction, for good


class Purpose(enum.StrEnum):
    """What a thing in a cloud is for."""

    SERVER = "server"
    MANAGEMENT = "management"
    VIP = "vip"
    VRRP = "vrrp"
    MEMBER = "member"


class External(msgspec.Struct, frozen=True, kw_only=True):
    """A thing made, or to be made, in a cloud; `name` is fresh and never used again."""

    name: str
    kind: str  # server | port
    purpose: Purpose
    load_balancer_id: str
    amphora_id: str | None = None
    state: ExternalState = ExternalState.PLANNED
    cloud_id: str | None = None
    network_id: str | None = None
    subnet_id: str | None = None
    address: str | None = None
    mac: str | None = None
    plugged: bool = False
    cell: str = ""
    created_at: int = 0
    doomed_at: int | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """One load balancer on one amphora, and what was last applied there."""

    amphora_id: str
    load_balancer_id: str
    epoch: int = 0
    generation: int = 0
    digest: str | None = None
    start: str | None = None


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """Something the health manager finds odd."""

    id: int
    amphora_id: str
    load_balancer_id: str
    what: str
    detail: str | None = None
    at: int = 0


class Demand(msgspec.Struct, frozen=True):
    """What an operator asks of an amphora."""

    amphora_id: str
    what: What


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One load balancer: what is wanted, what runs, what exists."""

    desired: Tree  # without what is being deleted
    deleted: bool  # the load balancer itself is being deleted
    generation: int
    settled: int
    accepted: Tree
    accepted_generation: int
    accepted_revision: int
    verdicts: dict[str, Verdict]
    amphorae: tuple[Amphora, ...]
    placements: dict[str, Placement]  # by amphora
    externals: tuple[External, ...]
    suspicions: tuple[Suspicion, ...]
    demands: tuple[Demand, ...] = ()

    def asked(self, what: What) -> set[str]:
        """The amphorae of which this is asked."""
        return {d.amphora_id for d in self.demands if d.what is what}

    def things(self, amphora_id: str | None) -> list[External]:
        """What belongs to an amphora (None: to the load balancer itself)."""
        return [x for x in self.externals if x.amphora_id == amphora_id]
