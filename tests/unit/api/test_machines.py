"""Amphorae as administrators list, show and order them about."""

from typing import Any

import pytest

from hydria.domain.amphora import Amphora, AmphoraStatus, Role
from hydria.domain.demands import What
from hydria.kit import ids
from hydria.storage import amphorae, demands, observed
from hydria.storage.observed import Statistics
from tests.unit.api.conftest import PROJECT, Service, Start

PATH = "/v2/octavia/amphorae"


def serve(api: Service, lb: str, status: AmphoraStatus = AmphoraStatus.ALLOCATED, **more: Any) -> str:
    """An amphora of a load balancer, as a worker would have made it."""
    amphora = Amphora(id=ids.new(), loadbalancer_id=lb, status=status, role=Role.STANDALONE, created_at=1, **more)
    api.context.database.write(lambda c: amphorae.add(c, amphora))
    return amphora.id


@pytest.fixture
def lb(api: Service) -> str:
    found: str = api.load_balancer()["id"]
    api.settle()
    api.token = "admin"
    return found


def demanded(api: Service, lb: str) -> list[tuple[str, What]]:
    return [(d.amphora_id, d.what) for d in api.context.database.read(lambda c: demands.of(c, lb))]


def status(api: Service, lb: str) -> str:
    found: str = api.get(f"/loadbalancers/{lb}", "loadbalancer")["provisioning_status"]
    return found


def listed(api: Service, query: str) -> list[str]:
    return [a["id"] for a in api.get(f"{PATH}?{query}", "amphorae")]


def test_amphorae_are_filtered_sorted_and_paged(api: Service, lb: str) -> None:
    first, second = serve(api, lb, cached_zone="a"), serve(api, lb, AmphoraStatus.BOOTING, cached_zone="b")
    assert listed(api, "status=BOOTING") == [second]
    assert listed(api, f"loadbalancer_id={lb}&role=STANDALONE&sort=cached_zone:desc") == [second, first]
    assert listed(api, f"project_id={PROJECT}&sort=cached_zone&limit=1") == [first]
    assert listed(api, f"sort=cached_zone&marker={first}") == [second]
    assert listed(api, f"project_id={ids.new()}") == []
    assert api.get(f"{PATH}?fields=status&status=BOOTING", "amphorae") == [{"status": "BOOTING"}]
    assert api.refused("GET", f"{PATH}?session=1")[0] == 400


def test_amphorae_are_for_administrators(api: Service, lb: str) -> None:
    amphora = serve(api, lb)
    paths = ("", f"/{amphora}", f"/{amphora}/stats")
    assert {api.refused("GET", PATH + p, token="member")[0] for p in paths} == {403}
    assert api.refused("PUT", f"{PATH}/{amphora}/failover", token="member")[0] == 403


@pytest.mark.parametrize(
    "method,path", [("GET", ""), ("GET", "/stats"), ("DELETE", ""), ("PUT", "/failover"), ("PUT", "/config")]
)
def test_what_does_not_exist_is_not_found(api: Service, method: str, path: str) -> None:
    assert api.refused(method, f"{PATH}/{ids.new()}{path}", token="admin")[0] == 404


def test_statistics_are_those_of_each_listener(api: Service, lb: str) -> None:
    amphora, listener = serve(api, lb), ids.new()
    assert api.refused("GET", f"{PATH}/{amphora}/stats")[0] == 404
    counted = Statistics(listener_id=listener, amphora_id=amphora, load_balancer_id=lb, bytes_in=7)
    api.context.observed.write(lambda o: observed.set_statistics(o, [counted]))
    (found,) = api.get(f"{PATH}/{amphora}/stats", "amphora_stats")
    assert found == {
        "id": amphora,
        "listener_id": listener,
        "loadbalancer_id": lb,
        "active_connections": 0,
        "bytes_in": 7,
        "bytes_out": 0,
        "request_errors": 0,
        "total_connections": 0,
    }


def test_an_amphora_shows_what_administrators_know_of_it(api: Service, lb: str) -> None:
    expected = """id loadbalancer_id compute_id lb_network_ip vrrp_ip ha_ip vrrp_port_id ha_port_id cert_expiration cert_busy
        role status vrrp_interface vrrp_id vrrp_priority cached_zone created_at updated_at image_id compute_flavor"""
    found = api.get(f"{PATH}/{serve(api, lb, cert_expiration=1_800_000_000_000_000)}", "amphora")
    assert set(found) == set(expected.split())
    told = {"cert_busy": False, "cert_expiration": "2027-01-15T08:00:00", "created_at": "1970-01-01T00:00:00"}
    assert {name: found[name] for name in told} == told


def test_connections_are_those_of_who_serves_and_everything_else_of_all(api: Service, lb: str) -> None:
    serves, served = serve(api, lb), serve(api, lb, AmphoraStatus.PENDING_DELETE)
    ports = [{"loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": p} for p in (80, 81)]
    listeners = [api.make("/listeners", "listener", **p)["id"] for p in ports]
    values: dict[str, Any] = {
        "active_connections": 1,
        "bytes_in": 10,
        "bytes_out": 100,
        "request_errors": 1000,
        "total_connections": 5,
    }
    counted = [
        Statistics(listener_id=li, amphora_id=a, load_balancer_id=lb, **values)
        for li in listeners
        for a in (serves, served)
    ]
    api.context.observed.write(lambda o: observed.set_statistics(o, counted))
    for path, times in ((f"/listeners/{listeners[0]}", 1), (f"/loadbalancers/{lb}", 2)):
        twice = {name: 2 * times * n for name, n in values.items()}
        assert api.get(f"{path}/stats", "stats") == {**twice, "active_connections": times}


def test_only_one_in_error_can_be_deleted(api: Service, lb: str) -> None:
    fine, broken = serve(api, lb), serve(api, lb, AmphoraStatus.ERROR)
    code, text = api.refused("DELETE", f"{PATH}/{fine}")
    assert (code, "immutable" in text, demanded(api, lb)) == (409, True, [])
    assert api.ask("DELETE", f"{PATH}/{broken}").status_code == 204
    assert demanded(api, lb) == [(broken, What.REPLACE)]


def test_one_in_error_whose_load_balancer_is_being_deleted_goes_with_it(api: Service, lb: str) -> None:
    fine, broken = serve(api, lb), serve(api, lb, AmphoraStatus.ERROR)
    assert api.ask("DELETE", f"/loadbalancers/{lb}").status_code == 204
    assert [api.ask("DELETE", f"{PATH}/{a}").status_code for a in (broken, broken, fine)] == [204, 204, 409]
    assert api.ask("PUT", f"{PATH}/{broken}/config").status_code == 409
    assert demanded(api, lb) == []


def test_a_failover_is_recorded_and_nudged(api: Service, lb: str) -> None:
    amphora = serve(api, lb)
    api.nudges.heard.clear()
    result = api.ask("PUT", f"{PATH}/{amphora}/failover")
    assert (result.status_code, result.content, api.nudges.heard) == (202, b"", [lb])
    assert (demanded(api, lb), status(api, lb)) == ([(amphora, What.REPLACE)], "PENDING_UPDATE")
    assert api.refused("PUT", f"{PATH}/{amphora}/failover")[0] == 409
    (event, *_) = api.get(f"/loadbalancers/{lb}/events", "events")
    assert (event["action"], event["type"], event["id"]) == ("failover", "amphora", amphora)
    api.settle()
    assert (demanded(api, lb), status(api, lb)) == ([], "ACTIVE")


def test_every_process_of_the_api_knows_what_was_ordered_of_another(api: Service, start: Start, lb: str) -> None:
    amphora, other = serve(api, lb), start()
    other.token = "admin"
    assert api.ask("PUT", f"{PATH}/{amphora}/failover").status_code == 202
    assert other.refused("PUT", f"{PATH}/{amphora}/failover")[0] == 409
    for path, root in ((f"/loadbalancers/{lb}", "loadbalancer"), (f"{PATH}/{amphora}", "amphora")):
        assert other.get(path, root) == api.get(path, root)
    assert (demanded(other, lb), status(other, lb)) == ([(amphora, What.REPLACE)], "PENDING_UPDATE")


def test_a_new_configuration_may_be_ordered_at_any_time(api: Service, lb: str) -> None:
    amphora = serve(api, lb)
    assert [api.ask("PUT", f"{PATH}/{amphora}/config").status_code for _ in range(2)] == [202, 202]
    assert demanded(api, lb) == [(amphora, What.CONFIGURE)] * 2
