"""Steps at the end of things: names are resolved, things doomed and destroyed, amphorae forgotten."""

from hydria.control.steps import Bury, Destroy, Doom, DoomThings, Resolve
from hydria.control.world import ExternalState
from hydria.domain.amphora import AmphoraStatus
from hydria.storage import amphorae, database, ledger
from hydria.worker.do import compute, network
from hydria.worker.run import Run


def resolve(step: Resolve, run: Run) -> None:
    """Adopt what the name stands for, or doom the name: a late arrival under it is garbage."""
    thing, things = run.among(step.name)
    if thing.state is not ExternalState.PLANNED:
        return
    if thing.kind == "server":
        machine = run.tools.compute.find(thing.name)
        if machine is not None:
            compute.adopt(thing, things, machine.id, run)
            return
    else:
        port = run.tools.network.find_port(thing.name)
        if port is not None:
            network.adopt(thing, port, run)
            return
    run.commit(lambda c: ledger.give_up(c, thing.name, run.now()))


def doom(step: Doom, run: Run) -> None:
    """From here on nothing of this amphora is used again."""
    names = [x.name for x in run.things(step.amphora_id)]

    def write(c: database.Connection) -> None:
        amphora = amphorae.one(c, step.amphora_id)
        if amphora and amphora.status != AmphoraStatus.PENDING_DELETE:
            amphorae.note(c, step.amphora_id, run.now(), status=AmphoraStatus.PENDING_DELETE)
        ledger.doom(c, names, run.now())

    run.commit(write)


def doom_things(step: DoomThings, run: Run) -> None:
    """Mark things for destruction."""
    run.commit(lambda c: ledger.doom(c, step.names, run.now()))


def destroy(step: Destroy, run: Run) -> None:
    """Destroy a thing that is committed as doomed, and nothing else."""
    thing = run.tools.database.read(lambda c: ledger.one(c, step.name))
    if thing is None:
        return
    if thing.state is not ExternalState.DOOMED:
        message = f"{thing.name} is not doomed"
        raise AssertionError(message)
    if thing.kind == "server":
        is_gone = compute.destroy_server(thing, run)
    else:
        if thing.plugged:
            compute.unplug(thing, run)
        is_gone = network.destroy_port(thing, run)
    if is_gone:
        run.commit(lambda c: ledger.forget(c, [thing.name]))


def bury(step: Bury, run: Run) -> None:
    """Forget an amphora; its journal stays."""
    run.commit(lambda c: amphorae.forget(c, step.amphora_id))
