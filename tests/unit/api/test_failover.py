"""Failover of a load balancer, as an operator orders it."""

import pytest

from hydria.domain.amphora import AmphoraStatus
from hydria.domain.demands import What
from hydria.kit import ids
from tests.unit.api.conftest import Service
from tests.unit.api.test_machines import demanded, serve, status


@pytest.fixture
def lb(api: Service) -> str:
    found: str = api.load_balancer()["id"]
    api.token = "admin"
    return found


def test_all_that_serve_are_to_be_replaced(api: Service, lb: str) -> None:
    api.settle()
    serving = {serve(api, lb), serve(api, lb, AmphoraStatus.BOOTING)}
    serve(api, lb, AmphoraStatus.PENDING_DELETE)
    result = api.ask("PUT", f"/loadbalancers/{lb}/failover")
    assert (result.status_code, result.content, api.nudges.heard[-1]) == (202, b"", lb)
    assert {(a, What.REPLACE) for a in serving} == set(demanded(api, lb))
    assert status(api, lb) == "PENDING_UPDATE"


def test_what_is_pending_does_not_fail_over(api: Service, lb: str) -> None:
    code, text = api.refused("PUT", f"/loadbalancers/{lb}/failover")
    assert (code, text) == (409, f"Invalid state PENDING_CREATE of loadbalancer resource {lb}")


def test_what_is_in_error_may_and_begins_anew(api: Service, lb: str) -> None:
    api.clock.turn(60)
    assert status(api, lb) == "ERROR"
    assert api.ask("PUT", f"/loadbalancers/{lb}/failover").status_code == 202
    assert status(api, lb) == "PENDING_CREATE"


def test_an_amphora_of_one_in_error_is_not_failed_over_alone(api: Service, lb: str) -> None:
    amphora = serve(api, lb)
    api.clock.turn(60)
    assert api.refused("PUT", f"/v2/octavia/amphorae/{amphora}/failover")[0] == 409


def test_who_may_and_what_is_not_there(api: Service, lb: str) -> None:
    api.settle()
    assert api.refused("PUT", f"/loadbalancers/{lb}/failover", token="member")[0] == 403
    assert api.refused("PUT", f"/loadbalancers/{ids.new()}/failover")[0] == 404
    assert api.refused("PUT", "/loadbalancers/odd/failover")[0] == 404
