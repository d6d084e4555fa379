"""Availability zones, known by name, and their profiles; load balancers that choose one."""

import json
from typing import Any

import pytest

from hydria.kit import ids
from tests.unit.api.conftest import Service

DATA = json.dumps({"compute_zone": "east"})


@pytest.fixture
def profile(api: Service) -> dict[str, Any]:
    return profiled(api, DATA)


def profiled(api: Service, data: str) -> dict[str, Any]:
    api.token = "admin"
    body = {"name": "eastern", "provider_name": "amphora", "availability_zone_data": data}
    return api.make("/availabilityzoneprofiles", "availability_zone_profile", **body)


def zoned(api: Service, profile: dict[str, Any], name: str = "east", **more: Any) -> dict[str, Any]:
    body = {"name": name, "availability_zone_profile_id": profile["id"], **more}
    return api.make("/availabilityzones", "availability_zone", **body)


def test_a_profile_is_shown_changed_listed_and_deleted(api: Service, profile: dict[str, Any]) -> None:
    path = f"/availabilityzoneprofiles/{profile['id']}"
    changed = api.ask("PUT", path, {"availability_zone_profile": {"name": "western"}}).json
    assert changed["availability_zone_profile"] == {**profile, "name": "western"}
    listed = api.ask("GET", "/availabilityzoneprofiles").json
    assert listed == {
        "availability_zone_profiles": [{**profile, "name": "western"}],
        "availability_zone_profile_links": [],
    }
    assert api.ask("DELETE", path).status_code == 204


def test_a_zone_is_known_by_its_name(api: Service, profile: dict[str, Any]) -> None:
    zone = zoned(api, profile)
    assert zone == {
        "name": "east",
        "description": "",
        "enabled": True,
        "availability_zone_profile_id": profile["id"],
    }
    assert api.get("/availabilityzones/east", "availability_zone") == zone
    changed = api.ask("PUT", "/availabilityzones/east", {"availability_zone": {"description": "sunny"}})
    assert changed.json["availability_zone"]["description"] == "sunny"
    assert api.refused("PUT", "/availabilityzones/east", {"availability_zone": {"name": "west"}})[0] == 400
    assert api.ask("DELETE", "/availabilityzones/east").status_code == 204
    assert api.ask("GET", "/availabilityzones/east").status_code == 404


def test_names_are_unique_and_the_reserved_one_is_not_to_be_had(api: Service, profile: dict[str, Any]) -> None:
    zoned(api, profile)
    for name, code in (("east", 409), (ids.NIL, 400), ("", 400)):
        body = {"name": name, "availability_zone_profile_id": profile["id"]}
        assert api.refused("POST", "/availabilityzones", {"availability_zone": body})[0] == code
    assert api.refused("DELETE", f"/availabilityzones/{ids.NIL}")[0] == 404


def test_a_profile_in_use_keeps_its_data_and_stays(api: Service, profile: dict[str, Any]) -> None:
    zoned(api, profile)
    path = f"/availabilityzoneprofiles/{profile['id']}"
    assert api.refused("PUT", path, {"availability_zone_profile": {"availability_zone_data": "{}"}})[0] == 409
    assert api.refused("DELETE", path)[0] == 409


@pytest.mark.parametrize("data,code", [("7", 400), ('{"planet": "mars"}', 501), ('{"valid_vip_networks": "all"}', 501)])
def test_what_a_profile_sets_is_checked(api: Service, data: str, code: int) -> None:
    body = {"name": "odd", "provider_name": "amphora", "availability_zone_data": data}
    path = "/availabilityzoneprofiles"
    assert api.refused("POST", path, {"availability_zone_profile": body}, token="admin")[0] == code


def test_pages_of_zones_go_by_name(api: Service, profile: dict[str, Any]) -> None:
    for name in ("c", "a", "b"):
        zoned(api, profile, name)
    first = api.ask("GET", "/availabilityzones?limit=2").json
    assert [z["name"] for z in first["availability_zones"]] == ["a", "b"]
    assert "marker=b" in first["availability_zones_links"][0]["href"]
    assert [z["name"] for z in api.ask("GET", "/availabilityzones?marker=b").json["availability_zones"]] == ["c"]


# --- chosen by load balancers


def test_a_load_balancer_shows_its_zone_and_keeps_it_from_deletion(api: Service, profile: dict[str, Any]) -> None:
    zoned(api, profile)
    assert api.load_balancer(availability_zone="east")["availability_zone"] == "east"
    assert api.refused("DELETE", "/availabilityzones/east")[0] == 409


@pytest.mark.parametrize("zone", ["off", "nowhere"])
def test_a_zone_must_be_there_and_enabled(api: Service, profile: dict[str, Any], zone: str) -> None:
    zoned(api, profile, "off", enabled=False)
    body = {"loadbalancer": {"vip_subnet_id": api.subnet, "availability_zone": zone}}
    code, text = api.refused("POST", "/loadbalancers", body)
    assert (code, "availability_zone" in text) == (400, True)


def test_a_zone_may_name_the_networks_of_vips(api: Service) -> None:
    network = next(s.id for s in api.context.network.networks() if s.name == "demo")
    zoned(api, profiled(api, json.dumps({"valid_vip_networks": [network]})), "here")
    zoned(api, profiled(api, json.dumps({"valid_vip_networks": [ids.new()]})), "elsewhere")
    assert api.load_balancer(availability_zone="here")["vip_network_id"] == network
    body = {"vip_subnet_id": api.subnet, "availability_zone": "elsewhere"}
    assert api.refused("POST", "/loadbalancers", {"loadbalancer": body})[0] == 400
