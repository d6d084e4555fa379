"""What an amphora remembers and how it answers, played in memory; `noop` and `sim` are made of it."""

from dataclasses import dataclass, field

from hydria import amphora
from hydria.wire.documents import Applied, Facts, Nic, NodeDocument, Placed, PlacementDocument


@dataclass
class Node:
    """One played amphora: documents, the highest epochs and generations seen, starts of haproxy."""

    amphora_id: str
    boots: int = 1
    bootstrap: bool = True
    node_epoch: int = 0
    session: str = ""
    has_key: bool = False  # of its session
    good: dict[str, PlacementDocument] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)  # of these, what does not run since a boot
    retired: set[str] = field(default_factory=set)
    certificates: set[str] = field(default_factory=set)
    starts: dict[str, int] = field(default_factory=dict)
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)  # outlives a placement: who is late stays late

    @property
    def running(self) -> dict[str, PlacementDocument]:
        """What runs now."""
        return {lb: document for lb, document in self.good.items() if lb not in self.down}

    def node(self, document: NodeDocument) -> None:
        """Take what is common to its placements; those not named go. What was taken before is not taken again."""
        _refuse_lower((document.epoch,), (self.node_epoch,))
        if document.epoch == self.node_epoch and self.has_key:
            return
        self.node_epoch, self.session, self.has_key = document.epoch, document.session, True
        for absent in self.good.keys() - set(document.placements):
            self._stop(absent, self.seen[absent][0])

    def admit(self, document: PlacementDocument) -> None:
        """Refuse who is late."""
        mark = (document.epoch, document.generation)
        _refuse_lower(mark, self.seen.get(document.load_balancer_id, (0, 0)))

    def apply(self, document: PlacementDocument) -> Applied:
        """Run it, whatever it says, unless somebody newer was here."""
        self.admit(document)
        lb = document.load_balancer_id
        how = self._how(document)
        if how in ("started", "reloaded"):
            self.starts[lb] = self.starts.get(lb, 0) + 1
        self.seen[lb] = (document.epoch, document.generation)
        self.good[lb] = document
        self.down.discard(lb)
        self.retired.discard(lb)
        self.certificates.update(c.digest for c in document.certificates if c.pem is not None)
        return Applied(
            digest=document.digest, generation=document.generation, how=how, start=self.start_of(lb), took_ms=0.0
        )

    def retire(self, load_balancer_id: str, epoch: int) -> int:
        """Close the door; nobody is inside."""
        self._order(load_balancer_id, epoch)
        if load_balancer_id in self.good:
            self.retired.add(load_balancer_id)
        return 0

    def remove(self, load_balancer_id: str, epoch: int) -> None:
        """Forget a placement, but not who asked."""
        self._order(load_balancer_id, epoch)
        self._stop(load_balancer_id, epoch)

    def reboot(self) -> None:
        """What is in memory is lost: what needs keys does not run until it is pushed again."""
        self.boots += 1
        self.has_key = False
        self.certificates.clear()
        self.down = {lb for lb, document in self.good.items() if document.certificates}
        for lb in self.running:
            self.starts[lb] += 1
        self.session = ""

    def facts(self, nics: tuple[Nic, ...] = ()) -> Facts:
        """What it is and holds."""
        return Facts(
            amphora_id=self.amphora_id,
            boot_id=f"{self.boots:032x}",
            node_epoch=self.node_epoch,
            session=self.session,
            haproxy="2.6.12",
            memory_mb=1024,
            descriptors=20_000,
            nics=nics,
            placements=tuple(self._placed(document) for document in self.good.values()),
            certificates=tuple(sorted(self.certificates)),
            bootstrap=self.bootstrap,
        )

    def start_of(self, load_balancer_id: str) -> str:
        """The id of the present start of its haproxy; empty before the first."""
        runs = load_balancer_id in self.good and load_balancer_id not in self.down
        return f"{self.boots}.{self.starts[load_balancer_id]}" if runs else ""

    def _placed(self, document: PlacementDocument) -> Placed:
        lb = document.load_balancer_id
        return Placed(
            load_balancer_id=lb,
            epoch=document.epoch,
            generation=document.generation,
            digest=document.digest,
            start=self.start_of(lb),
            running=lb not in self.down,
        )

    def _order(self, load_balancer_id: str, epoch: int) -> None:
        highest, generation = self.seen.get(load_balancer_id, (0, 0))
        _refuse_lower((epoch,), (highest,))
        self.seen[load_balancer_id] = (epoch, generation)

    def _stop(self, load_balancer_id: str, epoch: int) -> None:
        self.good.pop(load_balancer_id, None)
        self.down.discard(load_balancer_id)
        self.retired.discard(load_balancer_id)
        self.seen[load_balancer_id] = (epoch, 0)

    def _how(self, document: PlacementDocument) -> str:
        lb = document.load_balancer_id
        before = self.good.get(lb)
        if before is None or lb in self.down:
            return "started"
        if lb in self.retired:
            return "reloaded"
        if before.digest == document.digest:
            return "unchanged"
        by_commands = document.commands is not None and document.from_digest == before.digest
        return "commands" if by_commands and document.from_start == self.start_of(lb) else "reloaded"


def _refuse_lower(asked: tuple[int, ...], seen: tuple[int, ...]) -> None:
    if asked < seen:
        message = f"asked with {asked}, has seen {seen}"
        raise amphora.Stale(message)
