"""The shape of requests and answers: paths, errors, access, versions, quotas, insight."""

import pytest

from hydria.kit import ids
from hydria.storage import observed
from hydria.storage.observed import Statistics
from tests.unit.api.conftest import FOREIGN, PROJECT, Service


@pytest.mark.parametrize("above", [{}, {"loadbalancer_id": None}])
def test_a_child_must_say_what_it_belongs_to(api: Service, above: dict[str, None]) -> None:
    listener = {"protocol": "HTTP", "protocol_port": 80, **above}
    code, text = api.refused("POST", "/listeners", {"listener": listener})
    assert (code, "loadbalancer_id is required" in text) == (400, True)
    assert api.refused("POST", "/pools", {"pool": {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}})[0] == 400


def test_an_unknown_attribute_is_named(api: Service) -> None:
    code, text = api.refused("POST", "/listeners", {"listener": {"colour": "red"}})
    assert (code, "colour" in text) == (400, True)


@pytest.mark.parametrize("path", ["/pools/{}/members", "/l7policies/{}/rules"])
def test_an_unknown_parent_in_a_path_is_refused_by_routing(api: Service, path: str) -> None:
    result = api.ask("GET", path.format(ids.new()))
    assert (result.status_code, result.json["code"]) == (404, 404)


def test_another_projects_object_is_403_and_not_404(api: Service) -> None:
    path = f"/loadbalancers/{api.load_balancer()['id']}"
    for method, body in (("GET", None), ("PUT", {"loadbalancer": {}}), ("DELETE", None)):
        assert api.refused(method, path, body, token="foreign")[0] == 403
    assert api.ask("GET", path, token="admin").status_code == 200


def test_a_reader_reads_and_nobody_does_not(api: Service) -> None:
    lb = api.load_balancer()["id"]
    assert api.ask("GET", f"/loadbalancers/{lb}", token="reader").status_code == 200
    assert api.refused("PUT", f"/loadbalancers/{lb}", {"loadbalancer": {}}, token="reader")[0] == 403
    assert api.refused("GET", "/loadbalancers", token="nobody")[0] == 403


def test_quotas_are_set_shown_and_given_back(api: Service) -> None:
    api.token = "admin"
    assert api.get("/quotas/defaults", "quota")["pool"] == -1
    assert api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"load_balancer": 1, "pool": 7}}).status_code == 202
    quota = api.get(f"/quotas/{PROJECT}", "quota")
    assert (quota["loadbalancer"], quota["load_balancer"], quota["pool"], quota["member"]) == (1, 1, 7, -1)
    assert api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"member": 8}}).json["quota"] == {**quota, "member": 8}
    assert [q["project_id"] for q in api.ask("GET", "/quotas").json["quotas"]] == [PROJECT]
    api.load_balancer()
    assert api.refused("POST", "/loadbalancers", {"loadbalancer": {"vip_subnet_id": api.subnet}})[0] == 403
    assert api.ask("DELETE", f"/quotas/{PROJECT}").status_code == 202
    assert api.ask("GET", "/quotas").json["quotas"] == []
    api.load_balancer()


def test_quotas_are_set_by_administrators_only(api: Service) -> None:
    assert api.refused("PUT", f"/quotas/{PROJECT}", {"quota": {"pool": 7}})[0] == 403
    assert api.refused("GET", f"/quotas/{FOREIGN}")[0] == 403


def test_a_settled_deletion_gives_the_quota_back(api: Service) -> None:
    api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"loadbalancer": 1}}, token="admin")
    api.ask("DELETE", f"/loadbalancers/{api.load_balancer()['id']}")
    assert api.refused("POST", "/loadbalancers", {"loadbalancer": {"vip_subnet_id": api.subnet}})[0] == 403
    api.settle()
    api.load_balancer()


def test_the_status_tree_shows_pools_of_listeners(api: Service) -> None:
    lb = api.load_balancer(name="lb")["id"]
    li = api.make("/listeners", "listener", loadbalancer_id=lb, protocol="HTTP", protocol_port=80)["id"]
    pool = api.make("/pools", "pool", listener_id=li, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    api.make("/pools", "pool", loadbalancer_id=lb, protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    api.make(f"/pools/{pool}/members", "member", address="192.0.2.1", protocol_port=80)
    tree = api.get(f"/loadbalancers/{lb}/status", "statuses")["loadbalancer"]
    assert tree == api.get(f"/loadbalancers/{lb}/statuses", "statuses")["loadbalancer"]
    assert (tree["id"], tree["name"], tree["provisioning_status"]) == (lb, "lb", "PENDING_CREATE")
    (found,) = tree["listeners"][0]["pools"]
    assert (found["id"], found["members"][0]["address"], found["health_monitor"]) == (pool, "192.0.2.1", None)


def test_the_status_tree_says_this_and_no_more(api: Service, tree: dict[str, str]) -> None:
    pool = {"loadbalancer_id": tree["lb"], "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "name": "other"}
    api.clock.turn(1)
    other = api.make("/pools", "pool", **pool)["id"]
    redirect = {"action": "REDIRECT_TO_POOL", "redirect_pool_id": other}
    api.ask("PUT", f"/l7policies/{tree['policy']}", {"l7policy": redirect})
    api.settle()
    found = api.get(f"/loadbalancers/{tree['lb']}/status", "statuses")["loadbalancer"]
    off = {"operating_status": "OFFLINE", "provisioning_status": "ACTIVE"}
    member = {"id": tree["member"], "name": "", "address": "192.0.2.7", "protocol_port": 80, **off}
    monitor = {"id": tree["hm"], "name": "", "type": "HTTP", **off, "operating_status": "ONLINE"}
    pools = [
        {"id": tree["pool"], "name": "", **off, "health_monitor": monitor, "members": [member]},
        {"id": other, "name": "other", **off, "health_monitor": None, "members": []},
    ]
    listener = {"id": tree["listener"], "name": "", **off, "pools": pools}
    assert found == {"id": tree["lb"], "name": "lb", **off, "listeners": [listener]}


def test_events_tell_who_changed_what_and_outlive_the_load_balancer(api: Service) -> None:
    lb = api.load_balancer(name="old")["id"]
    api.ask("PUT", f"/loadbalancers/{lb}", {"loadbalancer": {"name": "new"}})
    api.ask("DELETE", f"/loadbalancers/{lb}")
    api.settle()
    events = api.get(f"/loadbalancers/{lb}/events", "events")
    assert [e["action"] for e in events] == ["delete", "update", "create"]
    assert (events[1]["changes"], events[1]["who"], events[1]["type"]) == (
        {"name": ["old", "new"]},
        "mary",
        "load_balancer",
    )
    assert api.refused("GET", f"/loadbalancers/{lb}/events", token="foreign")[0] == 403


def test_statistics_are_sums(api: Service) -> None:
    lb = api.load_balancer()["id"]
    nothing = {"active_connections": 0, "bytes_in": 0, "bytes_out": 0, "request_errors": 0, "total_connections": 0}
    assert api.get(f"/loadbalancers/{lb}/stats", "stats") == nothing
    one, two = (
        api.make("/listeners", "listener", loadbalancer_id=lb, protocol="HTTP", protocol_port=p)["id"] for p in (80, 81)
    )
    counted = [(one, ids.new(), 7), (one, ids.new(), 20), (two, ids.new(), 100)]
    found = [Statistics(listener_id=li, amphora_id=a, load_balancer_id=lb, bytes_in=n) for li, a, n in counted]
    api.context.observed.write(lambda o: observed.set_statistics(o, found))
    assert api.get(f"/listeners/{one}/stats", "stats") == {**nothing, "bytes_in": 27}
    assert api.get(f"/loadbalancers/{lb}/stats", "stats") == {**nothing, "bytes_in": 127}


def test_providers_and_amphorae_are_listed(api: Service) -> None:
    assert [p["name"] for p in api.ask("GET", "/providers").json["providers"]] == ["amphora", "octavia"]
    assert api.refused("GET", "/v2/octavia/amphorae")[0] == 403
    assert api.ask("GET", "/v2/octavia/amphorae", token="admin").json["amphorae"] == []
    assert api.refused("GET", f"/v2/octavia/amphorae/{ids.new()}", token="admin")[0] == 404
