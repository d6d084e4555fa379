"""A run: one claim on one load balancer, and the guard in front of everything it does."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from hydria.control.world import External, World
from hydria.domain.amphora import Amphora
from hydria.kit import ids
from hydria.storage import amphorae, claims, database, journal, ledger, worlds
from hydria.worker.tools import Tools

T = TypeVar("T")


class Superseded(Exception):
    """The load balancer is being deleted meanwhile: plan anew."""


class Failed(Exception):
    """A step cannot succeed this time: the run ends, the next plan starts from what is."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


class Done(msgspec.Struct, frozen=True):
    """A step that was done, for the journal."""

    step: str
    ms: float
    outcome: str = ""


class Run:
    """What a step may use. `sure` says whether the last beat is recent enough to start an effect."""

    def __init__(self, tools: Tools, load_balancer_id: str, epoch: int, sure: Callable[[], bool]) -> None:
        self.tools = tools
        self.load_balancer_id = load_balancer_id
        self.epoch = epoch
        self.done: list[Done] = []
        self.world: World
        self._known: World | None = None
        self._looked_at = 0  # steps that were done when the world was read
        self._newest = 0  # generation at the last check
        self.request_id: str | None = None
        """The request that wrote the newest generation."""
        self._sure = sure

    def look(self) -> World | None:
        """Read the world anew; None when the load balancer is gone."""
        found = self.tools.database.read(self._read)
        if found is not None:
            self.world = self._known = found
            self._looked_at = len(self.done)
        return found

    def _read(self, c: database.Connection) -> World | None:
        found, known = worlds.read(c, self.load_balancer_id, self._known), self._known
        if found is not None and (known is None or known.generation != found.generation):
            write = (self.load_balancer_id, found.generation)
            self.request_id = journal.requests(c, [write]).get(write)
        return found

    def now(self) -> int:
        """Microseconds since 1970."""
        return int(self.tools.clock.now() * 1_000_000)

    def commit(self, work: Callable[[database.Connection], T]) -> T:
        """Write, provided the claim is still ours; raises claims.LostClaim."""

        def held(c: database.Connection) -> T:
            claims.hold(c, self.load_balancer_id, self.epoch)
            return work(c)

        return self.tools.database.write(held)

    def check(self) -> None:
        """Before every effect: the claim is ours, the beat is recent, nobody has deleted the load balancer meanwhile."""
        if not self._sure():
            raise claims.LostClaim(self.load_balancer_id)
        stands = self.tools.database.read(lambda c: claims.standing(c, self.load_balancer_id))
        if stands is None or stands.epoch != self.epoch:
            raise claims.LostClaim(self.load_balancer_id)
        if stands.deleted and not self.world.deleted:
            raise Superseded
        self._newest = stands.generation

    def latest(self) -> World | None:
        """The world, read anew unless the last `check` showed that nothing was written, and nothing done, since it was read."""
        is_new = self._newest == self.world.generation and len(self.done) == self._looked_at
        return self.world if is_new else self.look()

    def thing(self, name: str) -> External:
        """The row of a thing as it is now."""
        return self.among(name)[0]

    def among(self, name: str) -> tuple[External, list[External]]:
        """The row of a thing as it is now, and those of all that belongs to the same amphora."""
        found = self.tools.database.read(lambda c: ledger.of(c, self.load_balancer_id))
        thing = next((x for x in found if x.name == name), None)
        if thing is None:
            message = f"{name} is not in the ledger"
            raise LookupError(message)
        return thing, [x for x in found if x.amphora_id == thing.amphora_id]

    def things(self, amphora_id: str) -> list[External]:
        """What belongs to an amphora, as it is now."""
        found = self.tools.database.read(lambda c: ledger.of(c, self.load_balancer_id))
        return [x for x in found if x.amphora_id == amphora_id]

    def amphora(self, amphora_id: str) -> Amphora:
        """The row of an amphora as it is now."""
        found = self.tools.database.read(lambda c: amphorae.one(c, amphora_id))
        if found is None:
            message = f"amphora {amphora_id} is not known"
            raise LookupError(message)
        return found


def fresh() -> Iterator[str]:
    """Identifiers that were never used."""
    while True:
        yield ids.new()
