"""What the description of the API offers works and what answers 501 is marked so, tried over HTTP both ways."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from hydria.domain import capabilities, kinds
from hydria.domain.lacks import Lacks
from hydria.render.unsupported import LACKS
from tests.unit.api.conftest import Service, Start
from tests.unit.api.table import TREE, Body, Shown
from tests.unit.api.workshop import BESIDE, MONITOR, RULE, Refused, Workshop

DEPLOYMENTS = {"haproxy": LACKS, "nothing": Lacks()}
ANY = "cccccccc-0000-4000-8000-000000000001"
BARE = {
    "vip_network_id": ANY,
    "additional_vips": [{"subnet_id": ANY}],
    "flavor_id": "",
    "default_pool_id": "x",
    "redirect_pool_id": "x",
    "default_pool": {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"},
    "redirect_pool": {"name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"},
    "listeners": [{"protocol": "HTTP", "protocol_port": 80}],
    "pools": [{"name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}],
    "l7policies": [{"action": "REJECT"}],
    "rules": [RULE],
    "members": [{"address": "192.0.2.1", "protocol_port": 80}],
    "healthmonitor": MONITOR,
    "session_persistence": {"type": "SOURCE_IP"},
    "request_sriov": True,
}
"""Values of attributes that are not words, and have none in the table."""


class Case(NamedTuple):
    """A value of an attribute, and why it is not served if it is marked so."""

    name: str
    value: Any
    reason: str | None


def words(schema: Body) -> list[str]:
    """What an attribute can be, or which names it can hold."""
    return [word for s in plain(schema) for word in (*s.get("enum", ()), *s.get("propertyNames", {}).get("enum", ()))]


def plain(schema: Body) -> list[Body]:
    """A schema without its null."""
    return [schema, *schema.get("anyOf", ())]


def cases(form: Body, rows: dict[str, Any]) -> Iterator[Case]:
    """Everything that a form offers."""
    for name, schema in form["properties"].items():
        whole = form.get("x-reason") or schema.get("x-reason")
        marked = schema.get("x-unsupported", {})
        if whole is None and (found := words(schema)):
            names = any("propertyNames" in s for s in plain(schema))
            for word in found:
                value = {word: "true"} if names else word
                yield Case(name, value, marked.get(str(word)))
        else:
            yield Case(name, sample(name, rows), whole)


def sample(name: str, rows: dict[str, Any]) -> Any:
    """A value that sets an attribute, if one is known."""
    good = [v for v in (rows[name].good if name in rows else ()) if v not in ("", [], {}, False)]
    found = BARE.get(name, good[0] if good else None)
    return found.sent if isinstance(found, Shown) else found


def tried(work: Callable[..., Any], *given: Any) -> tuple[int, str]:
    """200 when it is taken, or what is said."""
    try:
        work(*given)
    except Refused as refused:
        return refused.code, refused.text
    return 200, ""


def beside(kind: str, case: Case, rows: dict[str, Any]) -> Body:
    if needed := BESIDE.get(f"{kind} {case.name}"):
        return needed(case.value)
    return dict(rows[case.name].beside) if case.name in rows else {}


@pytest.fixture(params=DEPLOYMENTS)
def api(request: pytest.FixtureRequest, start: Start) -> Service:
    return start(lacks=DEPLOYMENTS[request.param])


def forms(api: Service, kind: str, form: str) -> Iterator[tuple[Case, Body]]:
    """What a form of a kind offers, each with what it needs beside it."""
    known = {k.one: k.resource.__name__ for k in kinds.KINDS}
    schema = api.ask("GET", "/openapi.json", bare=True).json["components"]["schemas"][known[kind] + form]
    for case in cases(schema, TREE[kind]):
        if case.value is not None:
            yield case, beside(kind, case, TREE[kind])


@pytest.mark.parametrize("kind", TREE)
def test_what_is_offered_on_creation_is_taken_and_what_is_marked_is_501(api: Service, kind: str) -> None:
    workshop, wrong = Workshop(api), []
    for case, more in forms(api, kind, "Create"):
        said = tried(workshop.made, kind, {**more, case.name: case.value})
        if said[0] != (501 if case.reason else 200):
            wrong.append((case, said))
    assert wrong == []


@pytest.mark.parametrize("kind", TREE)
def test_what_is_offered_on_update_is_taken_and_what_is_marked_is_501(api: Service, kind: str) -> None:
    workshop, wrong = Workshop(api), []
    offered = list(forms(api, kind, "Update"))
    known = {case.name for case, _ in offered}
    for case, more in offered:
        values = {**{n: v for n, v in more.items() if n in known}, case.name: case.value}
        said = tried(workshop.changed, kind, more, values)
        if said[0] != (501 if case.reason else 200):
            wrong.append((case, said))
    assert wrong == []


# What a flavor and a zone may set, and what no provider knows.
SETTINGS: dict[str, tuple[Any, ...]] = {
    "loadbalancer_topology": ("SINGLE", "ACTIVE_STANDBY"),
    "compute_flavor": ("a",),
    "amp_image_tag": ("a",),
    "sriov_vip": (True,),
    "allow_member_sriov": (True,),
    "compute_zone": ("a",),
    "volume_zone": ("a",),
    "management_network": (ANY,),
    "valid_vip_networks": ([ANY],),
}
PROFILES = {
    "flavor_capabilities": ("/flavorprofiles", "flavorprofile", "flavor_data", capabilities.FLAVOR),
    "availability_zone_capabilities": (
        "/availabilityzoneprofiles",
        "availability_zone_profile",
        "availability_zone_data",
        capabilities.ZONE,
    ),
}


@pytest.mark.parametrize("listed", PROFILES)
def test_what_a_provider_lists_may_be_set_and_what_it_does_not_list_is_501(api: Service, listed: str) -> None:
    api.token = "admin"
    path, root, name, known = PROFILES[listed]
    offers = {f["name"]: f["description"] for f in api.get(f"/providers/amphora/{listed}", listed)}
    for setting in (k.name for k in known):
        for value in SETTINGS[setting]:
            is_word = setting == "loadbalancer_topology"
            offered = setting in offers and (not is_word or value in offers[setting])
            body = {"name": "p", "provider_name": "amphora", name: json.dumps({setting: value})}
            code = api.ask("POST", path, {root: body}).status_code
            assert (code, setting, value) == (201 if offered else 501, setting, value)


def test_a_capability_is_found_by_its_name(api: Service) -> None:
    api.token = "admin"
    asked = "/providers/amphora/availability_zone_capabilities?fields=name&name=valid_vip_networks"
    assert api.get(asked, "availability_zone_capabilities") == [{"name": "valid_vip_networks"}]


def test_what_writes_a_kind_that_is_not_served_is_marked(start: Start) -> None:
    document = start(lacks=LACKS).ask("GET", "/openapi.json", bare=True).json
    written = {
        (path, verb)
        for path, methods in document["paths"].items()
        for verb, operation in methods.items()
        if isinstance(operation, dict) and operation.get("x-supported") is False
    }
    policy = "/v2/lbaas/l7policies"
    one = f"{policy}/{{l7policy_id}}"
    rules = f"{one}/rules"
    assert written == {(policy, "post"), (one, "put"), (rules, "post"), (f"{rules}/{{rule_id}}", "put")}
    assert document["components"]["schemas"]["ListenerCreate"]["properties"]["l7policies"]["x-supported"] is False


def test_a_reason_is_what_the_refusal_says(start: Start) -> None:
    workshop = Workshop(start(lacks=LACKS))
    udp = next(c for c, _ in forms(workshop.api, "listener", "Create") if c.value == "UDP")
    code, text = tried(workshop.made, "listener", {"protocol": "UDP"})
    assert (code, str(udp.reason) in text) == (501, True)
