"""A write that is asked for twice under one key is made once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hydria.domain.amphora import AmphoraStatus
from hydria.drivers.faults import Refused
from hydria.drivers.network import Port, PortOrder, noop
from hydria.housekeeping import answers as chore
from hydria.kit.clock import HandClock
from hydria.storage import answers
from tests.unit.api.conftest import PROJECT, Nudges, Service, Start
from tests.unit.api.test_machines import demanded, serve

DAY = 86_400


def keyed(api: Service, key: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return api.ask(method, path, body, headers={"Idempotency-Key": key}, **more)


def body(api: Service, **values: Any) -> dict[str, Any]:
    return {"loadbalancer": {"vip_subnet_id": api.subnet, **values}}


def load_balancers(api: Service) -> int:
    return len(api.get("/loadbalancers", "loadbalancers"))


def test_the_same_request_makes_one_load_balancer(api: Service) -> None:
    first, second = (keyed(api, "k", "POST", "/loadbalancers", body(api)) for _ in range(2))
    assert (first.status_code, second.status_code, load_balancers(api)) == (201, 201, 1)
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.headers["X-Openstack-Request-Id"] != second.headers["X-Openstack-Request-Id"]


def test_another_request_under_the_same_key_is_refused(api: Service) -> None:
    keyed(api, "k", "POST", "/loadbalancers", body(api))
    result = keyed(api, "k", "POST", "/loadbalancers", body(api, name="other"))
    assert (result.status_code, load_balancers(api)) == (422, 1)
    assert "used for another request" in result.json["faultstring"]


def test_a_key_is_of_one_user_in_one_project(api: Service) -> None:
    for token in ("member", "admin", "foreign"):
        assert keyed(api, "k", "POST", "/loadbalancers", body(api), token=token).status_code == 201
    api.token = "admin"
    assert load_balancers(api) == 3


def test_a_refused_request_may_be_corrected_under_its_key(api: Service) -> None:
    assert keyed(api, "k", "POST", "/loadbalancers", body(api, flavor_id="x")).status_code == 400
    assert keyed(api, "k", "POST", "/loadbalancers", body(api)).status_code == 201


def test_a_change_and_a_deletion_are_replayed(api: Service) -> None:
    path = f"/loadbalancers/{api.load_balancer()['id']}"
    changes = [keyed(api, "a", "PUT", path, {"loadbalancer": {"name": "n"}}) for _ in range(2)]
    assert changes[0].content == changes[1].content
    assert [keyed(api, "b", "DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert [e["action"] for e in api.get(f"{path}/events", "events")] == ["delete", "update", "create"]


def test_a_child_and_a_batch_are_made_once(api: Service) -> None:
    lb = api.load_balancer()["id"]
    pool = {"pool": {"loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}}
    made = [keyed(api, "p", "POST", "/pools", pool).json["pool"]["id"] for _ in range(2)]
    assert made[0] == made[1]
    members = {"members": [{"address": "192.0.2.1", "protocol_port": 80}]}
    codes = [keyed(api, "m", "PUT", f"/pools/{made[0]}/members", members).status_code for _ in range(2)]
    assert codes == [202, 202]
    assert len([e for e in api.get(f"/loadbalancers/{lb}/events", "events") if e["type"] == "member"]) == 1


PROFILE = {"name": "p", "provider_name": "amphora"}
OFFERS: list[tuple[str, str, Any]] = [
    ("POST", "/flavorprofiles", {"flavorprofile": {**PROFILE, "flavor_data": "{}"}}),
    ("PUT", "/flavorprofiles/{profile}", {"flavorprofile": {"name": "q"}}),
    ("DELETE", "/flavorprofiles/{profile}", None),
    ("POST", "/availabilityzoneprofiles", {"availability_zone_profile": {**PROFILE, "availability_zone_data": "{}"}}),
    ("PUT", f"/quotas/{PROJECT}", {"quota": {"pool": 7}}),
    ("DELETE", f"/quotas/{PROJECT}", None),
]


@pytest.mark.parametrize("method,path,asked", OFFERS)
def test_what_is_no_tree_is_made_once_too(api: Service, method: str, path: str, asked: Any) -> None:
    api.token = "admin"
    path = path.format(profile=api.make("/flavorprofiles", "flavorprofile", **PROFILE, flavor_data="{}")["id"])
    api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"pool": 5}})
    first, second = (keyed(api, "k", method, path, asked) for _ in range(2))
    assert first.status_code < 300
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "Idempotent-Replayed" in second.headers


def test_of_many_profiles_at_once_one_is_made(api: Service) -> None:
    method, path, asked = OFFERS[0]
    with ThreadPoolExecutor(6) as pool:
        once = [pool.submit(keyed, api, "k", method, path, asked, token="admin") for _ in range(12)]
        codes = {one.result().status_code for one in once}
    made = api.ask("GET", path, token="admin").json["flavorprofiles"]
    assert (codes <= {201, 409}, len(made)) == (True, 1)


class Deaf(Nudges):
    """A nudge during which the process ends: what was written is committed, and not yet answered."""

    def nudge(self, load_balancer_id: str) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "method,path,status,code",
    [
        ("PUT", "/v2/lbaas/loadbalancers/{lb}/failover", AmphoraStatus.ALLOCATED, 202),
        ("PUT", "/v2/octavia/amphorae/{amphora}/failover", AmphoraStatus.ALLOCATED, 202),
        ("PUT", "/v2/octavia/amphorae/{amphora}/config", AmphoraStatus.ALLOCATED, 202),
        ("DELETE", "/v2/octavia/amphorae/{amphora}", AmphoraStatus.ERROR, 204),
    ],
)
def test_an_order_whose_answer_was_lost_is_not_given_again(
    start: Start, method: str, path: str, status: AmphoraStatus, code: int
) -> None:
    api = start()
    lb = api.load_balancer()["id"]
    api.settle()
    where = path.format(lb=lb, amphora=serve(api, lb, status))
    assert keyed(start(nudge=Deaf()), "k", method, where, token="admin").status_code == 500
    api.settle()
    again = keyed(api, "k", method, where, token="admin")
    assert (again.status_code, again.content, "Idempotent-Replayed" in again.headers) == (code, b"", True)
    assert (demanded(api, lb), len(api.get(f"/loadbalancers/{lb}/events", "events"))) == ([], 2)


def test_a_batch_that_changed_nothing_is_answered_the_same_later(api: Service) -> None:
    lb = api.load_balancer()["id"]
    pool = api.make("/pools", "pool", loadbalancer_id=lb, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    path = f"/pools/{pool}/members"
    keyed(api, "k", "PUT", path, {"members": []})
    api.make(path, "member", address="192.0.2.1", protocol_port=80)
    again = keyed(api, "k", "PUT", path, {"members": []})
    assert (again.status_code, "Idempotent-Replayed" in again.headers, len(api.get(path, "members"))) == (202, True, 1)


def test_a_key_is_free_again_after_a_day(api: Service) -> None:
    keyed(api, "k", "POST", "/loadbalancers", body(api))
    api.clock.turn(DAY + 1)
    assert keyed(api, "k", "POST", "/loadbalancers", body(api)).status_code == 201
    assert load_balancers(api) == 2


def test_housekeeping_takes_old_answers_away(api: Service) -> None:
    keyed(api, "k", "POST", "/loadbalancers", body(api))
    look = chore.Answers(api.context.database, api.clock).look
    assert look() == 0
    api.clock.turn(DAY + 1)
    assert look() == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_refused(api: Service, key: str) -> None:
    code, text = api.refused("POST", "/loadbalancers", body(api), headers={"Idempotency-Key": key})
    assert (code, "1 to 255 characters" in text) == (400, True)


class Crashing(noop.NoopNetwork):
    """A network during whose call the process ends."""

    def create_port(self, order: PortOrder) -> Port:
        raise ZeroDivisionError


def test_an_answer_that_was_lost_is_made_from_what_there_is(start: Start) -> None:
    api = start(network=Crashing(HandClock()))
    assert keyed(api, "k", "POST", "/loadbalancers", body(api)).status_code == 500
    soon = keyed(api, "k", "POST", "/loadbalancers", body(api))
    assert (soon.status_code, soon.headers["Retry-After"]) == (409, "1")
    api.clock.turn(61)
    late = keyed(api, "k", "POST", "/loadbalancers", body(api))
    assert (late.status_code, load_balancers(api)) == (201, 1)
    assert late.json["loadbalancer"] == api.get("/loadbalancers", "loadbalancers")[0]


class Full(noop.NoopNetwork):
    """A network that has no address left until told otherwise."""

    full = True

    def create_port(self, order: PortOrder) -> Port:
        if self.full:
            message = "no address is left"
            raise Refused(message)
        return super().create_port(order)


def test_a_creation_that_the_network_refused_leaves_its_key_free(start: Start) -> None:
    network = Full(HandClock())
    api = start(network=network)
    assert keyed(api, "k", "POST", "/loadbalancers", body(api)).status_code == 400
    network.full = False
    assert keyed(api, "k", "POST", "/loadbalancers", body(api)).status_code == 201


def test_of_many_at_once_one_is_made(api: Service) -> None:
    with ThreadPoolExecutor(6) as pool:
        codes = Counter(pool.map(lambda _: keyed(api, "k", "POST", "/loadbalancers", body(api)).status_code, range(12)))
    assert (set(codes) <= {201, 409}, codes[201] >= 1, load_balancers(api)) == (True, True, 1), codes


def test_of_many_changes_at_once_one_is_made(api: Service) -> None:
    path = f"/loadbalancers/{api.load_balancer()['id']}"
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(keyed, api, "k", "PUT", path, {"loadbalancer": {"name": "n"}}) for _ in range(12)]
        codes = Counter(one.result().status_code for one in asked)
    actions = [e["action"] for e in api.get(f"{path}/events", "events")]
    assert (set(codes) <= {200, 409}, actions) == (True, ["update", "create"]), codes


def test_of_two_at_once_one_is_told_to_come_again(api: Service) -> None:
    key = answers.Key("p", "u", "k")
    kept = answers.Kept(digest="d", at=api.context.now())

    def twice() -> None:
        for _ in range(2):
            api.context.database.write(lambda c: answers.keep(c, key, kept, 0))

    with pytest.raises(answers.Taken):
        twice()
