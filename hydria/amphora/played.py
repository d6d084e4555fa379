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
    running: dict[str, PlacementDocument] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    certificates: set[str] = field(default_factory=set)
    starts: dict[str, int] = field(default_factory=dict)
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)  # outlives a placement: who is late stays late

    def node(self, document: NodeDocument) -> None:
        """Take what is common to its placements; those not named go."""
        _refuse_lower((document.epoch,), (self.node_epoch,))
        self.node_epoch, self.session = document.epoch, document.session
        for absent in self.running.keys() - set(document.placements):
            self._stop(absent)

    def admit(self, document: PlacementDocument) -> None:
        """Refuse who is late."""
        mark = (document.epoch, document.generation)
        _refuse_lower(mark, self.seen.get(document.load_balancer_id, (0, 0)))

    def apply(self, document: PlacementDocument) -> Applied:
        """Run it, whatever it says, unless somebody newer was here."""
        self.admit(document)
        lb = document.load_balancer_id
        before = self.running.get(lb)
        how = _how(before, document, self.start_of(lb))
        if how in ("started", "reloaded"):
            self.starts[lb] = self.starts.get(lb, 0) + 1
        self.seen[lb] = (document.epoch, document.generation)
        self.running[lb] = document
        self.retired.discard(lb)
        self.certificates.update(c.digest for c in document.certificates if c.pem is not None)
        return Applied(
            digest=document.digest, generation=document.generation, how=how, start=self.start_of(lb), took_ms=0.0
        )

    def retire(self, load_balancer_id: str, epoch: int) -> int:
        """Close the door; nobody is inside."""
        self._order(load_balancer_id, epoch)
        if load_balancer_id in self.running:
            self.retired.add(load_balancer_id)
        return 0

    def remove(self, load_balancer_id: str, epoch: int) -> None:
        """Forget a placement, but not who asked."""
        self._order(load_balancer_id, epoch)
        self._stop(load_balancer_id)

    def reboot(self) -> None:
        """What is in memory is lost: nothing runs until it is pushed again."""
        self.boots += 1
        self.running.clear()
        self.retired.clear()
        self.certificates.clear()
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
            placements=tuple(self._placed(document) for document in list(self.running.values())),
            certificates=tuple(sorted(self.certificates)),
            bootstrap=self.bootstrap,
        )

    def start_of(self, load_balancer_id: str) -> str:
        """The id of the present start of its haproxy; empty before the first."""
        count = self.starts.get(load_balancer_id, 0)
        return f"{self.boots}.{count}" if count else ""

    def _placed(self, document: PlacementDocument) -> Placed:
        lb = document.load_balancer_id
        return Placed(
            load_balancer_id=lb,
            epoch=document.epoch,
            generation=document.generation,
            digest=document.digest,
            start=self.start_of(lb),
            running=lb not in self.retired,
        )

    def _order(self, load_balancer_id: str, epoch: int) -> None:
        highest, generation = self.seen.get(load_balancer_id, (0, 0))
        _refuse_lower((epoch,), (highest,))
        self.seen[load_balancer_id] = (epoch, generation)

    def _stop(self, load_balancer_id: str) -> None:
        self.running.pop(load_balancer_id, None)
        self.retired.discard(load_balancer_id)


def _refuse_lower(asked: tuple[int, ...], seen: tuple[int, ...]) -> None:
    if any(mine < highest for mine, highest in zip(asked, seen, strict=True)):
        message = f"asked with {asked}, has seen {seen}"
        raise amphora.Stale(message)


def _how(before: PlacementDocument | None, document: PlacementDocument, start: str) -> str:
    if before is None:
        return "started"
    if before.digest == document.digest:
        return "unchanged"
    by_commands = document.commands is not None and document.from_digest == before.digest
    return "commands" if by_commands and document.from_start == start else "reloaded"
