"""Amphorae on the machines of the simulated cloud: they answer only while those run, and refuse what a test calls poison."""

import collections

from hydria import amphora
from hydria.amphora import Contact, played
from hydria.drivers import faults, sim
from hydria.drivers.compute import Power
from hydria.wire import documents, identities
from hydria.wire.documents import Applied, Facts, Nic, NodeDocument, PlacementDocument, Problem, Proof


class SimAmphorae:
    """All amphorae of a cloud; one object is shared by all who talk to them.

    `poison`: any of these strings in a haproxy.cfg makes every amphora refuse it; `poison_at` does so on one amphora
    alone ("" refuses everything). `pushes` counts what was applied, by load balancer.
    """

    def __init__(self, cloud: sim.Cloud) -> None:
        self.poison: set[str] = set()
        self.poison_at: dict[str, set[str]] = {}
        self.pushes: collections.Counter[str] = collections.Counter()
        cloud.no += (amphora.Stale, amphora.RefusedDocument)
        self._cloud = cloud
        self._nodes: dict[str, played.Node] = {}  # by machine id

    def running(self, load_balancer_id: str) -> dict[str, PlacementDocument]:
        """What runs of a load balancer now, by amphora id."""
        with self._cloud.lock:
            return {
                node.amphora_id: node.running[load_balancer_id]
                for node in self._living()
                if load_balancer_id in node.running
            }

    def forget(self, load_balancer_id: str) -> None:
        """The placement vanishes from every amphora, as when somebody deletes its namespace."""
        with self._cloud.lock:
            for node in self._living():
                node.good.pop(load_balancer_id, None)

    def enroll(self, contact: Contact) -> float:
        return self._cloud.do("amphora.enroll", lambda: self._enroll(contact), faults.Temporary)

    def node(self, contact: Contact, document: NodeDocument) -> Facts:
        return self._cloud.do("amphora.node", lambda: self._node_document(contact, document), faults.Temporary)

    def facts(self, contact: Contact) -> Facts:
        return self._cloud.answer("amphora.facts", lambda: self._facts(contact))

    def prove(self, contact: Contact, document: PlacementDocument) -> Proof:
        return self._cloud.answer("amphora.prove", lambda: self._proof(contact, document))

    def apply(self, contact: Contact, document: PlacementDocument) -> Applied:
        return self._cloud.do("amphora.apply", lambda: self._apply(contact, document), faults.Temporary)

    def retire(self, contact: Contact, load_balancer_id: str, epoch: int) -> int:
        def effect() -> int:
            return self._reach(contact).retire(load_balancer_id, epoch)

        return self._cloud.do("amphora.retire", effect, faults.Temporary)

    def remove(self, contact: Contact, load_balancer_id: str, epoch: int) -> None:
        def effect() -> None:
            self._reach(contact).remove(load_balancer_id, epoch)

        self._cloud.do("amphora.remove", effect, faults.Temporary)

    def _enroll(self, contact: Contact) -> float:
        self._reach(contact).bootstrap = False
        return self._cloud.time.now() + identities.CERTIFICATE_S

    def _node_document(self, contact: Contact, document: NodeDocument) -> Facts:
        self._reach(contact).node(document)
        return self._facts(contact)

    def _facts(self, contact: Contact) -> Facts:
        node = self._reach(contact)
        plugged = self._machine(contact).plugged.values()
        homes = {i.mac: lb for lb, document in node.good.items() for i in document.interfaces}
        nics = [Nic(mac=p.mac, name=p.mac.replace(":", ""), load_balancer_id=homes.get(p.mac)) for p in plugged]
        return node.facts(tuple(nics))

    def _apply(self, contact: Contact, document: PlacementDocument) -> Applied:
        node = self._reach(contact)
        node.admit(document)
        macs = {port.mac for port in self._machine(contact).plugged.values()}
        problems = self._proof(contact, document).problems or _unplugged(document, macs)
        if problems:
            raise amphora.RefusedDocument(Proof(problems=problems))
        applied = node.apply(document)
        if applied.how != "unchanged":
            self.pushes[document.load_balancer_id] += 1
        return applied

    def _proof(self, contact: Contact, document: PlacementDocument) -> Proof:
        node = self._reach(contact)
        poison = self.poison | self.poison_at.get(contact.amphora_id, set())
        return Proof(
            problems=(
                *_poisoned(document, poison),
                *_keyless(document, node.certificates),
                *_mislabelled(document),
            )
        )

    def _reach(self, contact: Contact) -> played.Node:
        return self._node_on(self._machine(contact))

    def _machine(self, contact: Contact) -> sim.SimMachine:
        for machine in self._cloud.machines.values():
            order = machine.order
            if order.amphora_id == contact.amphora_id and order.management.address == contact.address:
                if self._cloud.power(machine) is Power.RUNNING and not machine.silent:
                    return machine
                break
        message = f"amphora {contact.amphora_id} at {contact.address} does not answer"
        raise faults.Temporary(message)

    def _node_on(self, machine: sim.SimMachine) -> played.Node:
        node = self._nodes.get(machine.id)
        if node is None:
            node = self._nodes[machine.id] = played.Node(machine.order.amphora_id, boots=machine.boots)
        while node.boots < machine.boots:
            node.reboot()
        return node

    def _living(self) -> list[played.Node]:
        machines = self._cloud.machines.values()
        return [self._node_on(m) for m in machines if self._cloud.power(m) is Power.RUNNING]


def _poisoned(document: PlacementDocument, poison: set[str]) -> list[Problem]:
    lines = document.files.get("haproxy.cfg", "").splitlines() or [""]
    return [
        Problem(
            what="haproxy",
            text=f"[ALERT]    (1) : config : parsing [haproxy.cfg:{number}] : '{line.strip()}' : bad value '{word}'.",
        )
        for number, line in enumerate(lines, 1)
        for word in sorted(poison)
        if word in line
    ]


def _unplugged(document: PlacementDocument, macs: set[str]) -> tuple[Problem, ...]:
    """Only a push looks for cards: a document may be proved before they are plugged."""
    missing = [interface for interface in document.interfaces if interface.mac not in macs]
    return tuple(Problem(what="interface", text=f"no network card has the MAC {i.mac}; plug it") for i in missing)


def _keyless(document: PlacementDocument, held: set[str]) -> list[Problem]:
    missing = [c for c in document.certificates if c.pem is None and c.digest not in held]
    return [Problem(what="certificate", text=f"{c.name}: its key is not here; send it") for c in missing]


def _mislabelled(document: PlacementDocument) -> list[Problem]:
    if document.digest == documents.digest_of(document.files, document.interfaces, document.certificates):
        return []
    return [Problem(what="digest", text="the digest is not that of the content")]
