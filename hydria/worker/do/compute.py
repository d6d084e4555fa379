"""Steps done with the compute driver: machines are recorded, made, plugged and destroyed."""

from functools import partial

import msgspec

from hydria.control.steps import MakeServer, Plug, ReserveAmphora
from hydria.control.world import External, ExternalState, Purpose
from hydria.domain.amphora import Amphora, AmphoraStatus, Role
from hydria.drivers import faults
from hydria.drivers.compute import Machine, Order, Power
from hydria.drivers.network import Port
from hydria.storage import amphorae, database, ledger
from hydria.wire import identities
from hydria.wire.agentsettings import AgentSettings
from hydria.worker.run import Failed, Run


def reserve_amphora(step: ReserveAmphora, run: Run) -> None:
    """One transaction: the amphora, its placement, its machine and its first two ports."""
    lb = run.world.desired.loadbalancer
    if lb is None:
        return
    now = run.now()
    amphora = Amphora(
        id=step.amphora_id,
        loadbalancer_id=lb.id,
        role=Role.STANDALONE,
        created_at=now,
        ha_ip=lb.vip_address,
        ha_port_id=lb.vip_port_id,
        image_id=run.tools.settings.image or None,
        compute_flavor=run.tools.settings.flavor,
    )
    server = External(
        name=step.server,
        kind="server",
        purpose=Purpose.SERVER,
        load_balancer_id=lb.id,
        amphora_id=step.amphora_id,
        created_at=now,
        cell=lb.cell,
    )
    port = partial(msgspec.structs.replace, server, kind="port")
    management = port(
        name=step.management, purpose=Purpose.MANAGEMENT, network_id=run.tools.settings.management_network
    )
    vrrp = port(name=step.vrrp, purpose=Purpose.VRRP, network_id=lb.vip_network_id, subnet_id=lb.vip_subnet_id)

    def write(c: database.Connection) -> None:
        amphorae.add(c, amphora)
        ledger.plan(c, server, management, vrrp)

    run.commit(write)


def make_server(step: MakeServer, run: Run) -> None:
    """Ask for the machine. Its name is new, so it can be asked for only once."""
    thing, things = run.among(step.name)
    amphora_id = str(thing.amphora_id)
    port = next(x for x in things if x.purpose is Purpose.MANAGEMENT)
    order = Order(
        name=thing.name, amphora_id=amphora_id, management=as_port(port), files=_config_drive(amphora_id, run)
    )
    machine_id = run.tools.compute.create(order)
    adopt(thing, things, machine_id, run)


def _config_drive(amphora_id: str, run: Run) -> dict[str, bytes]:
    tools = run.tools
    known = tools.settings
    settings = AgentSettings(amphora_id=amphora_id, deployment=known.deployment, haproxy=known.haproxy)
    certificate, trust, agent = identities.FILES
    return {
        certificate: tools.issuer.bootstrap(amphora_id, identities.BOOTSTRAP_S),
        trust: tools.issuer.trust_of_controllers(),
        agent: msgspec.json.encode(settings),
    }


def adopt(thing: External, things: list[External], machine_id: str, run: Run) -> None:
    """Record a machine that exists; `things` are all of its amphora."""
    amphora_id = str(thing.amphora_id)
    port = next((x for x in things if x.purpose is Purpose.MANAGEMENT), None)
    address = port.address if port else None

    def write(c: database.Connection) -> None:
        ledger.made(c, thing.name, machine_id)
        amphora = amphorae.one(c, amphora_id)
        if amphora and amphora.status == AmphoraStatus.PENDING_CREATE:
            amphorae.note(
                c, amphora_id, run.now(), status=AmphoraStatus.BOOTING, compute_id=machine_id, lb_network_ip=address
            )

    run.commit(write)


def plug(step: Plug, run: Run) -> None:
    """Give the amphora the card of a port."""
    thing, things = run.among(step.name)
    amphora_id = str(thing.amphora_id)
    server = next(x for x in things if x.purpose is Purpose.SERVER)
    if server.state is not ExternalState.MADE or not server.cloud_id:
        reason = f"amphora {amphora_id} has no machine to plug into"
        raise Failed(reason)
    run.tools.compute.plug(server.cloud_id, as_port(thing))

    def write(c: database.Connection) -> None:
        ledger.note(c, thing.name, plugged=True)
        if thing.purpose is Purpose.VRRP:
            amphorae.note(c, amphora_id, run.now(), vrrp_ip=thing.address, vrrp_port_id=thing.cloud_id)

    run.commit(write)


def as_port(thing: External) -> Port:
    """A port of the ledger as drivers know it."""
    return Port(
        id=thing.cloud_id or "",
        name=thing.name,
        network_id=thing.network_id or "",
        subnet_id=thing.subnet_id or "",
        address=thing.address or "",
        mac=thing.mac or "",
        device_id=thing.amphora_id or "",
    )


def find_machine(thing: External, run: Run) -> Machine | None:
    """The machine of a thing, also when only its name is known; None when there is none."""
    if thing.cloud_id is None:
        return run.tools.compute.find(thing.name)
    machine = run.tools.compute.look(thing.cloud_id)
    return None if machine.power is Power.GONE else machine


def destroy_server(thing: External, run: Run) -> bool:
    """Destroy a doomed machine and see it go; whether it is known to be gone."""
    machine = find_machine(thing, run)
    if machine is None:
        return thing.cloud_id is not None  # without an id it may yet arrive: housekeeping knows the name
    run.tools.compute.destroy(machine.id)
    clock = run.tools.clock
    until = clock.monotonic() + run.tools.settings.gone_s
    while run.tools.compute.look(machine.id).power is not Power.GONE:
        if clock.monotonic() > until:
            message = f"machine {machine.id} does not go away"
            raise faults.Temporary(message)
        clock.sleep(0.02)
    return True


def unplug(thing: External, run: Run) -> None:
    """Take a doomed port's card away from an amphora that lives on."""
    server = next((x for x in run.things(str(thing.amphora_id)) if x.purpose is Purpose.SERVER), None)
    if server and server.state is ExternalState.MADE and server.cloud_id and thing.cloud_id:
        run.tools.compute.unplug(server.cloud_id, thing.cloud_id)
