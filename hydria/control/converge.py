"""What to do next for a load balancer: from what is wanted, what exists and what runs to a plan. Pure."""

from collections.abc import Iterator

from hydria.control.steps import (
    Boot,
    Bury,
    Destroy,
    Doom,
    DoomThings,
    Look,
    MakePort,
    MakeServer,
    Par,
    Plan,
    Plug,
    Push,
    ReserveAmphora,
    ReservePort,
    ReserveVip,
    Resolve,
    Retire,
    Step,
    Tell,
    Then,
    Withdraw,
)
from hydria.control.world import External, ExternalState, Purpose, World
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.domain.demands import What
from hydria.domain.tree import Tree

GRACE_US = 5_000_000
"""How long the API may be busy with a VIP before a worker finishes it."""

SERVING = (AmphoraStatus.PENDING_CREATE, AmphoraStatus.BOOTING, AmphoraStatus.ALLOCATED)


def plan(world: World, fresh: Iterator[str], now: int) -> Plan:
    """The next plan for a load balancer. `fresh` yields identifiers never used before, `now` is in microseconds."""
    if world.deleted:
        return _teardown(world)
    unresolved = [x for x in world.externals if x.state is ExternalState.PLANNED]
    if any(x.purpose is Purpose.VIP and now - x.created_at < GRACE_US for x in unresolved):
        return Plan((), Then.LATER)
    if unresolved:
        return Plan(tuple(Resolve(x.name) for x in unresolved), Then.AGAIN)
    if not world.desired.loadbalancer or not world.desired.loadbalancer.vip_port_id:
        name = next(fresh)
        return Plan((ReserveVip(name), MakePort(name)), Then.AGAIN)
    odd = {s.amphora_id for s in world.suspicions} - world.asked(What.REPLACE)
    if odd:
        return Plan(tuple(Look(a) for a in sorted(odd)), Then.AGAIN)
    return _build(world, fresh)


def _build(world: World, fresh: Iterator[str]) -> Plan:
    """The VIP stands: see to an amphora that serves it, then take away what is left over.

    An amphora that is to be replaced serves until the new one runs what is wanted. For the moment in which both have the
    VIP the new one's announcement, made when it begins and once more a second later, is the last word.
    """
    leaving = world.asked(What.REPLACE)
    able = (a for a in world.amphorae if a.status in SERVING and _whole(world, a))
    serving = next((a for a in able if a.id not in leaving), None)
    others = [a for a in world.amphorae if serving is None or a.id != serving.id]
    steps = _new(world, fresh) if serving is None else _finish(world, serving, fresh)
    steps += [Withdraw(a.id) for a in others if a.status == AmphoraStatus.ALLOCATED]
    steps += [Doom(a.id) for a in others if a.status != AmphoraStatus.PENDING_DELETE]
    # A refusal may hold a deletion back: which cards are left over is known only once the push has been answered.
    is_asked = any(isinstance(s, Push) for s in steps)
    then = Then.AGAIN if is_asked and _needed(world) != member_subnets(world.desired) else Then.SETTLE
    return Plan((*steps, *_clear(world, others)), then)


def _whole(world: World, amphora: Amphora) -> bool:
    """Whether an amphora's machine and first ports all exist and may be used."""
    made = {x.purpose for x in world.things(amphora.id) if x.state is ExternalState.MADE}
    return made >= {Purpose.MANAGEMENT, Purpose.VRRP, Purpose.SERVER}


def _new(world: World, fresh: Iterator[str]) -> list[Step]:
    """An amphora from nothing: the machine boots while the other cards are made and plugged."""
    reserve = ReserveAmphora(next(fresh), next(fresh), next(fresh), next(fresh))
    members = [ReservePort(next(fresh), reserve.amphora_id, s) for s in _needed(world)]
    return [
        reserve,
        MakePort(reserve.management),
        MakeServer(reserve.server),
        MakePort(reserve.vrrp),
        Plug(reserve.vrrp),
        *(step for m in members for step in (m, MakePort(m.name), Plug(m.name))),
        Boot(reserve.amphora_id),
        Push(reserve.amphora_id),
    ]


def _finish(world: World, amphora: Amphora, fresh: Iterator[str]) -> list[Step]:
    """An amphora that exists: what is still missing, then what is wanted. A card is destroyed when nothing running has it."""
    things = [x for x in world.things(amphora.id) if x.purpose in (Purpose.VRRP, Purpose.MEMBER)]
    needed = _needed(world)
    cards = [x for x in things if x.state is ExternalState.MADE]
    unused = [x for x in cards if x.purpose is Purpose.MEMBER and x.subnet_id not in needed]
    have = {x.subnet_id for x in cards if x.purpose is Purpose.MEMBER}
    missing = [ReservePort(next(fresh), amphora.id, s) for s in needed if s not in have]
    is_leaving = bool(unused) or any(x.plugged and x.state is ExternalState.DOOMED for x in things)
    return [
        *(Plug(x.name) for x in cards if not x.plugged and x not in unused),
        *(step for m in missing for step in (m, MakePort(m.name), Plug(m.name))),
        *([] if amphora.status == AmphoraStatus.ALLOCATED else [Boot(amphora.id)]),
        *([Tell(amphora.id)] if amphora.id in world.asked(What.CONFIGURE) else []),
        *([DoomThings(tuple(x.name for x in unused))] if unused else []),
        *([Push(amphora.id)] if is_leaving or _needs_push(world, amphora) else []),
        *(Destroy(x.name) for x in unused),
    ]


def _needs_push(world: World, amphora: Amphora) -> bool:
    placed = world.placements.get(amphora.id)
    return placed is None or placed.generation != world.generation or world.accepted_generation != world.generation


def member_subnets(tree: Tree) -> list[str]:
    """The subnets that members need a card on: all they name but the VIP's, in order of first use."""
    lb = tree.loadbalancer
    named = dict.fromkeys(m.subnet_id for m in tree.members.values() if m.subnet_id)
    return [s for s in named if lb is None or s != lb.vip_subnet_id]


def _needed(world: World) -> list[str]:
    """The subnets to have a card on: those that are wanted, and those that what runs still uses."""
    return list(dict.fromkeys((*member_subnets(world.desired), *member_subnets(world.accepted))))


def _clear(world: World, dying: list[Amphora]) -> tuple[Step | Par, ...]:
    """Destroy what is doomed: each amphora's machine before its ports, amphorae side by side."""
    gone = {a.id for a in dying}
    left = [x for x in world.externals if x.state is ExternalState.DOOMED and x.amphora_id not in gone]
    branches = [_burial(world, a) for a in dying]
    branches += [(Destroy(x.name),) for x in left]
    if len(branches) > 1:
        return (Par(tuple(branches)),)
    return tuple(step for branch in branches for step in branch)


def _burial(world: World, amphora: Amphora) -> tuple[Step, ...]:
    things = sorted(world.things(amphora.id), key=_machines_first)
    return (*(Destroy(x.name) for x in things), Bury(amphora.id))


def _machines_first(thing: External) -> tuple[bool, str]:
    return thing.purpose is not Purpose.SERVER, thing.name


def _teardown(world: World) -> Plan:
    """Everything goes: open connections get a moment, then machines, then ports, the VIP last."""
    unresolved = [x for x in world.externals if x.state is ExternalState.PLANNED]
    if unresolved:
        return Plan(tuple(Resolve(x.name) for x in unresolved), Then.AGAIN)
    live = [a for a in world.amphorae if a.status != AmphoraStatus.PENDING_DELETE]
    known = {a.id for a in world.amphorae}
    others = sorted((x for x in world.externals if x.amphora_id not in known), key=_machines_first)
    doomed = tuple(x.name for x in others if x.state is ExternalState.MADE)
    steps: list[Step | Par] = [Retire(a.id) for a in live if a.status == AmphoraStatus.ALLOCATED]
    steps += [Doom(a.id) for a in live]
    if doomed:
        steps.append(DoomThings(doomed))
    burials = [_burial(world, a) for a in world.amphorae]
    steps += [Par(tuple(burials))] if len(burials) > 1 else [s for b in burials for s in b]
    steps += [Destroy(x.name) for x in others]
    return Plan(tuple(steps))
