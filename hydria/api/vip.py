"""Creating a load balancer: its VIP is recorded before it is asked for, and asked for outside every transaction."""

from collections import Counter
from typing import Any

import msgspec

from hydria.api import choices, idempotency, places, policies, reads, waiting, writes
from hydria.api.choices import Choice
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.control.world import External, Purpose
from hydria.domain import edits, graphs, kinds, rules
from hydria.domain.edits import Stamp
from hydria.domain.graphs import Planned
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.refusals import Conflict, Invalid, NotFound, Refusal, Unsupported
from hydria.domain.tree import Tree
from hydria.drivers import faults
from hydria.drivers.network import Network, Port, PortOrder
from hydria.kit import ids, log
from hydria.storage import intents, journal, ledger, quotas, shown
from hydria.storage import writes as stored
from hydria.storage.database import Connection
from hydria.storage.intents import Locked

LOG = log.get()
LOOKS = 2
"""How often a port is looked for whose making was not answered; after that the worker goes on."""


def create(context: Context, ask: Ask, values: dict[str, Any], project_id: str, below: list[Planned]) -> shown.Shown:
    """Make a load balancer and what is below it; as it is then shown. Raises a refusal, and then nothing of it exists."""
    for action in policies.posting(values):
        ask.must(policies.on(kinds.LOADBALANCER, action), project_id)
    choice = choices.choose(context, values)
    lb = _wanted(context, ask, values, project_id, choice)
    places.members(context.network, ask.caller, (p.values.get("subnet_id") for p in below))
    tree = graphs.built(lb, below, lb.created_at, context.settings.offer)
    _can_do(context, tree, choice)
    planned = _planned(lb, context.now()) if lb.vip_owned else None
    context.database.write(lambda c: _record(context, c, ask, tree, planned))
    port = _made(context, ask, tree, planned) if planned else None
    if port is not None:
        lb = places.on(lb, port)
    name = planned.name if planned and port else None
    found = context.database.write(lambda c: _known(context, c, lb, name))
    reads.observed(context, [found])
    more = reads.below(context, lb.id) if below else {}
    idempotency.complete(context, ask.once, {kinds.LOADBALANCER.one: {**found.body, **more}}, found.changed)
    if port is not None or planned is None:
        waiting.told(context, ask, lb.id)
        found = waiting.reached(context, ask, kinds.LOADBALANCER, found)
        more = reads.below(context, lb.id) if below and ask.waits else more
    return found._replace(body={**found.body, **more})


def _can_do(context: Context, tree: Tree, choice: Choice) -> None:
    """Raise a refusal of what is right by itself and cannot be had here, or not on such VIPs."""
    choices.check_members(tree.parts(), lambda: choice.flavor)
    guarded = [li for li in tree.listeners.values() if li.allowed_cidrs]
    versions = places.families(context.network, _root(tree)) if guarded else set()
    for listener in guarded:
        rules.reachable(listener, versions)
    for part in tree.parts():
        if reason := context.lacks.unsupported(part, tree):
            raise Unsupported(reason)


def _wanted(context: Context, ask: Ask, values: dict[str, Any], project_id: str, choice: Choice) -> LoadBalancer:
    """The load balancer that is asked for, its VIP's place checked."""
    _nameable(context, values)
    lb_id, now = ids.new(), context.now()
    root = writes.Target(lb_id, project_id, kinds.LOADBALANCER, lb_id)
    due_at = now + int(context.settings.create_s * 1_000_000)
    chosen = {"provider": choice.provider, "vip_vnic_type": choices.vnic(choice)}
    marks = {**chosen, "generation": 1, "due_at": due_at}
    lb = writes.born(kinds.LOADBALANCER, {**values, **marks}, lb_id, root, Stamp(1, now))
    assert isinstance(lb, LoadBalancer)
    lb = places.vip(context.network, lb, ask.caller, choices.ports(choice))
    places.check(choices.limits(context.settings.vips, choice), lb)
    rules.check(Tree(), lb, context.settings.offer)
    return lb


def _nameable(context: Context, values: dict[str, Any]) -> None:
    """Raise Invalid for a VIP that is placed in a way that the operator has switched off."""
    for name in ("vip_network_id", "vip_subnet_id", "vip_port_id"):
        if values.get(name) and not getattr(context.settings, f"allow_{name}"):
            message = f"{name}: {values[name]} cannot be chosen, as VIPs are not placed by {name} here; leave it out."
            raise Invalid(message)


def _planned(lb: LoadBalancer, now: int) -> External:
    return External(
        name=ids.new(),
        kind="port",
        purpose=Purpose.VIP,
        load_balancer_id=lb.id,
        network_id=lb.vip_network_id,
        subnet_id=lb.vip_subnet_id,
        address=lb.vip_address,
        created_at=now,
    )


def _record(context: Context, c: Connection, ask: Ask, tree: Tree, planned: External | None) -> None:
    """The first transaction: everything that must be known before anything is made."""
    lb = _root(tree)
    choices.stored(c, lb.flavor_id, lb.availability_zone)  # offered still, and until this is stored
    intents.create_root(c, lb)
    idempotency.begin(context, c, ask.once, lb.id)
    quotas.take(c, lb.project_id, _counts(tree), context.settings.quotas)
    for kind in kinds.CHILDREN:
        intents.add(c, *edits.parts(tree, kind).values())
    if planned:
        ledger.plan(c, planned)
    locked = Locked(lb, lb.generation, 0)
    journal.add(c, *(writes.entry(context, ask, locked, "create", p, writes.given(p)) for p in tree.parts()))


def _root(tree: Tree) -> LoadBalancer:
    assert tree.loadbalancer is not None
    return tree.loadbalancer


def _counts(tree: Tree) -> Counter[str]:
    return Counter(kinds.of(p).table for p in tree.parts())


def _made(context: Context, ask: Ask, tree: Tree, planned: External) -> Port | None:
    """The VIP's port; None when nobody knows yet whether it exists, and the worker will find out."""
    lb = _root(tree)
    order = PortOrder(
        name=planned.name,
        network_id=lb.vip_network_id or "",
        subnet_id=lb.vip_subnet_id,
        address=lb.vip_address,
        device_id=lb.id,
        project_id=lb.project_id,
    )
    try:
        return context.network.create_port(order)
    except faults.Unknown as fault:
        LOG.warning("vip.unknown", load_balancer=lb.id, port=planned.name, why=str(fault))
        return _looked_for(context.network, planned.name)
    except (faults.Refused, faults.Temporary) as fault:
        words = str(fault)
        context.database.write(lambda c: _undo(context, c, ask, tree, words))
        if isinstance(fault, faults.Temporary):
            raise
        raise _said(lb, fault) from None


def _said(lb: LoadBalancer, fault: faults.Refused) -> Refusal:
    """The network's refusal in the API's terms: a taken address or a full subnet stands against it now, not for ever."""
    text = f"The VIP could not be had: {fault}"
    return Conflict(text) if lb.vip_address or isinstance(fault, faults.OutOfResources) else Invalid(text)


def _looked_for(network: Network, name: str) -> Port | None:
    for _ in range(LOOKS):
        try:
            if port := network.find_port(name):
                return port
        except (faults.Temporary, faults.Unknown) as fault:
            LOG.warning("vip.not_looked", port=name, why=str(fault))
    return None


def _undo(context: Context, c: Connection, ask: Ask, tree: Tree, words: str) -> None:
    """Nothing of the creation stays but two lines of the journal: that it was asked for, and why it came to nothing."""
    lb = _root(tree)
    refused = writes.entry(context, ask, Locked(lb, lb.generation, 0), "refuse", lb, {})
    journal.add(c, msgspec.structs.replace(refused, outcome=words))
    idempotency.undo(c, ask.once)
    intents.forget_root(c, lb.id)
    quotas.free(c, lb.project_id, _counts(tree))


def _known(context: Context, c: Connection, lb: LoadBalancer, name: str | None) -> shown.Shown:
    """The second transaction: what is now known of the VIP. Raises NotFound when the load balancer was deleted meanwhile."""
    if name:
        stored.vip(c, lb, name)
    found = shown.one(c, kinds.LOADBALANCER, lb.id, context.now())
    if found is None:
        message = f"load balancer {lb.id} was deleted while it was being created."
        raise NotFound(message)
    return found
