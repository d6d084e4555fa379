"""Amphorae that take everything at once, for the no-op drivers: no network, no proof, no haproxy."""

import threading

from hydria.amphora import Contact, played
from hydria.kit import clock
from hydria.wire import identities
from hydria.wire.documents import Applied, Facts, NodeDocument, PlacementDocument, Proof

_MOST_NODES = 20_000


class NoopAmphorae:
    """One played node per amphora that was ever spoken to, in this process."""

    def __init__(self, time: clock.Clock) -> None:
        self._time = time
        self._lock = threading.Lock()
        self._nodes: dict[str, played.Node] = {}

    def enroll(self, contact: Contact) -> float:
        with self._lock:
            self._node(contact).bootstrap = False
        return self._time.now() + identities.CERTIFICATE_S

    def node(self, contact: Contact, document: NodeDocument) -> Facts:
        with self._lock:
            self._node(contact).node(document)
            return self._node(contact).facts()

    def facts(self, contact: Contact) -> Facts:
        with self._lock:
            return self._node(contact).facts()

    def prove(self, contact: Contact, document: PlacementDocument) -> Proof:
        return Proof()

    def apply(self, contact: Contact, document: PlacementDocument) -> Applied:
        with self._lock:
            return self._node(contact).apply(document)

    def retire(self, contact: Contact, load_balancer_id: str, epoch: int) -> int:
        with self._lock:
            return self._node(contact).retire(load_balancer_id, epoch)

    def remove(self, contact: Contact, load_balancer_id: str, epoch: int) -> None:
        with self._lock:
            self._node(contact).remove(load_balancer_id, epoch)

    def _node(self, contact: Contact) -> played.Node:
        node = self._nodes.get(contact.amphora_id)
        if node is None:
            node = self._nodes[contact.amphora_id] = played.Node(contact.amphora_id)
            if len(self._nodes) > _MOST_NODES:  # nobody says here that an amphora was destroyed
                del self._nodes[next(iter(self._nodes))]
        return node
