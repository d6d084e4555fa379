"""Section 3 of the contract, sentence by sentence: what every list can be asked for, and how it answers."""

from typing import Any

import pytest
from sqlalchemy import insert

from hydria.api.context import ApiSettings
from hydria.kit import ids
from hydria.storage import tables
from tests.unit.api.conftest import FOREIGN, PROJECT, Service, Start
from tests.unit.api.everything import KINDS, OFFERS, TREE, World


@pytest.fixture
def world(api: Service, tree: dict[str, str]) -> World:
    return World(api, tree)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_has_its_objects_and_their_links(world: World, kind: str) -> None:
    links = OFFERS[kind][2] if kind in OFFERS else f"{world.many(kind)}_links"
    assert world.answer(kind).json == {world.many(kind): [world.shown(kind)], links: []}
    (link,) = world.answer(kind, "limit=1").json[links]
    assert (link["rel"], set(link)) == ("next", {"rel", "href"})


def test_providers_have_links_too(api: Service) -> None:
    assert api.ask("GET", "/providers").json.keys() == {"providers", "providers_links"}


FILLED: dict[str, dict[str, Any]] = {
    "lb": {"description": "d", "vip_qos_policy_id": ids.new(), "tags": ["t"]},
    "listener": {"description": "d", "connection_limit": 7, "timeout_client_data": 7, "allowed_cidrs": ["10.0.0.0/8"]},
    "pool": {"description": "d"},
    "member": {"name": "m", "weight": 7, "monitor_port": 7, "monitor_address": "192.0.2.9", "backup": True},
    "hm": {"name": "h", "max_retries_down": 7, "http_version": 1.1, "domain_name": "a.test"},
    "policy": {"name": "p", "description": "d"},
    "rule": {"invert": True},
}
OBJECTS = {"additional_vips", "session_persistence", "insert_headers"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_that_is_shown_can_be_filtered_by(world: World, kind: str) -> None:
    path, root = world.where[kind]
    if kind in FILLED:
        changed = world.api.ask("PUT", f"{path}/{world.keys[kind]}", {root: FILLED[kind]})
        assert changed.status_code == 200, changed.text
        world.api.settle()
    (shown,) = world.listed(kind)
    for name, value in shown.items():
        for one in value if isinstance(value, list) else [value]:
            wanted = one["id"] if isinstance(one, dict) and "id" in one else one
            if wanted is not None and name not in OBJECTS:
                assert world.listed(kind, f"{name}={wanted}") == [shown], name
        if value is None or name in OBJECTS or name.endswith("_at"):
            continue
        other = {bool: "false" if value is True else "true", int: "9", float: "9"}.get(type(value), ids.new())
        assert world.listed(kind, f"{name}={other}") == [], name


@pytest.mark.parametrize(
    "kind,query",
    [
        ("lb", "id={}&name=other"),
        ("zone", "name={}&enabled=false"),
        ("amphora", "id={}&role=BACKUP"),
        ("quota", "project_id={}&pool=9"),
    ],
)
def test_filters_are_joined_by_and_and_their_values_by_or(world: World, kind: str, query: str) -> None:
    named = query.format(world.keys[kind])
    assert world.listed(kind, named) == []
    assert len(world.listed(kind, f"{named.partition('&')[0]}&{world.key(kind)}={ids.new()}")) == 1


NONSENSE = [
    ("colour=red", "faultstring"),
    ("sort=colour", "faultstring"),
    ("sort_key=colour", "faultstring"),
    ("marker=x", "faultstring"),
    (f"marker={ids.new()}", "faultstring"),
    ("sort=id:up", "description"),
    ("sort_key=id&sort_dir=up", "description"),
    ("limit=some", "description"),
    ("limit=", "description"),
    ("limit=1.5", "description"),
]


@pytest.mark.parametrize("query,shape", NONSENSE)
def test_a_question_that_makes_no_sense_is_400(world: World, query: str, shape: str) -> None:
    for kind in KINDS:
        result = world.answer(kind, query.replace("id", world.key(kind)))
        assert (result.status_code, shape in result.json) == (400, True), (kind, result.text)


@pytest.mark.parametrize("kind", TREE)
def test_tags_are_looked_for_in_four_ways(world: World, kind: str) -> None:
    path, root = world.where[kind]
    world.api.ask("PUT", f"{path}/{world.keys[kind]}", {root: {"tags": ["a", "b"]}})
    found = {"tags=a": 1, "tags=a,b": 1, "tags=a&tags=b": 1, "tags=a,c": 0, "tags-any=b,c": 1, "tags-any=c": 0}
    found |= {
        "not-tags=a,b": 0,
        "not-tags=a,c": 1,
        "not-tags-any=a,c": 0,
        "not-tags-any=c,d": 1,
        "tags=a&not-tags=b": 0,
    }
    assert {query: len(world.listed(kind, query)) for query in found} == found


@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_chosen_in_lists_and_shows(world: World, kind: str) -> None:
    name = world.key(kind)
    only = {name: world.shown(kind)[name]}
    for query, found in ((f"fields={name}", only), (f"fields={name}&fields=colour", only), ("fields=colour", {})):
        assert (world.listed(kind, query), world.shown(kind, query)) == ([found], found)
    two = list(world.shown(kind))[:2]
    assert set(world.shown(kind, f"fields={two[0]}&fields={two[1]}")) == set(two)


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_that_is_shown_can_be_sorted_by(world: World, kind: str) -> None:
    for name, value in world.shown(kind).items():
        if isinstance(value, list | dict) or name in OBJECTS | {
            "tls_versions",
            "alpn_protocols",
            "allowed_cidrs",
            "healthmonitor_id",
        }:
            assert world.answer(kind, f"sort={name}").status_code == 400, name
            continue
        for query in (f"sort={name}", f"sort={name}:desc", f"sort_key={name}&sort_dir=asc"):
            assert len(world.listed(kind, query)) == 1, query
            assert world.listed(kind, f"{query}&marker={world.keys[kind]}&limit=1") == [], query


@pytest.fixture
def five(api: Service) -> Service:
    """Five load balancers of different ages, names and states."""
    for name, description in zip("abcde", "xyxyx", strict=True):
        lb = api.load_balancer(name=name, description=description, admin_state_up=name != "e")["id"]
        if name in "bd":
            seen = {"object_id": lb, "load_balancer_id": lb, "status": "ONLINE" if name == "b" else "ERROR", "at": 1}
            api.context.observed.write(lambda o, seen=seen: o.execute(insert(tables.OPERATING), seen))  # type: ignore[misc]
        api.clock.turn(1)
    return api


def named(api: Service, query: str) -> str:
    return "".join(lb["name"] for lb in api.get(f"/loadbalancers?{query}", "loadbalancers"))


SORTED = [
    ("", "abcde"),
    ("sort=name", "abcde"),
    ("sort=name:desc", "edcba"),
    ("sort=description", "acebd"),
    ("sort=description:desc,name:desc", "dbeca"),
    ("sort_key=name", "abcde"),
    ("sort_key=name&sort_dir=DESC", "edcba"),
    ("sort_key=description,name&sort_dir=desc", "bdace"),
    ("sort=name:desc&sort_key=name&sort_dir=asc", "edcba"),
    ("sort=operating_status,name", "daceb"),
    ("sort=operating_status:desc,name", "baced"),
    ("sort=provisioning_status,name:desc", "edcba"),
    ("sort=admin_state_up", "eabcd"),
    ("sort=updated_at,id&name=a", "a"),
    ("sort=vip_vnic_type,tenant_id", "abcde"),
]


@pytest.mark.parametrize("query,found", SORTED)
def test_a_list_is_sorted_as_is_asked_and_then_by_age(five: Service, query: str, found: str) -> None:
    assert named(five, query) == found


@pytest.mark.parametrize("query,found", SORTED)
def test_pages_of_every_order_hold_everything_once(five: Service, query: str, found: str) -> None:
    """Forwards by the links that lead on, and backwards by those that lead back."""
    path, forwards, backwards = f"/v2/lbaas/loadbalancers?{query}&limit=2", "", ""
    last = path
    while path:
        page = five.ask("GET", path).json
        forwards += "".join(lb["name"] for lb in page["loadbalancers"])
        last, path = path, _link(page, "next")
    assert forwards == found
    while last := _link(five.ask("GET", last).json, "previous"):
        backwards = "".join(lb["name"] for lb in five.ask("GET", last).json["loadbalancers"]) + backwards
    assert found.startswith(backwards)


def _link(page: dict[str, Any], rel: str) -> str:
    found = [link["href"] for link in page["loadbalancers_links"] if link["rel"] == rel]
    return found[0].removeprefix("http://falconframework.org") if found else ""


@pytest.mark.parametrize(
    "query,count",
    [("", 3), ("limit=2", 2), ("limit=9", 3), ("limit=0", 5), ("limit=-1", 5), ("limit=infinite", 5), ("limit=%31", 1)],
)
def test_a_page_has_a_limit_and_who_asks_gets_everything(start: Start, query: str, count: int) -> None:
    api = start(ApiSettings(pagination_max_limit=3))
    for _ in range(5):
        api.load_balancer()
    answer = api.ask("GET", f"/loadbalancers?{query}").json
    assert (len(answer["loadbalancers"]), bool(answer["loadbalancers_links"])) == (count, count < 5)


@pytest.mark.parametrize("limit,leads_on", [(4, True), (5, True), (6, False)])
def test_the_last_page_when_exactly_full_still_leads_on(five: Service, limit: int, leads_on: bool) -> None:
    page = five.ask("GET", f"/loadbalancers?limit={limit}").json
    assert bool(_link(page, "next")) == leads_on
    if limit == 5:
        assert five.ask("GET", _link(page, "next")).json == {"loadbalancers": [], "loadbalancers_links": []}


@pytest.mark.parametrize("base", ["https://lb.example.com/load-balancer", None])
def test_links_are_of_the_address_that_clients_use_and_keep_the_question(start: Start, base: str | None) -> None:
    api = start(ApiSettings(public_url=base))
    for _ in range(2):
        api.load_balancer()
    query = "limit=1&sort=name:desc&sort_key=id&name="
    first = api.ask("GET", f"/loadbalancers?{query}").json
    (on,) = first["loadbalancers_links"]
    assert on["href"].startswith(f"{base or 'http://falconframework.org'}/v2/lbaas/loadbalancers?")
    assert all(word in on["href"] for word in ("limit=1", "sort=name%3Adesc", "sort_key=id", "name=", "marker="))
    (second, *_) = api.ask("GET", "/loadbalancers?" + on["href"].partition("?")[2]).json["loadbalancers_links"][1:]
    assert (second["rel"], "page_reverse=True" in second["href"]) == ("previous", True)


def test_links_are_below_where_the_api_is_mounted(five: Service) -> None:
    headers = {"X-Auth-Token": "member"}
    answer = five.http.simulate_get("/v2/lbaas/loadbalancers", params={"limit": 1}, headers=headers, root_path="/lb")
    assert _link(answer.json, "next").startswith("/lb/v2/lbaas/loadbalancers?")


@pytest.mark.parametrize("many", ["loadbalancers", "listeners", "pools", "healthmonitors", "l7policies", "quotas"])
@pytest.mark.parametrize("name", ["project_id", "tenant_id"])
def test_another_project_is_listed_by_those_who_read_all(world: World, many: str, name: str) -> None:
    codes = {}
    for token in ("member", "reader", "foreign", "admin"):
        found = world.api.ask("GET", f"/{many}?{name}={PROJECT}", token=token)
        codes[token] = (found.status_code, len(found.json.get(many, [])))
    assert codes == {"member": (200, 1), "reader": (200, 1), "foreign": (403, 0), "admin": (200, 1)}
    assert world.api.ask("GET", f"/{many}", token="foreign").json[many] == []
    assert world.api.ask("GET", f"/{many}?{name}={FOREIGN}", token="admin").json[many] == []


@pytest.mark.parametrize("kind", TREE[::-1])
def test_what_is_deleted_is_not_listed(world: World, kind: str) -> None:
    path, _ = world.where[kind]
    assert world.api.ask("DELETE", f"{path}/{world.keys[kind]}?cascade=true").status_code == 204
    world.api.settle()
    gone = world.answer(kind)
    assert (gone.status_code, gone.json.get(world.many(kind), [])) == (200, [])


SWITCHES: dict[str, tuple[str, str]] = {
    "allow_pagination": ("limit=1&marker=x&page_reverse=True&sort=name:desc", "edcba"),
    "allow_sorting": ("sort=colour&sort_key=x&sort_dir=up&limit=2", "ab"),
    "allow_filtering": ("name=b&colour=red&tags=x&sort=name:desc", "edcba"),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_is_passed_over(start: Start, switch: str) -> None:
    query, found = SWITCHES[switch]
    settings: Any = {switch: False}
    api = start(ApiSettings(pagination_max_limit=4, **settings))
    for name in "abcde":
        api.load_balancer(name=name)
        api.clock.turn(1)
    assert named(api, query) == found[: 5 if switch == "allow_pagination" else 4]
    assert ("marker" in api.ask("GET", "/loadbalancers?limit=1").text) == (switch != "allow_pagination")


def test_fields_are_not_chosen_where_that_is_switched_off(start: Start) -> None:
    api = start(ApiSettings(allow_field_selection=False))
    lb = api.load_balancer()
    assert api.get("/loadbalancers?fields=name", "loadbalancers")[0].keys() == lb.keys()
    assert api.get(f"/loadbalancers/{lb['id']}?fields=name", "loadbalancer").keys() == lb.keys()
