"""Steps done with the network driver: ports are recorded, made, adopted and destroyed."""

from hydria.control.steps import MakePort, ReservePort, ReserveVip
from hydria.control.world import External, Purpose
from hydria.drivers.network import Port, PortOrder
from hydria.storage import database, intents, ledger
from hydria.worker.run import Failed, Run


def reserve_vip(step: ReserveVip, run: Run) -> None:
    """A fresh name for the VIP's port, when the API was killed before it had one."""
    lb = run.world.desired.loadbalancer
    if lb is None:
        return
    thing = External(
        name=step.name,
        kind="port",
        purpose=Purpose.VIP,
        load_balancer_id=lb.id,
        network_id=lb.vip_network_id,
        subnet_id=lb.vip_subnet_id,
        created_at=run.now(),
        cell=lb.cell,
    )
    run.commit(lambda c: ledger.plan(c, thing))


def reserve_port(step: ReservePort, run: Run) -> None:
    """Record a port on a members' subnet."""
    subnet = run.tools.network.subnet(step.subnet_id)
    if subnet is None:
        reason = f"subnet {step.subnet_id} of a member does not exist"
        raise Failed(reason, "create the member anew with a subnet that exists")
    lb = run.world.desired.loadbalancer
    thing = External(
        name=step.name,
        kind="port",
        purpose=Purpose.MEMBER,
        load_balancer_id=run.load_balancer_id,
        amphora_id=step.amphora_id,
        network_id=subnet.network_id,
        subnet_id=subnet.id,
        created_at=run.now(),
        cell=lb.cell if lb else "",
    )
    run.commit(lambda c: ledger.plan(c, thing))


def make_port(step: MakePort, run: Run) -> None:
    """Ask for the port. Its name is new, so it can be asked for only once."""
    thing = run.thing(step.name)
    adopt(thing, run.tools.network.create_port(order(thing, run)), run)


def order(thing: External, run: Run) -> PortOrder:
    """What is asked of the network for a thing of the ledger."""
    lb = run.world.desired.loadbalancer
    vips = (lb.vip_address, *(v.address for v in lb.additional_vips)) if lb else ()
    return PortOrder(
        name=thing.name,
        network_id=thing.network_id or "",
        subnet_id=thing.subnet_id,
        address=lb.vip_address if lb and thing.purpose is Purpose.VIP else None,
        device_id=thing.amphora_id or thing.load_balancer_id,
        also=tuple(str(v) for v in vips if v) if thing.purpose is Purpose.VRRP else (),
        project_id=lb.project_id if lb else "",
    )


def adopt(thing: External, port: Port, run: Run) -> None:
    """Record a port that exists; a VIP's address belongs to the load balancer too."""

    def write(c: database.Connection) -> None:
        learned = {n: getattr(port, n) for n in ("network_id", "subnet_id", "address", "mac")}
        ledger.made(c, thing.name, port.id, **learned)
        if thing.purpose is Purpose.VIP:
            made = {
                "port_id": port.id,
                "address": port.address,
                "subnet_id": port.subnet_id,
                "network_id": port.network_id,
            }
            intents.give_vip(c, run.load_balancer_id, **made)

    run.commit(write)


def destroy_port(thing: External, run: Run) -> bool:
    """Destroy a doomed port, plugged or not; whether it is known to be gone."""
    network, cloud_id = run.tools.network, thing.cloud_id
    if cloud_id is None:
        found = network.find_port(thing.name)
        if found is None:
            return False  # it may yet arrive: housekeeping knows the name
        cloud_id = found.id
    network.destroy_port(cloud_id)
    return True
