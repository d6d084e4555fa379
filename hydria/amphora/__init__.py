"""All that is said to and heard from an amphora: documents, enrolment, trust, datagrams.

`Amphorae` is the interface. `agent` speaks to real ones, `noop` and `sim` play them. The contract
(`tests/contract/test_amphorae.py` runs it on sim, noop and the real agent):
- Any call may raise `faults.Temporary` (no answer) and may be repeated.
- `apply` of an epoch or generation lower than the highest seen raises `Stale`; of the same digest it answers `unchanged`.
- A document that is refused changes nothing of what runs: `RefusedDocument` carries the proof.
- `remove` of something absent does nothing.
"""

from dataclasses import dataclass
from typing import Protocol

from hydria.wire.documents import Applied, Facts, NodeDocument, PlacementDocument, Proof


@dataclass(frozen=True)
class Contact:
    """How an amphora is reached."""

    amphora_id: str
    address: str


class Stale(Exception):
    """The amphora has seen a higher epoch or generation: somebody else is in charge now."""


class RefusedDocument(Exception):
    """The amphora proved the document and refused it; what ran runs on."""

    def __init__(self, proof: Proof) -> None:
        super().__init__("; ".join(p.text for p in proof.problems))
        self.proof = proof


class Amphorae(Protocol):
    """Every amphora that can be reached."""

    def enroll(self, contact: Contact) -> float:
        """First contact: let it make its own key and sign its certificate. When that ends, seconds since 1970. Safe to repeat."""
        ...

    def node(self, contact: Contact, document: NodeDocument) -> Facts:
        """Tell what is common to its placements."""
        ...

    def facts(self, contact: Contact) -> Facts:
        """What it is and holds."""
        ...

    def prove(self, contact: Contact, document: PlacementDocument) -> Proof:
        """Would it run this? No side effect."""
        ...

    def apply(self, contact: Contact, document: PlacementDocument) -> Applied:
        """Run this. Raises Stale, RefusedDocument."""
        ...

    def retire(self, contact: Contact, load_balancer_id: str, epoch: int) -> int:
        """Accept no new connections; how many are still open."""
        ...

    def remove(self, contact: Contact, load_balancer_id: str, epoch: int) -> None:
        """Stop and remove a placement."""
        ...
