"""What nobody knows in the cloud goes after two looks, and what cannot be destroyed stops nothing else."""

import pytest

from hydria.drivers import sim
from hydria.drivers.compute import Order
from hydria.drivers.network import PortOrder
from hydria.kit import ids
from hydria.storage import ledger
from tests.scenario.lab import DEMO

HOUR_S = 3700.0


def stray(lab):
    """A machine with its port that no row speaks of."""
    port = lab.network.create_port(PortOrder(name=ids.new(), network_id=DEMO.id, device_id="x"))
    lab.compute.create(Order(name=ids.new(), amphora_id=ids.new(), management=port, files={}))
    return port


def look(lab, times=1):
    """The last of some looks, an hour apart."""
    swept = []
    for _ in range(times):
        lab.cloud.turn(HOUR_S)
        swept.append(lab.garbage.look())
    return swept[-1]


@pytest.mark.parametrize("looks, left", [(1, 1), (2, 0)])
def test_what_is_unknown_goes_at_the_second_look(lab, looks, left):
    stray(lab)
    look(lab, looks)
    assert (len(lab.compute.list()), len(lab.network.list_ports())) == (left, left)


def test_what_serves_is_never_touched(lab):
    lb = lab.full()
    lab.until_settled(lb)
    before = (lab.compute.list(), lab.network.list_ports())
    look(lab, 3)
    assert (lab.compute.list(), lab.network.list_ports()) == before


def test_what_a_user_made_is_never_touched(lab):
    port = lab.cloud.foreign_port(DEMO.id, "10.88.8.77")
    look(lab, 3)
    assert lab.network.port(port.id)


def test_a_machine_goes_before_its_ports(lab):
    stray(lab)
    before = len(lab.cloud.effects)
    look(lab, 2)
    assert lab.cloud.effects[before:] == ["compute.destroy", "network.destroy_port"]


def test_what_cannot_be_destroyed_stops_nothing_else_and_is_tried_again(lab):
    for _ in range(3):
        stray(lab)
    lab.cloud.script("compute.destroy", sim.LoseRequest())
    look(lab, 2)
    assert len(lab.compute.list()) == 1
    look(lab)
    assert lab.compute.list() == []


def test_when_much_is_unknown_nothing_of_it_goes(lab):
    for _ in range(8):
        stray(lab)
    assert look(lab, 3).ask
    assert len(lab.compute.list()) == 8


def test_a_doomed_name_under_which_nothing_came_is_forgotten(lab):
    lb = lab.create()
    name = next(x.name for x in lab.world(lb).externals)
    lab.database.write(lambda c: ledger.doom(c, [name], lab.now()))
    lab.network.destroy_port(lab.network.find_port(name).id)
    look(lab)
    assert lab.database.read(lambda c: ledger.one(c, name)) is None
