"""Steps done by talking to an amphora: it is enrolled, told what it is, looked at and retired."""

from typing import Any

from hydria.amphora import Contact
from hydria.control.steps import Boot, Doom, Look, Retire, Tell, Withdraw
from hydria.control.world import Placement, Purpose
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.drivers import faults
from hydria.drivers.compute import Power
from hydria.kit import ids, log
from hydria.storage import amphorae, outcomes
from hydria.wire.datagrams import session_key
from hydria.wire.documents import Facts, NodeDocument, Placed
from hydria.worker.do import compute, ends
from hydria.worker.run import Failed, Run

DEAD = (Power.GONE, Power.OFF, Power.ERROR)
LOOK_EVERY = 25
"""Compute is asked about a booting machine at every 25th try to reach it."""


def contact(amphora: Amphora) -> Contact:
    """How to reach an amphora."""
    return Contact(amphora.id, str(amphora.lb_network_ip))


def boot(step: Boot, run: Run) -> None:
    """Wait for its answer, let it have its certificate, tell it what it is."""
    amphora = run.amphora(step.amphora_id)
    expires = _answer(amphora, run)
    facts = tell(amphora, run, cert_expiration=int(expires * 1_000_000))
    run.commit(lambda c: amphorae.note(c, amphora.id, run.now(), status=AmphoraStatus.ALLOCATED, boot_id=facts.boot_id))


def _answer(amphora: Amphora, run: Run) -> float:
    clock, settings = run.tools.clock, run.tools.settings
    until = clock.monotonic() + settings.boot_s
    tries = 0
    while True:
        tries += 1
        try:
            return run.tools.amphorae.enroll(contact(amphora))
        except faults.Temporary as fault:
            late = clock.monotonic() > until
            if late or tries % LOOK_EVERY == 0:
                _is_it_dead(amphora, run, str(fault), late=late)
        clock.sleep(settings.boot_poll_s)


def _is_it_dead(amphora: Amphora, run: Run, words: str, *, late: bool) -> None:
    """Doom an amphora whose machine died while booting, or that has not answered in time."""
    server = next((x for x in run.things(amphora.id) if x.purpose is Purpose.SERVER), None)
    machine = compute.find_machine(server, run) if server else None
    if machine is not None and machine.power not in DEAD and not late:
        return
    ends.doom(Doom(amphora.id), run)
    state = machine.power if machine else Power.GONE
    fault = (machine.fault if machine else None) or words
    reason = f"amphora {amphora.id} did not come up: its machine is {state} ({fault})"
    raise Failed(reason, "a new amphora is made at the next try; see the compute service if this goes on")


def tell(amphora: Amphora, run: Run, **learned: Any) -> Facts:
    """Give an amphora its node document, in a new session; what was `learned` of it is written with that."""
    settings = run.tools.settings
    version = max(settings.master_keys)
    session = ids.new()
    epoch = amphora.node_epoch + 1
    told = {"session": session, "master_version": version, "node_epoch": epoch}
    run.commit(lambda c: amphorae.note(c, amphora.id, run.now(), **told, **learned))
    document = NodeDocument(
        amphora_id=amphora.id,
        epoch=epoch,
        controllers=settings.controllers,
        trust=run.tools.issuer.trust_of_controllers().decode(),
        session=session,
        session_key=session_key(settings.master_keys[version].reveal(), amphora.id, session).hex(),
        alive_every_s=settings.alive_every_s,
        statistics_every_s=settings.statistics_every_s,
        placements=(run.load_balancer_id,),
    )
    return run.tools.amphorae.node(contact(amphora), document)


def tell_again(step: Tell, run: Run) -> None:
    """What it was told before is out of date."""
    tell(run.amphora(step.amphora_id), run)


def look(step: Look, run: Run) -> None:
    """Repair in place what answers; doom what compute says is dead; otherwise say so and come back."""
    mine = [s for s in run.world.suspicions if s.amphora_id == step.amphora_id]
    amphora = next((a for a in run.world.amphorae if a.id == step.amphora_id), None)
    if amphora is not None and amphora.status == AmphoraStatus.ALLOCATED:
        _examine(amphora, run)
    run.commit(lambda c: outcomes.looked(c, [s.id for s in mine]))


def _examine(amphora: Amphora, run: Run) -> None:
    try:
        facts = run.tools.amphorae.facts(contact(amphora))
    except faults.Temporary as fault:
        server = next((x for x in run.things(amphora.id) if x.purpose is Purpose.SERVER), None)
        machine = compute.find_machine(server, run) if server else None
        if machine is None or machine.power in DEAD:
            ends.doom(Doom(amphora.id), run)
            return
        reason = f"amphora {amphora.id} does not answer ({fault}); compute says its machine is {machine.power}"
        raise Failed(reason, "it is looked at again; check the management network and the agent's log") from fault
    if facts.session != amphora.session or facts.bootstrap:
        run.tools.amphorae.enroll(contact(amphora))
        tell(amphora, run)
    _push_again_unless(_placed(facts, run.load_balancer_id), amphora, run)


def _placed(facts: Facts, load_balancer_id: str) -> Placed | None:
    return next((p for p in facts.placements if p.load_balancer_id == load_balancer_id), None)


def _push_again_unless(placed: Placed | None, amphora: Amphora, run: Run) -> None:
    """Forget what was applied unless the amphora still runs it: the plan then pushes anew."""
    known = run.world.placements.get(amphora.id)
    if known is None or (placed and placed.running and placed.digest == known.digest):
        return
    unknown = Placement(amphora_id=amphora.id, load_balancer_id=run.load_balancer_id, epoch=known.epoch)
    run.commit(lambda c: amphorae.placed(c, unknown))


def retire(step: Retire, run: Run) -> None:
    """No new connections; the open ones may end for a while. An amphora that does not answer has none worth waiting for."""
    clock, amphora = run.tools.clock, run.amphora(step.amphora_id)
    until = clock.monotonic() + run.tools.settings.drain_s
    try:
        while (
            run.tools.amphorae.retire(contact(amphora), run.load_balancer_id, run.epoch) and clock.monotonic() < until
        ):
            clock.sleep(0.1)
    except faults.Fault:
        return


def withdraw(step: Withdraw, run: Run) -> None:
    """Its placement goes, and the VIP's address with it. What does not answer is destroyed all the same."""
    try:
        run.tools.amphorae.remove(contact(run.amphora(step.amphora_id)), run.load_balancer_id, run.epoch)
    except faults.Fault as fault:
        log.get().warning("withdraw.unanswered", amphora=step.amphora_id, why=str(fault))
