"""Flavors and their profiles, and load balancers that choose them."""

import json
from typing import Any

import pytest

from hydria.api.context import ApiSettings
from hydria.kit import ids
from hydria.render.unsupported import LACKS
from tests.unit.api.conftest import Service, Start

SINGLE = json.dumps({"loadbalancer_topology": "SINGLE"})


@pytest.fixture
def profile(api: Service) -> dict[str, Any]:
    return profiled(api)


def profiled(api: Service, data: str = SINGLE, provider: str = "amphora") -> dict[str, Any]:
    api.token = "admin"
    return api.make("/flavorprofiles", "flavorprofile", name="fast", provider_name=provider, flavor_data=data)


def flavored(api: Service, profile: dict[str, Any], **more: Any) -> dict[str, Any]:
    return api.make("/flavors", "flavor", **{"name": "gold", "flavor_profile_id": profile["id"], **more})


def test_a_profile_is_shown_changed_listed_and_deleted(api: Service, profile: dict[str, Any]) -> None:
    path = f"/flavorprofiles/{profile['id']}"
    assert profile == {"id": profile["id"], "name": "fast", "provider_name": "amphora", "flavor_data": SINGLE}
    changed = api.ask("PUT", path, {"flavorprofile": {"name": "slow", "flavor_data": "{}"}})
    assert (changed.status_code, changed.json["flavorprofile"]["flavor_data"]) == (200, "{}")
    listed = api.ask("GET", "/flavorprofiles?name=slow&fields=name").json
    assert listed == {"flavorprofiles": [{"name": "slow"}], "flavorprofile_links": []}
    assert api.ask("DELETE", path).status_code == 204
    assert api.ask("GET", path).status_code == 404


def test_a_flavor_is_shown_changed_listed_and_deleted(api: Service, profile: dict[str, Any]) -> None:
    flavor = flavored(api, profile)
    path = f"/flavors/{flavor['id']}"
    assert flavor == {**flavor, "name": "gold", "description": "", "enabled": True, "flavor_profile_id": profile["id"]}
    body = {"description": "shiny", "enabled": "false"}
    assert api.ask("PUT", path, {"flavor": body}).json["flavor"]["enabled"] is False
    assert api.ask("PUT", path, {"flavor": {"description": None}}).json["flavor"]["description"] == ""
    assert api.ask("GET", "/flavors?enabled=true").json == {"flavors": [], "flavors_links": []}
    assert api.ask("DELETE", path).status_code == 204


@pytest.mark.parametrize(
    "data,code",
    [("[1]", 400), ("{", 400), ('{"colour": "red"}', 501), ('{"loadbalancer_topology": "TRIPLE"}', 501)],
)
def test_what_a_profile_sets_is_checked(api: Service, data: str, code: int) -> None:
    api.token = "admin"
    body = {"name": "odd", "provider_name": "amphora", "flavor_data": data}
    assert api.refused("POST", "/flavorprofiles", {"flavorprofile": body})[0] == code


def test_a_profile_is_for_a_provider_that_is_enabled(api: Service) -> None:
    api.token = "admin"
    body = {"name": "odd", "provider_name": "vendor", "flavor_data": "{}"}
    assert api.refused("POST", "/flavorprofiles", {"flavorprofile": body})[0] == 400


def test_a_profile_in_use_keeps_its_data_and_stays(api: Service, profile: dict[str, Any]) -> None:
    flavored(api, profile)
    path = f"/flavorprofiles/{profile['id']}"
    assert api.refused("PUT", path, {"flavorprofile": {"flavor_data": "{}"}})[0] == 409
    assert api.refused("PUT", path, {"flavorprofile": {"provider_name": "octavia"}})[0] == 409
    assert api.ask("PUT", path, {"flavorprofile": {"name": "new", "flavor_data": SINGLE}}).status_code == 200
    assert api.refused("DELETE", path)[0] == 409


def test_names_of_flavors_are_unique(api: Service, profile: dict[str, Any]) -> None:
    flavored(api, profile)
    other = flavored(api, profile, name="silver")
    body = {"name": "gold", "flavor_profile_id": profile["id"]}
    assert api.refused("POST", "/flavors", {"flavor": body})[0] == 409
    assert api.refused("PUT", f"/flavors/{other['id']}", {"flavor": {"name": "gold"}})[0] == 409


def test_a_flavor_needs_a_profile_that_exists(api: Service) -> None:
    api.token = "admin"
    body = {"name": "gold", "flavor_profile_id": ids.new()}
    assert api.refused("POST", "/flavors", {"flavor": body})[0] == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path,root",
    [
        ("/flavors", "flavor"),
        ("/flavorprofiles", "flavorprofile"),
        ("/availabilityzones", "availability_zone"),
        ("/availabilityzoneprofiles", "availability_zone_profile"),
    ],
)
@pytest.mark.parametrize("key", [ids.NIL, "11111111-2222-3333-4444-555555555555", "not-an-id"])
def test_nothing_and_the_reserved_one_are_not_found(api: Service, method: str, path: str, root: str, key: str) -> None:
    body = {root: {} if root.endswith("profile") else {"description": "x"}} if method == "PUT" else None
    assert api.refused(method, f"{path}/{key}", body, token="admin")[0] == 404


def test_everybody_sees_flavors_and_only_administrators_profiles(api: Service, profile: dict[str, Any]) -> None:
    flavor = flavored(api, profile)
    codes = [
        api.ask(m, p, b, token="member").status_code
        for m, p, b in (
            ("GET", "/flavors", None),
            ("GET", f"/flavors/{flavor['id']}", None),
            ("PUT", f"/flavors/{flavor['id']}", {"flavor": {"name": "x"}}),
            ("DELETE", f"/flavors/{flavor['id']}", None),
            ("GET", "/flavorprofiles", None),
            ("GET", f"/flavorprofiles/{profile['id']}", None),
        )
    ]
    assert codes == [200, 200, 403, 403, 403, 403]


def test_lists_of_flavors_are_sorted_and_paged(api: Service, profile: dict[str, Any]) -> None:
    for n in range(5):
        flavored(api, profile, name=f"f{n}")
    first = api.ask("GET", "/flavors?sort=name:desc&limit=2").json
    assert [f["name"] for f in first["flavors"]] == ["f4", "f3"]
    query = first["flavors_links"][0]["href"].split("?")[1]
    then = api.ask("GET", f"/flavors?{query}").json
    assert [f["name"] for f in then["flavors"]] == ["f2", "f1"]
    assert {link["rel"] for link in then["flavors_links"]} == {"next", "previous"}
    assert api.refused("GET", "/flavors?sort=colour")[0] == 400
    assert api.refused("GET", "/flavors?colour=red")[0] == 400
    assert api.refused("GET", f"/flavors?marker={ids.new()}")[0] == 400


# --- chosen by load balancers


def test_a_load_balancer_shows_its_flavor_and_keeps_it_from_deletion(api: Service, profile: dict[str, Any]) -> None:
    flavor = flavored(api, profile)["id"]
    lb = api.load_balancer(flavor_id=flavor)
    assert (lb["flavor_id"], lb["provider"]) == (flavor, "amphora")
    assert api.refused("DELETE", f"/flavors/{flavor}")[0] == 409
    api.ask("DELETE", f"/loadbalancers/{lb['id']}")
    assert api.refused("DELETE", f"/flavors/{flavor}")[0] == 409
    api.settle()
    assert api.ask("DELETE", f"/flavors/{flavor}").status_code == 204


@pytest.mark.parametrize("enabled", [True, False])
def test_a_flavor_must_be_there_and_enabled(api: Service, profile: dict[str, Any], enabled: bool) -> None:
    flavor = flavored(api, profile, enabled=False)["id"] if not enabled else ids.NIL
    body = {"loadbalancer": {"vip_subnet_id": api.subnet, "flavor_id": flavor}}
    code, text = api.refused("POST", "/loadbalancers", body)
    assert (code, "flavor_id" in text) == (400, True)


def test_the_provider_is_the_flavors_and_may_not_differ(start: Start) -> None:
    names = {"amphora": "ours", "octavia": "ours too", "vendor": "theirs"}
    api = start(ApiSettings(providers=names, drivers=frozenset({"amphora", "vendor"})))
    flavor = flavored(api, profiled(api, '{"any": "thing"}', "vendor"))["id"]
    assert api.load_balancer(flavor_id=flavor)["provider"] == "vendor"
    body = {"vip_subnet_id": api.subnet, "flavor_id": flavor, "provider": "octavia"}
    assert api.refused("POST", "/loadbalancers", {"loadbalancer": body})[0] == 400


def test_what_the_data_plane_cannot_serve_is_refused_when_it_is_offered_and_when_it_is_chosen(start: Start) -> None:
    before, today = start(), start(lacks=LACKS)
    fine = flavored(before, profiled(before))["id"]
    asked = '{"loadbalancer_topology": "ACTIVE_STANDBY"}'
    pair = flavored(before, profiled(before, asked), name="pair")["id"]
    assert today.load_balancer(flavor_id=fine)["flavor_id"] == fine
    profile = {"name": "p", "provider_name": "amphora", "flavor_data": asked}
    for path, root, body in (
        ("/loadbalancers", "loadbalancer", {"vip_subnet_id": today.subnet, "flavor_id": pair}),
        ("/flavorprofiles", "flavorprofile", profile),
    ):
        code, text = today.refused("POST", path, {root: body}, token="admin")
        assert (code, "ACTIVE_STANDBY" in text) == (501, True)
