"""Lists through the API: filters, tags, fields, sorting, pages, and who sees what."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert

from hydria.domain import kinds
from hydria.storage import shown, tables
from tests.unit.api.conftest import FOREIGN, PROJECT, Service

Names = Callable[[str], list[str]]


@pytest.fixture
def names(api: Service) -> Names:
    """Four load balancers, one of them another project's; the names a list shows."""
    for name, tags in (("a", ["x", "y"]), ("b", ["x"]), ("c", [])):
        api.load_balancer(name=name, tags=tags, admin_state_up=name != "c")
        api.clock.turn(1)
    api.token = "foreign"
    api.load_balancer(name="d")
    api.token = "member"

    def listed(query: str) -> list[str]:
        result = api.ask("GET", f"/loadbalancers?{query}")
        assert result.status_code == 200, result.text
        return [lb["name"] for lb in result.json["loadbalancers"]]

    return listed


@pytest.mark.parametrize(
    "query,found",
    [
        ("", "abc"),
        ("name=b", "b"),
        ("name=b&name=c", "bc"),
        ("name=", ""),
        ("admin_state_up=False", "c"),
        ("admin_state_up=true&provider=amphora", "ab"),
        ("vip_port_id=nonsense", ""),
        (f"project_id={PROJECT}", "abc"),
        ("provisioning_status=PENDING_CREATE", "abc"),
        ("provisioning_status=ACTIVE", ""),
        ("operating_status=OFFLINE", "abc"),
        ("operating_status=ONLINE", ""),
        ("created_at=2027-01-15T08:00:01", "b"),
        ("tags=x", "ab"),
        ("tags=x,y", "a"),
        ("tags=x&tags=y", "a"),
        ("tags-any=x,y", "ab"),
        ("not-tags=x,y", "bc"),
        ("not-tags-any=x,y", "c"),
        ("tags=X", ""),
        ("sort=name:desc", "cba"),
        ("sort_key=name&sort_dir=desc", "cba"),
        ("sort=admin_state_up:desc,name:desc", "bac"),
        ("sort=updated_at", "abc"),
        ("limit=2", "ab"),
        ("limit=0", "abc"),
        ("limit=infinite", "abc"),
    ],
)
def test_a_list_holds_what_was_asked_for(names: Names, query: str, found: str) -> None:
    assert "".join(names(query)) == found


@pytest.mark.parametrize(
    "query,shape",
    [
        ("colour=red", "faultstring"),
        ("additional_vips=x", "faultstring"),
        ("name=%00", "faultstring"),
        ("admin_state_up=maybe", "faultstring"),
        ("sort=colour", "faultstring"),
        ("marker=11111111-1111-1111-1111-111111111111", "faultstring"),
        ("sort=name:up", "description"),
        ("limit=some", "description"),
    ],
)
def test_a_bad_question_is_400(api: Service, query: str, shape: str) -> None:
    result = api.ask("GET", f"/loadbalancers?{query}")
    assert (result.status_code, shape in result.json) == (400, True)


def test_pages_lead_to_each_other(api: Service, names: Names) -> None:
    first = api.ask("GET", "/loadbalancers?limit=2&sort=name").json
    (link,) = first["loadbalancers_links"]
    assert link["rel"] == "next"
    second = api.ask("GET", link["href"].partition("/v2/lbaas")[2]).json
    assert [lb["name"] for lb in second["loadbalancers"]] == ["c"]
    (back,) = second["loadbalancers_links"]
    assert back["rel"] == "previous"
    assert api.ask("GET", back["href"].partition("/v2/lbaas")[2]).json["loadbalancers"] == first["loadbalancers"]


def test_only_the_fields_that_were_asked_for(api: Service, names: Names) -> None:
    assert api.ask("GET", "/loadbalancers?fields=name&name=a").json["loadbalancers"] == [{"name": "a"}]
    assert api.ask("GET", "/loadbalancers?fields=colour&name=a").json["loadbalancers"] == [{}]


def test_another_project_is_seen_by_administrators_only(api: Service, names: Names) -> None:
    assert api.refused("GET", f"/loadbalancers?project_id={FOREIGN}")[0] == 403
    api.token = "admin"
    assert names("") == ["a", "b", "c", "d"]
    assert names(f"project_id={FOREIGN}") == ["d"]


def test_an_observed_status_is_shown_and_found(api: Service) -> None:
    lb = api.load_balancer()["id"]
    seen = {"object_id": lb, "load_balancer_id": lb, "status": "ONLINE", "at": 1}
    api.context.observed.write(lambda o: o.execute(insert(tables.OPERATING), seen))
    assert api.get(f"/loadbalancers/{lb}", "loadbalancer")["operating_status"] == "ONLINE"
    assert [x["id"] for x in api.ask("GET", "/loadbalancers?operating_status=ONLINE").json["loadbalancers"]] == [lb]
    assert api.ask("GET", "/loadbalancers?operating_status=OFFLINE").json["loadbalancers"] == []


def test_children_are_found_by_what_they_belong_to(api: Service) -> None:
    lb, other = api.load_balancer()["id"], api.load_balancer()["id"]
    li = api.make("/listeners", "listener", loadbalancer_id=lb, protocol="TCP", protocol_port=80)["id"]
    pool = api.make("/pools", "pool", listener_id=li, protocol="TCP", lb_algorithm="ROUND_ROBIN")["id"]
    api.make("/pools", "pool", loadbalancer_id=other, protocol="TCP", lb_algorithm="ROUND_ROBIN")
    for query in (f"loadbalancer_id={lb}", f"listener_id={li}"):
        assert [p["id"] for p in api.ask("GET", f"/pools?{query}").json["pools"]] == [pool]


def _settled_halfway(api: Service) -> None:
    """Objects of every provisioning status."""
    for name in ("active", "updated", "deleted", "refused", "late"):
        lb = api.load_balancer(name=name)["id"]
        api.make("/listeners", "listener", loadbalancer_id=lb, protocol="TCP", protocol_port=80)
    api.settle()
    by_name = {lb["name"]: lb["id"] for lb in api.ask("GET", "/loadbalancers").json["loadbalancers"]}
    api.ask("PUT", f"/loadbalancers/{by_name['late']}", {"loadbalancer": {"name": "late"}})
    api.clock.turn(31)
    api.ask("PUT", f"/loadbalancers/{by_name['updated']}", {"loadbalancer": {}})
    api.ask("DELETE", f"/loadbalancers/{by_name['deleted']}?cascade=true")
    refused = {
        "object_id": by_name["refused"],
        "load_balancer_id": by_name["refused"],
        "kind": "load_balancer",
        "changed": 1,
    }
    rest = {"held": False, "reason": "no", "revision": 1, "image": "", "bare": False, "at": 1}
    api.context.database.write(lambda c: c.execute(insert(tables.VERDICT), {**refused, **rest}))
    api.load_balancer(name="created")


def test_the_status_is_the_same_in_sql_and_in_the_domain(api: Service) -> None:
    _settled_halfway(api)
    for kind in (kinds.LOADBALANCER, kinds.LISTENER):
        every: list[dict[str, Any]] = api.ask("GET", f"/{kind.many}").json[kind.many]
        statuses = {thing["provisioning_status"] for thing in every}
        assert len(statuses) >= 2
        for status in statuses:
            wanted = {thing["id"] for thing in every if thing["provisioning_status"] == status}
            listed = api.ask("GET", f"/{kind.many}?provisioning_status={status}").json[kind.many]
            assert {thing["id"] for thing in listed} == wanted


def test_a_refused_object_says_why(api: Service) -> None:
    _settled_halfway(api)
    (lb,) = api.ask("GET", "/loadbalancers?name=refused").json["loadbalancers"]
    assert (lb["provisioning_status"], lb["reason"], lb["failed_step"]) == ("ERROR", "no", "prove")
    assert lb["remedy"]


def test_a_moment_is_written_without_zone() -> None:
    assert shown.moment(1_800_000_000_999_999) == "2027-01-15T08:00:00"
    assert shown.moment(None) is None
