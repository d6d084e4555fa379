"""Several clients ask for the same thing at the same moment: one gets it, the others are told who has it."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hydria.drivers import sim
from hydria.drivers.network.sim import SimNetwork
from hydria.kit import ids
from hydria.kit.clock import HandClock
from tests.unit.api.conftest import PROJECT, Service, Start

CLIENTS = 6
POOL = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
Ask = tuple[str, str, dict[str, Any]]
DEMO = sim.SEGMENTS[1].subnets[0].id


class Place:
    """Where the clients meet."""

    def __init__(self, api: Service, cloud: sim.Cloud) -> None:
        self.api, self.cloud = api, cloud
        api.token = "admin"
        self.lb = api.load_balancer()["id"]
        self.listener = api.make("/listeners", "listener", **self.on(81))["id"]
        self.pool = api.make("/pools", "pool", loadbalancer_id=self.lb, **POOL)["id"]

    def on(self, port: int) -> dict[str, Any]:
        return {"loadbalancer_id": self.lb, "protocol": "HTTP", "protocol_port": port}

    def flavor(self) -> Ask:
        profile = {"name": "p", "provider_name": "amphora", "flavor_data": "{}"}
        made = self.api.make("/flavorprofiles", "flavorprofile", **profile)["id"]
        return "/flavors", "flavor", {"name": "f", "flavor_profile_id": made}

    def zone(self) -> Ask:
        profile = {"name": "p", "provider_name": "amphora", "availability_zone_data": "{}"}
        made = self.api.make("/availabilityzoneprofiles", "availability_zone_profile", **profile)["id"]
        return "/availabilityzones", "availability_zone", {"name": "z", "availability_zone_profile_id": made}

    def monitor(self) -> Ask:
        body = {"pool_id": self.pool, "type": "TCP", "delay": 5, "timeout": 3, "max_retries": 2}
        return "/healthmonitors", "healthmonitor", body

    def limited(self) -> Ask:
        self.api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"pool": 2}})
        return "/pools", "pool", {"loadbalancer_id": self.lb, **POOL}

    def port(self) -> Ask:
        made = self.cloud.foreign_port(sim.SEGMENTS[1].id, "10.88.8.99").id
        return "/loadbalancers", "loadbalancer", {"vip_port_id": made}


WISHES: dict[str, tuple[Callable[[Place], Ask], int]] = {
    "port of a listener": (lambda p: ("/listeners", "listener", p.on(80)), 409),
    "place of a member": (
        lambda p: (f"/pools/{p.pool}/members", "member", {"address": "192.0.2.1", "protocol_port": 80}),
        409,
    ),
    "monitor of a pool": (Place.monitor, 409),
    "default pool of a listener": (lambda p: ("/pools", "pool", {"listener_id": p.listener, **POOL}), 409),
    "name of a flavor": (Place.flavor, 409),
    "name of a zone": (Place.zone, 409),
    "address of a VIP": (
        lambda _: ("/loadbalancers", "loadbalancer", {"vip_subnet_id": DEMO, "vip_address": "10.88.8.77"}),
        409,
    ),
    "port of a VIP": (Place.port, 409),
    "last of a quota": (Place.limited, 403),
}


@pytest.fixture
def place(start: Start) -> Place:
    cloud = sim.Cloud(HandClock())
    return Place(start(network=SimNetwork(cloud, ids.new())), cloud)


@pytest.mark.parametrize("wish", WISHES)
def test_one_of_many_gets_it(place: Place, wish: str) -> None:
    asks, refusal = WISHES[wish]
    path, root, body = asks(place)
    ready = threading.Barrier(CLIENTS)

    def ask(_number: int) -> int:
        ready.wait(10)
        return place.api.ask("POST", path, {root: body}).status_code

    with ThreadPoolExecutor(CLIENTS) as clients:
        codes = Counter(clients.map(ask, range(CLIENTS)))
    assert codes == {201: 1, refusal: CLIENTS - 1}
