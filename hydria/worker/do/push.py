"""The push: prove and apply what is wanted; what the amphora refuses is found and left out, what ran runs on."""

import msgspec

from hydria.amphora import Contact, RefusedDocument, composition
from hydria.control import blame, converge, effective
from hydria.control.steps import Doom, Push
from hydria.control.world import External, ExternalState, Placement, World
from hydria.domain.tree import Tree
from hydria.domain.verdict import Verdict
from hydria.drivers.network import Subnet
from hydria.kit import log
from hydria.render import haproxy
from hydria.render.haproxy import commands
from hydria.storage import amphorae, database, outcomes
from hydria.wire.documents import Applied, PlacementDocument, Proof
from hydria.worker.do import amphora as talk
from hydria.worker.do import ends
from hydria.worker.run import Failed, Run, Superseded

ROUNDS = 4
"""Searches for what is to blame in one push; each has a bounded number of proofs."""


class Pushing:
    """One push to one amphora."""

    def __init__(self, amphora_id: str, run: Run) -> None:
        self.run = run
        self.amphora_id = amphora_id
        self.contact: Contact = talk.contact(next(a for a in run.world.amphorae if a.id == amphora_id))
        self.cards: list[External] = [x for x in run.world.things(amphora_id) if x.state is ExternalState.MADE]
        self._subnets: dict[str, Subnet] = {}

    def subnet(self, subnet_id: str) -> Subnet:
        """A subnet, asked for once."""
        if subnet_id not in self._subnets:
            found = self.run.tools.network.subnet(subnet_id)
            if found is None:
                reason = f"subnet {subnet_id} does not exist any more"
                raise Failed(reason, "delete what uses it")
            self._subnets[subnet_id] = found
        return self._subnets[subnet_id]

    def document(self, tree: Tree) -> PlacementDocument:
        """A tree as a document of the present generation."""
        plain = composition.compose(tree, self.run.load_balancer_id, self.run.epoch, self.cards, self.subnet)
        return msgspec.structs.replace(plain, generation=self.run.world.generation)

    def quick(self, tree: Tree) -> PlacementDocument:
        """The same, with runtime commands where what runs is known and only differs by what they can do."""
        whole = self.document(tree)
        world = self.run.world
        placed = world.placements.get(self.amphora_id)
        if not placed or not placed.digest or placed.generation != world.accepted_generation:
            return whole
        before = self.document(world.accepted)
        if before.digest != placed.digest or before.interfaces != whole.interfaces:
            return whole
        told = commands.commands(world.accepted, tree)
        return msgspec.structs.replace(whole, from_digest=placed.digest, from_start=placed.start, commands=told)

    def prove(self, tree: Tree) -> str | None:
        """The amphora's words against a tree; None when it would run it."""
        self.run.check()
        proof = self.run.tools.amphorae.prove(self.contact, self.document(tree))
        return _words(proof) if proof.problems else None


def push(step: Push, run: Run) -> None:
    """Apply the effective tree; when it is refused find out why, and apply what is left."""
    world = _newest(run)
    pushing = Pushing(step.amphora_id, run)
    image = run.tools.settings.image
    standing = blame.standing(world.verdicts, world.accepted, world.desired, haproxy.REVISION, image)
    tree = effective.effective(world.desired, world.accepted, standing)
    judged = list(blame.complete(standing, world.accepted, world.desired).values())
    try:
        applied = run.tools.amphorae.apply(pushing.contact, pushing.quick(tree))
    except RefusedDocument as refused:
        tree, judged = _blame(pushing, refused.proof, standing)
        run.check()
        applied = run.tools.amphorae.apply(pushing.contact, pushing.document(tree))
    log.get().info("push.applied", how=applied.how, took_ms=applied.took_ms, amphora=step.amphora_id)
    _record(pushing, tree, judged, applied)


def _newest(run: Run) -> World:
    """What is wanted by now: writes that came while the amphora was made go with this push, if its cards suit them and it is to stay."""
    planned = converge.member_subnets(run.world.desired), run.world.demands
    world = run.latest()
    if world is None or world.deleted or (converge.member_subnets(world.desired), world.demands) != planned:
        raise Superseded
    return world


def _blame(pushing: Pushing, proof: Proof, standing: dict[str, Verdict]) -> tuple[Tree, list[Verdict]]:
    """Whose fault it is. Nobody's among the users while the accepted tree itself is not proved by the same amphora."""
    run, world = pushing.run, pushing.run.world
    if any(p.what == "interface" for p in proof.problems):
        # Its cards are gone and come back with a new machine only.
        ends.doom(Doom(pushing.amphora_id), run)
        raise Superseded
    trusted = world.accepted if world.accepted.loadbalancer else _bare(world.desired)
    words = pushing.prove(trusted)
    if words is not None:
        reason = f"amphora {pushing.amphora_id} refuses what was accepted before: {words}"
        raise Failed(reason, "nobody's change is to blame: look at the amphora, its image and the renderer")
    outcome = _search(pushing, standing)
    for _ in range(ROUNDS):
        if not outcome.is_unfinished:
            break
        outcome = _search(pushing, {v.object_id: v for v in outcome.verdicts})
    log.get().warning("push.refused", load_balancer=run.load_balancer_id, why=_words(proof))
    return outcome.tree, list(outcome.verdicts)


def _search(pushing: Pushing, standing: dict[str, Verdict]) -> blame.Outcome:
    world, image = pushing.run.world, pushing.run.tools.settings.image
    search = blame.blame(world.accepted, world.desired, known=standing, revision=haproxy.REVISION, image=image)
    try:
        tree = next(search)
        while True:
            tree = search.send(pushing.prove(tree))
    except StopIteration as end:
        outcome: blame.Outcome = end.value
        return outcome


def _bare(tree: Tree) -> Tree:
    return Tree(loadbalancer=tree.loadbalancer)


def _words(proof: Proof) -> str:
    return "; ".join(p.text for p in proof.problems)


def _record(pushing: Pushing, tree: Tree, judged: list[Verdict], applied: Applied) -> None:
    run = pushing.run
    lb_id, generation = run.load_balancer_id, run.world.generation
    placement = Placement(
        amphora_id=pushing.amphora_id,
        load_balancer_id=lb_id,
        epoch=run.epoch,
        generation=generation,
        digest=applied.digest,
        start=applied.start,
    )

    def write(c: database.Connection) -> None:
        amphorae.placed(c, placement)
        outcomes.accept(c, lb_id, tree, generation, haproxy.REVISION)
        if judged or run.world.verdicts:
            outcomes.judge(c, lb_id, judged, run.now(), None)

    run.commit(write)
