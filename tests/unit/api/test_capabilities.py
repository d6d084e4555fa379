"""What providers say that flavors and availability zones may set; quotas as administrators list them."""

from typing import Any

import pytest

from tests.unit.api.conftest import FOREIGN, PROJECT, Service


@pytest.mark.parametrize(
    "what,known",
    [
        (
            "flavor_capabilities",
            {"loadbalancer_topology", "compute_flavor", "amp_image_tag", "sriov_vip", "allow_member_sriov"},
        ),
        (
            "availability_zone_capabilities",
            {"compute_zone", "volume_zone", "management_network", "valid_vip_networks"},
        ),
    ],
)
def test_a_provider_says_what_may_be_set(api: Service, what: str, known: set[str]) -> None:
    api.token = "admin"
    for name in ("amphora", "octavia"):
        found = api.get(f"/providers/{name}/{what}", what)
        assert {f["name"] for f in found} == known
        assert all(set(f) == {"name", "description"} and f["description"] for f in found)
    assert all(set(f) == {"name"} for f in api.get(f"/providers/amphora/{what}?fields=name", what))


def test_a_provider_that_is_not_enabled_says_nothing(api: Service) -> None:
    assert api.refused("GET", "/providers/vendor/flavor_capabilities", token="admin")[0] == 400


def test_capabilities_are_for_administrators(api: Service) -> None:
    assert api.refused("GET", "/providers/amphora/flavor_capabilities")[0] == 403


def test_quotas_of_projects_are_filtered_and_paged(api: Service) -> None:
    api.token = "admin"
    for project, most in ((PROJECT, 7), (FOREIGN, 8)):
        api.ask("PUT", f"/quotas/{project}", {"quota": {"health_monitor": most}})
    assert [q["project_id"] for q in api.get("/quotas?healthmonitor=8", "quotas")] == [FOREIGN]
    assert [q["health_monitor"] for q in api.get("/quotas?limit=1", "quotas")] == [7]
    assert [q["healthmonitor"] for q in api.get(f"/quotas?marker={PROJECT}", "quotas")] == [8]
    assert api.refused("GET", "/quotas?colour=red")[0] == 400


def test_a_user_lists_the_quota_of_their_project_only(api: Service) -> None:
    for project in (PROJECT, FOREIGN):
        api.ask("PUT", f"/quotas/{project}", {"quota": {"pool": 7}}, token="admin")
    assert [q["project_id"] for q in api.get("/quotas", "quotas")] == [PROJECT]
    assert api.refused("GET", f"/quotas?project_id={FOREIGN}")[0] == 403


def test_a_batch_at_the_limit_may_swap_members(api: Service) -> None:
    lb = api.load_balancer()["id"]
    pool = api.make("/pools", "pool", loadbalancer_id=lb, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"member": 2}}, token="admin")
    path = f"/pools/{pool}/members"
    for hosts, code in (((1, 2), 202), ((3, 4), 202)):
        members = [{"address": f"192.0.2.{n}", "protocol_port": 80} for n in hosts]
        assert api.ask("PUT", path, {"members": members}).status_code == code


LIMITS = ("loadbalancer", "listener", "pool", "member", "healthmonitor", "l7policy", "l7rule")
OLD = {"load_balancer": "loadbalancer", "health_monitor": "healthmonitor"}
NO_LIMITS: tuple[Any, ...] = (-2, 2000000001, 2**70, "many", "", 1.5, True, [], {})


@pytest.mark.parametrize("name", [*LIMITS, *OLD])
def test_a_limit_is_taken_refused_and_reset(api: Service, name: str) -> None:
    api.token, path, today = "admin", f"/quotas/{PROJECT}", OLD.get(name, name)
    for value in (-1, 0, 2000000000, "7"):
        said = api.ask("PUT", path, {"quota": {name: value}})
        assert (said.status_code, said.json["quota"][name], said.json["quota"][today]) == (202, int(value), int(value))
    for wrong in NO_LIMITS:
        code, text = api.refused("PUT", path, {"quota": {name: wrong}})
        assert (code, name in text, "-1 to 2000000000" in text) == (400, True, True), (wrong, text)
    assert api.get(path, "quota")[name] == 7
    assert api.ask("PUT", path, {"quota": {name: None}}).json["quota"][today] == -1


def test_a_quota_shows_every_limit_and_takes_nothing_else(api: Service) -> None:
    api.token, path = "admin", f"/quotas/{PROJECT}"
    assert set(api.get(path, "quota")) == {*LIMITS, *OLD, "project_id", "tenant_id"}
    for name in ("project_id", "tenant_id", "colour"):
        code, text = api.refused("PUT", path, {"quota": {name: PROJECT}})
        assert (code, name in text) == (400, True)
    assert api.refused("PUT", path, {"quota": {"loadbalancer": 1, "load_balancer": 2}})[0] == 400
    assert api.ask("PUT", path, {"quota": {"loadbalancer": 1, "load_balancer": 1}}).status_code == 202
