"""Worlds at random, and a stage on which plans are played: it knows what a step needs, and minds when that is missing."""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

from hydria.control import converge, steps
from hydria.control.steps import Par, Plan, Step, Then
from hydria.control.world import Demand, External, ExternalState, Placement, Purpose, Suspicion, World
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.domain.demands import What
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.tree import Tree
from hydria.domain.types import Address
from tests.unit.control.growing import part

NOW = 10**15
VIP_SUBNET = "vip-subnet"
SUBNETS = ("net-a", "net-b", "net-c")
MADE, PLANNED, DOOMED = ExternalState.MADE, ExternalState.PLANNED, ExternalState.DOOMED
FIRST = (Purpose.SERVER, Purpose.MANAGEMENT, Purpose.VRRP)
replace = msgspec.structs.replace


def thing(purpose: Purpose, state: ExternalState = MADE, **more: Any) -> External:
    """A row of the ledger."""
    kind = "server" if purpose is Purpose.SERVER else "port"
    name = f"{more.get('amphora_id')}-{purpose}-{more.get('subnet_id')}"
    own = {"name": name, "kind": kind, "load_balancer_id": "lb", "plugged": state is MADE}
    return External(purpose=purpose, state=state, **{**own, **more})


def tree(*subnets: str | None, port: str | None = "port") -> Tree:
    """A load balancer with a member on each of these subnets; without a port it has no VIP yet."""
    root = part(LoadBalancer, "lb", 1, generation=5, vip_port_id=port, vip_subnet_id=VIP_SUBNET)
    members = [part(Member, f"m-{s}", 1, pool_id="p", subnet_id=s) for s in subnets]
    return Tree().plus(root, *members)


def root_of(now: World) -> LoadBalancer:
    assert now.desired.loadbalancer
    return now.desired.loadbalancer


def amphora(amphora_id: str, status: AmphoraStatus = AmphoraStatus.ALLOCATED) -> Amphora:
    return Amphora(id=amphora_id, loadbalancer_id="lb", status=status, created_at=0)


def world(**known: Any) -> World:
    """What is known, and otherwise a load balancer that has its VIP and nothing else."""
    bare: dict[str, Any] = {
        "desired": tree(),
        "deleted": False,
        "generation": 5,
        "settled": 4,
        "accepted": Tree(),
        "accepted_generation": 0,
        "accepted_revision": 0,
        "verdicts": {},
        "amphorae": (),
        "placements": {},
        "externals": (thing(Purpose.VIP),),
        "suspicions": (),
    }
    return World(**{**bare, **known})


def whole(*subnets: str) -> World:
    """A world in which what is wanted runs, with members on these subnets."""
    things = [thing(p, amphora_id="a") for p in FIRST]
    things += [thing(Purpose.MEMBER, amphora_id="a", subnet_id=s) for s in subnets]
    placed = Placement(amphora_id="a", load_balancer_id="lb", generation=5)
    return world(
        desired=tree(*subnets),
        accepted=tree(*subnets),
        accepted_generation=5,
        amphorae=(amphora("a"),),
        placements={"a": placed},
        externals=(thing(Purpose.VIP), *things),
    )


def planned(now: World, known: str = "new") -> Plan:
    """The plan for a world, with fresh names that can be told."""
    return converge.plan(now, (f"{known}-{n}" for n in itertools.count()), NOW)


def flat(plan: Plan) -> list[Step]:
    """Every step, branches one after another."""
    branches = [p.branches if isinstance(p, Par) else ((p,),) for p in plan.steps]
    return [step for branch in itertools.chain.from_iterable(branches) for step in branch]


class Stage:
    """A world in which steps take place. `exists` says whether a name that was not answered for is there after all."""

    def __init__(self, now: World, exists: Callable[[str], bool] = lambda _: True, *, hold: bool = False) -> None:
        self.world = now
        self.exists = exists
        self.hold = hold  # deletions are held back by a refusal

    def play(self, plan: Plan, most: int | None = None) -> bool:
        """Do the steps, or the first few; whether the plan says that this was all."""
        todo = flat(plan)
        for step in todo[:most]:
            getattr(self, f"_{type(step).__name__}")(step)
        is_all = plan.then is Then.SETTLE and (most is None or most >= len(todo))
        if is_all:
            self.change(demands=())
        return is_all

    def thing(self, name: str) -> External:
        return next(x for x in self.world.externals if x.name == name)

    def server(self, amphora_id: str | None) -> External:
        return next(x for x in self.world.things(amphora_id) if x.purpose is Purpose.SERVER)

    def amphora(self, amphora_id: str) -> Amphora:
        return next(a for a in self.world.amphorae if a.id == amphora_id)

    def change(self, **values: Any) -> None:
        self.world = replace(self.world, **values)

    def note(self, name: str, **values: Any) -> None:
        self.change(externals=tuple(replace(x, **values) if x.name == name else x for x in self.world.externals))

    def note_amphora(self, amphora_id: str, **values: Any) -> None:
        self.change(amphorae=tuple(replace(a, **values) if a.id == amphora_id else a for a in self.world.amphorae))

    def _plan(self, *things: External) -> None:
        known = {x.name for x in self.world.externals}
        assert not known & {x.name for x in things}
        self.change(externals=(*self.world.externals, *things))

    def _ReserveVip(self, step: steps.ReserveVip) -> None:  # noqa: N802  (named after the steps)
        self._plan(thing(Purpose.VIP, PLANNED, name=step.name))

    def _ReserveAmphora(self, step: steps.ReserveAmphora) -> None:  # noqa: N802
        new = amphora(step.amphora_id, AmphoraStatus.PENDING_CREATE)
        self.change(amphorae=(*self.world.amphorae, new))
        names = (step.server, step.management, step.vrrp)
        self._plan(*(thing(p, PLANNED, name=n, amphora_id=new.id) for p, n in zip(FIRST, names, strict=True)))

    def _ReservePort(self, step: steps.ReservePort) -> None:  # noqa: N802
        more = {"name": step.name, "amphora_id": step.amphora_id, "subnet_id": step.subnet_id}
        self._plan(thing(Purpose.MEMBER, PLANNED, **more))

    def _Resolve(self, step: steps.Resolve) -> None:  # noqa: N802
        assert self.thing(step.name).state is PLANNED
        if self.exists(step.name):
            self._made(step.name)
        else:
            self.note(step.name, state=DOOMED)

    def _made(self, name: str) -> None:
        self.note(name, state=MADE)
        found = self.thing(name)
        if found.purpose is Purpose.VIP:
            made = {"vip_port_id": name, "vip_address": Address("10.0.0.5")}
            root = replace(root_of(self.world), **made)
            self.change(desired=self.world.desired.plus(root))
        if found.purpose is Purpose.SERVER and self.amphora(str(found.amphora_id)).status == "PENDING_CREATE":
            self.note_amphora(str(found.amphora_id), status=AmphoraStatus.BOOTING)

    def _MakePort(self, step: steps.MakePort) -> None:  # noqa: N802
        assert self.thing(step.name).state is PLANNED
        self._made(step.name)

    def _MakeServer(self, step: steps.MakeServer) -> None:  # noqa: N802
        made = {x.purpose for x in self.world.things(self.thing(step.name).amphora_id) if x.state is MADE}
        assert Purpose.MANAGEMENT in made
        self._MakePort(steps.MakePort(step.name))

    def _Plug(self, step: steps.Plug) -> None:  # noqa: N802
        card = self.thing(step.name)
        assert (card.state, self.server(card.amphora_id).state) == (MADE, MADE)
        self.note(step.name, plugged=True)

    def _Boot(self, step: steps.Boot) -> None:  # noqa: N802
        assert self.server(step.amphora_id).state is MADE
        assert self.amphora(step.amphora_id).status == "BOOTING"
        self.note_amphora(step.amphora_id, status=AmphoraStatus.ALLOCATED)

    def _Push(self, step: steps.Push) -> None:  # noqa: N802
        """What is pushed finds every card it needs, plugged."""
        assert self.amphora(step.amphora_id).status == "ALLOCATED"
        old, wanted = self.world.accepted.members if self.hold else {}, self.world.desired
        runs = wanted.plus(*old.values())
        cards = [x for x in self.world.things(step.amphora_id) if x.state is MADE and x.plugged]
        assert {m.subnet_id for m in runs.members.values()} - {None, VIP_SUBNET} <= {x.subnet_id for x in cards}
        assert Purpose.VRRP in {x.purpose for x in cards}
        g = self.world.generation
        placed = Placement(amphora_id=step.amphora_id, load_balancer_id="lb", generation=g)
        self.change(accepted=runs, accepted_generation=g, placements={**self.world.placements, step.amphora_id: placed})

    def _Look(self, step: steps.Look) -> None:  # noqa: N802
        left = tuple(s for s in self.world.suspicions if s.amphora_id != step.amphora_id)
        self.change(suspicions=left)

    def _Tell(self, step: steps.Tell) -> None:  # noqa: N802
        assert self.amphora(step.amphora_id).status == "ALLOCATED"

    def _Withdraw(self, step: steps.Withdraw) -> None:  # noqa: N802
        assert self.amphora(step.amphora_id).status == "ALLOCATED"

    def _Retire(self, step: steps.Retire) -> None:  # noqa: N802
        assert self.amphora(step.amphora_id).status == "ALLOCATED"

    def _Doom(self, step: steps.Doom) -> None:  # noqa: N802
        self.note_amphora(step.amphora_id, status=AmphoraStatus.PENDING_DELETE)
        self._DoomThings(steps.DoomThings(tuple(x.name for x in self.world.things(step.amphora_id))))

    def _DoomThings(self, step: steps.DoomThings) -> None:  # noqa: N802
        for name in step.names:
            self.note(name, state=DOOMED)

    def _Destroy(self, step: steps.Destroy) -> None:  # noqa: N802
        gone = self.thing(step.name)
        assert gone.state is DOOMED
        ports_of_a_machine = [x for x in self.world.things(gone.amphora_id) if x.purpose is not Purpose.SERVER]
        assert gone.purpose is not Purpose.SERVER or all(x.state is DOOMED for x in ports_of_a_machine)
        self.change(externals=tuple(x for x in self.world.externals if x.name != step.name))

    def _Bury(self, step: steps.Bury) -> None:  # noqa: N802
        assert self.amphora(step.amphora_id).status == "PENDING_DELETE"
        assert not self.world.things(step.amphora_id)
        self.change(amphorae=tuple(a for a in self.world.amphorae if a.id != step.amphora_id))
        self._Look(steps.Look(step.amphora_id))


# --- at random

Draw = Callable[[st.SearchStrategy[Any]], Any]
subnets = st.lists(st.sampled_from([*SUBNETS, VIP_SUBNET, None]), max_size=3, unique=True)


def _amphora(draw: Draw, amphora_id: str) -> tuple[Amphora, list[External]]:
    """An amphora with its things, somewhere in its life: dying, half made, booting or in use."""
    status = draw(st.sampled_from(list(AmphoraStatus)[:-2]))
    dying, new = status is AmphoraStatus.PENDING_DELETE, status is AmphoraStatus.PENDING_CREATE
    possible = [DOOMED] if dying else [PLANNED, DOOMED] if new else [MADE]
    ports = [PLANNED, DOOMED, MADE]
    things = [thing(Purpose.SERVER, draw(st.sampled_from(possible)), amphora_id=amphora_id)]
    for purpose in FIRST[1:]:
        state = draw(st.sampled_from([DOOMED] if dying else ports))
        things.append(thing(purpose, state, amphora_id=amphora_id))
    for subnet in draw(st.lists(st.sampled_from(SUBNETS), max_size=2, unique=True)):
        where = {"amphora_id": amphora_id, "subnet_id": subnet, "plugged": draw(st.booleans())}
        things.append(thing(Purpose.MEMBER, draw(st.sampled_from([DOOMED] if dying else ports)), **where))
    return amphora(amphora_id, status), draw(st.permutations(things))


@st.composite
def worlds(draw: Draw) -> World:
    """Any world that crashes, refusals and other workers may leave behind."""
    found = [_amphora(draw, f"amphora-{n}") for n in range(draw(st.integers(0, 3)))]
    vip = draw(st.sampled_from([None, PLANNED, MADE]))
    externals = [x for _, things in found for x in things] + ([thing(Purpose.VIP, vip)] if vip else [])
    externals += [thing(Purpose.MEMBER, DOOMED, amphora_id=a) for a in draw(st.sampled_from([(), ("forgotten",)]))]
    ran = draw(st.booleans())
    generation = draw(st.sampled_from([4, 5]))
    return world(
        desired=tree(*draw(subnets), port="port" if vip is MADE else None),
        deleted=draw(st.booleans()),
        accepted=tree(*draw(subnets)) if ran else Tree(),
        accepted_generation=generation if ran else 0,
        amphorae=tuple(a for a, _ in found),
        placements={
            a.id: Placement(amphora_id=a.id, load_balancer_id="lb", generation=generation if ran else 0)
            for a, _ in found
        },
        externals=tuple(externals),
        suspicions=tuple(
            Suspicion(id=n, amphora_id=a.id, load_balancer_id="lb", what="silent")
            for n, (a, _) in enumerate(found)
            if draw(st.booleans())
        ),
        demands=tuple(Demand(a.id, draw(st.sampled_from(What))) for a, _ in found if draw(st.integers(0, 3)) == 0),
    )
