"""Answers that wait until the data plane runs what was written."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hydria.api import app
from hydria.api.context import ApiSettings
from hydria.api.server.lanes import Slots
from hydria.kit.clock import HandClock
from hydria.storage import claims, tables
from tests.unit.api.conftest import Service, Start
from tests.unit.api.test_machines import demanded, serve


class Busy(HandClock):
    """While somebody waits, others work."""

    def __init__(self, work: Callable[[], None], naps: int) -> None:
        super().__init__()
        self._work, self._left = work, naps

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._left -= 1
        if self._left == 0:
            self._work()


def beside(api: Service, naps: int, slots: Slots | None = None) -> Service:
    """The same API, whose worker is done after some naps of whoever waits."""
    clock = Busy(api.settle, naps)
    context = replace(api.context, clock=clock, writing=slots or Slots())
    http = type(api.http)(app.create(context))
    return replace(api, context=context, http=http, clock=clock)


def status(result: object) -> str:
    found: str = next(iter(result.json.values()))["provisioning_status"]  # type: ignore[attr-defined]
    return found


def test_a_request_may_wait_until_it_is_applied(api: Service) -> None:
    waiting = beside(api, 5)
    made = waiting.ask("POST", "/loadbalancers?wait=applied", {"loadbalancer": {"vip_subnet_id": api.subnet}})
    assert (made.status_code, status(made)) == (201, "ACTIVE")
    path = f"/loadbalancers/{made.json['loadbalancer']['id']}"
    changed = beside(api, 3).ask("PUT", f"{path}?wait=applied", {"loadbalancer": {"name": "n"}})
    assert (changed.status_code, status(changed)) == (200, "ACTIVE")
    assert beside(api, 3).ask("DELETE", f"{path}?wait=applied").status_code == 204
    assert api.ask("GET", path).status_code == 404


@pytest.mark.parametrize("path", ["/v2/lbaas/loadbalancers/{lb}/failover", "/v2/octavia/amphorae/{amphora}/config"])
def test_an_order_to_amphorae_may_wait_too(api: Service, path: str) -> None:
    lb = api.load_balancer()["id"]
    api.settle()
    where = path.format(lb=lb, amphora=serve(api, lb))
    assert beside(api, 3).ask("PUT", f"{where}?wait=applied", token="admin").status_code == 202
    assert (demanded(api, lb), api.get(f"/loadbalancers/{lb}", "loadbalancer")["provisioning_status"]) == ([], "ACTIVE")


def test_waiting_ends_with_the_state_that_is_reached(start: Start) -> None:
    api = start(ApiSettings(wait_s=2))
    began = api.clock.monotonic()
    made = api.ask("POST", "/loadbalancers?wait=applied", {"loadbalancer": {"vip_subnet_id": api.subnet}})
    assert (made.status_code, status(made)) == (201, "PENDING_CREATE")
    assert api.clock.monotonic() - began == pytest.approx(2)


def test_no_more_than_half_of_the_threads_wait(api: Service) -> None:
    slots = Slots(2)
    with slots.waiting() as allowed:
        one = beside(api, 1, slots)
        made = one.ask("POST", "/loadbalancers?wait=applied", {"loadbalancer": {"vip_subnet_id": api.subnet}})
    assert (allowed, status(made)) == (True, "PENDING_CREATE")
    with Slots(1).waiting() as alone:
        assert not alone


def test_another_word_than_applied_is_refused(api: Service) -> None:
    code, text = api.refused("PUT", f"/loadbalancers/{api.load_balancer()['id']}?wait=yes", {"loadbalancer": {}})
    assert (code, text) == (400, "wait must be 'applied', not 'yes'.")


@pytest.fixture
def quick(start: Start) -> Service:
    """An API that gives quick work a moment, and a load balancer in it that was made."""
    api = start(ApiSettings(fast_ack_ms=25))
    api.load_balancer()
    api.settle()
    return api


def rename(api: Service) -> object:
    lb = api.context.database.read(lambda c: c.execute(tables.TREE["load_balancer"].select()).one())
    return api.ask("PUT", f"/loadbalancers/{lb.id}", {"loadbalancer": {"name": "n"}})


def test_a_quick_change_is_answered_when_it_is_applied_and_as_it_was_committed(quick: Service) -> None:
    busy = beside(quick, 2)
    began = busy.clock.monotonic()
    assert status(rename(busy)) == "PENDING_UPDATE"
    assert 0 < busy.clock.monotonic() - began < 0.025
    assert quick.get("/loadbalancers", "loadbalancers")[0]["provisioning_status"] == "ACTIVE"


def test_a_slow_change_is_answered_after_a_moment(quick: Service) -> None:
    began = quick.clock.monotonic()
    rename(quick)
    assert quick.clock.monotonic() - began == pytest.approx(0.025)


def test_nobody_waits_for_what_is_being_made_or_goes_wrong(quick: Service) -> None:
    began = quick.clock.monotonic()
    lb = quick.load_balancer()["id"]
    quick.context.database.write(lambda c: claims.failed(c, lb, 0, step="s", reason="r", remedy="m"))
    quick.ask("PUT", f"/loadbalancers/{lb}", {"loadbalancer": {"name": "n"}})
    assert quick.clock.monotonic() == began


def test_nobody_waits_while_most_threads_are_busy(quick: Service) -> None:
    slots = Slots(4)
    busy = beside(quick, 99, slots)
    began = busy.clock.monotonic()
    with slots.taken(), slots.taken(), slots.taken():
        rename(busy)
    assert busy.clock.monotonic() == began
    assert slots.busy == 0
