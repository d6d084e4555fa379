"""Facts of the contract that clients have stumbled over."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

from hydria.domain.statuses import Operating
from hydria.kit import ids
from hydria.render.haproxy import commands
from hydria.storage import observed, worlds
from tests.unit.api.conftest import PROJECT, Service, paths
from tests.unit.api.test_reasons import BY_NAME, accept, refuse

NET, SUB, SIX = (f"00000000-0000-4000-8000-0000000000{n}" for n in ("cc", "dd", "d6"))
LONG, LOUD = "2001:db8:0:0:0:0:0:1", "2001:DB8::0181"
BORN, LATER = "2027-01-15T08:00:00", "2027-01-15T08:01:01"
POOL = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}


# --- a network that makes nothing takes everything as given
@pytest.mark.parametrize(
    "asked",
    [
        {"vip_subnet_id": SUB, "vip_address": "192.0.2.1"},
        {"vip_subnet_id": SUB, "vip_address": LOUD},
        {"vip_network_id": NET, "vip_address": LONG},
        {"vip_network_id": NET, "vip_subnet_id": SUB},
        {"vip_network_id": NET, "vip_subnet_id": SUB, "vip_address": "192.0.2.1"},
        {"vip_port_id": SIX, "vip_address": "203.0.113.9"},
        {"vip_port_id": SIX, "vip_network_id": NET, "vip_subnet_id": SUB, "vip_address": LOUD},
        {"vip_network_id": NET, "vip_subnet_id": SUB, "additional_vips": [{"subnet_id": SIX, "ip_address": LOUD}]},
    ],
)
def test_without_drivers_every_place_is_taken_as_given(api: Service, asked: dict[str, Any]) -> None:
    made = api.make("/loadbalancers", "loadbalancer", **asked)
    shown = api.get(f"/loadbalancers/{made['id']}", "loadbalancer")
    expected = {**asked, **{n: [{**v, "port_id": made["vip_port_id"]} for v in asked[n]] for n in asked if n[0] == "a"}}
    assert {n: shown[n] for n in asked} == {n: made[n] for n in asked} == expected


@pytest.mark.parametrize(
    "placed,four,six",
    [
        ({"vip_address": "192.0.2.1"}, 201, 400),
        ({"vip_address": LOUD}, 400, 201),
        ({"vip_address": "192.0.2.1", "additional_vips": [{"subnet_id": SIX, "ip_address": LOUD}]}, 201, 201),
        ({}, 201, 400),
    ],
)
def test_allowed_cidrs_go_by_the_family_of_the_address(api: Service, placed: Any, four: int, six: int) -> None:
    lb = api.load_balancer(**placed)["id"]
    for port, (code, cidr) in enumerate(((four, "10.0.0.0/8"), (six, "2001:db8::/64")), 80):
        listener = {"protocol": "TCP", "protocol_port": port, "allowed_cidrs": [cidr]}
        whole = {"vip_subnet_id": api.subnet, **placed, "listeners": [listener]}
        assert api.ask("POST", "/loadbalancers", {"loadbalancer": whole}).status_code == code
        alone = {"loadbalancer_id": lb, **listener}
        assert api.ask("POST", "/listeners", {"listener": alone}).status_code == code


# --- operating statuses
def test_a_disabled_member_of_which_nobody_spoke_is_as_it_was(api: Service, tree: dict[str, str]) -> None:
    alone = api.make("/pools", "pool", loadbalancer_id=tree["lb"], **POOL)["id"]
    for pool, status in ((alone, "NO_MONITOR"), (tree["pool"], "OFFLINE")):
        member = {"address": "192.0.2.9", "protocol_port": 80, "admin_state_up": False}
        made = api.make(f"/pools/{pool}/members", "member", **member)
        assert made["operating_status"] == status
        listed = api.ask("GET", f"/pools/{pool}/members?operating_status={status}&id={made['id']}").json["members"]
        assert [m["operating_status"] for m in listed] == [status]


def test_a_disabled_member_that_was_heard_of_is_offline_at_once(api: Service, tree: dict[str, str]) -> None:
    seen = {tree["member"]: (tree["lb"], Operating.ONLINE)}
    api.context.observed.write(lambda o: observed.set_statuses(o, seen, (), 0))
    path = f"/pools/{tree['pool']}/members"
    changed = api.ask("PUT", f"{path}/{tree['member']}", {"member": {"admin_state_up": False}}).json["member"]
    assert changed["operating_status"] == "OFFLINE"
    assert len(api.ask("GET", f"{path}?operating_status=OFFLINE").json["members"]) == 1


@pytest.mark.parametrize("name", ["hm", "policy", "rule"])
def test_what_only_states_something_is_online_when_it_is_what_runs(
    api: Service, tree: dict[str, str], name: str
) -> None:
    pool = api.make("/pools", "pool", loadbalancer_id=tree["lb"], **POOL)["id"]
    made = {
        "hm": ("/healthmonitors", {"pool_id": pool, "type": "TCP", "delay": 5, "timeout": 3, "max_retries": 2}),
        "policy": ("/l7policies", {"listener_id": tree["listener"], "action": "REJECT"}),
        "rule": (f"/l7policies/{tree['policy']}/rules", {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/b"}),
    }[name]
    new = api.make(made[0], BY_NAME[name].one, **made[1])
    for status in ("OFFLINE", "ONLINE"):
        listed = api.ask("GET", f"{made[0]}?operating_status={status}&id={new['id']}").json[BY_NAME[name].many]
        assert [thing["operating_status"] for thing in listed] == [status]
        api.settle()


# --- updated_at
def shown_times(api: Service, tree: dict[str, str]) -> dict[str, str | None]:
    return {kind: api.get(*where)["updated_at"] for kind, where in paths(tree).items()}


@pytest.mark.parametrize("kind", BY_NAME)
def test_a_change_moves_the_time_of_its_object_alone(api: Service, tree: dict[str, str], kind: str) -> None:
    assert set(shown_times(api, tree).values()) == {BORN}
    api.clock.turn(61)
    path, root = paths(tree)[kind]
    api.ask("PUT", path, {root: {"admin_state_up": False}})
    assert shown_times(api, tree) == {k: LATER if k == kind else BORN for k in BY_NAME}
    api.settle()
    assert shown_times(api, tree) == {k: LATER if k == kind else BORN for k in BY_NAME}


def every_time(api: Service) -> Iterator[str | None]:
    """The times of all that there is, as lists show them."""
    for kind in ("loadbalancers", "listeners", "pools", "healthmonitors", "l7policies"):
        for thing in api.get(f"/{kind}", kind):
            yield thing["updated_at"]
            for below in {"pools": ("members",), "l7policies": ("rules",)}.get(kind, ()):
                yield from (x["updated_at"] for x in api.get(f"/{kind}/{thing['id']}/{below}", below))


def test_all_of_a_whole_tree_is_without_a_time_until_it_is_settled(api: Service) -> None:
    rule = {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/b"}
    monitor = {"type": "TCP", "delay": 5, "timeout": 3, "max_retries": 2}
    policy = {"action": "REJECT", "rules": [rule]}
    pool = {"name": "p", **POOL, "members": [{"address": LONG, "protocol_port": 80}], "healthmonitor": monitor}
    listener = {"protocol": "HTTP", "protocol_port": 80, "default_pool": {"name": "p"}, "l7policies": [policy]}
    answer = api.ask(
        "POST", "/loadbalancers", {"loadbalancer": {"vip_subnet_id": SUB, "listeners": [listener], "pools": [pool]}}
    )
    assert (answer.text.count('"updated_at":null'), list(every_time(api))) == (7, [None] * 7)
    api.settle()
    assert list(every_time(api)) == [BORN] * 7


def test_members_of_a_batch_have_times_of_their_own(api: Service, tree: dict[str, str]) -> None:
    path, here = f"/pools/{tree['pool']}/members", {"protocol_port": 80}
    api.clock.turn(61)
    api.ask("PUT", path, {"members": [{"address": "192.0.2.7", **here}, {"address": LOUD, **here}]})
    times = {m["address"]: m["updated_at"] for m in api.get(path, "members")}
    assert times == {"192.0.2.7": BORN, LOUD: None}
    api.settle()
    assert {m["address"]: m["updated_at"] for m in api.get(path, "members")} == {"192.0.2.7": BORN, LOUD: LATER}


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_refused_when_it_is_settled_has_a_time(api: Service, tree: dict[str, str], name: str) -> None:
    refuse(api, tree["lb"], BY_NAME[name], tree[name])
    shown = api.get(*paths(tree)[name])
    assert (shown["provisioning_status"], shown["updated_at"]) == ("ERROR", BORN)


def test_lists_filter_and_sort_by_the_time_that_is_shown(api: Service) -> None:
    old = api.load_balancer(name="old")["id"]
    api.clock.turn(61)
    api.load_balancer(name="settled")
    api.settle()
    api.ask("PUT", f"/loadbalancers/{old}", {"loadbalancer": {"name": "changed"}})
    api.load_balancer(name="new")

    def names(query: str) -> list[str]:
        return [lb["name"] for lb in api.get(f"/loadbalancers?{query}", "loadbalancers")]

    assert names("sort=updated_at,name") == ["new", "changed", "settled"]
    assert (names(f"updated_at={LATER}&sort=name"), names(f"updated_at={BORN}")) == (["changed", "settled"], [])


# --- addresses are shown as they were written, and are the same however they are
@pytest.mark.parametrize("written", [LONG, LOUD, "2001:db8::1", "192.0.2.9", "::FFFF:192.0.2.9"])
def test_addresses_are_shown_as_they_were_written(api: Service, tree: dict[str, str], written: str) -> None:
    path = f"/pools/{tree['pool']}/members"
    made = api.make(path, "member", address=written, protocol_port=81, monitor_address=written)
    shown = api.get(f"{path}/{made['id']}", "member")
    assert {thing[n] for thing in (made, shown) for n in ("address", "monitor_address")} == {written}
    status = json.dumps(api.get(f"/loadbalancers/{tree['lb']}/status", "statuses"))
    assert f'"address": "{written}"' in status
    lb = api.load_balancer(vip_address=written)
    assert {lb["vip_address"], api.get(f"/loadbalancers/{lb['id']}", "loadbalancer")["vip_address"]} == {written}


def test_one_place_is_one_place_in_whatever_form(api: Service, tree: dict[str, str]) -> None:
    path = f"/pools/{tree['pool']}/members"
    made = api.make(path, "member", address=LOUD, protocol_port=80, monitor_address=LONG)["id"]
    for other in ("2001:db8::181", "2001:0db8:0:0:0:0:0:0181"):
        member = {"address": other, "protocol_port": 80}
        assert api.refused("POST", path, {"member": member})[0] == 409
        whole = {"name": "p", **POOL, "members": [member, {**member, "address": LOUD}]}
        body = {"vip_subnet_id": SUB, "pools": [whole]}
        assert api.refused("POST", "/loadbalancers", {"loadbalancer": body})[0] == 409
        assert [m["id"] for m in api.get(f"{path}?address={other}", "members")] == [made]
    assert [m["id"] for m in api.get(f"{path}?monitor_address=2001:db8::1", "members")] == [made]
    assert api.refused("POST", path, {"member": {"address": "::FFFF:a9fe:A9FE", "protocol_port": 80}})[0] == 400


def test_another_spelling_of_a_monitor_address_is_shown_and_takes_no_command(
    api: Service, tree: dict[str, str]
) -> None:
    path, root = paths(tree)["member"]
    found = []
    for written in ("2001:db8::1", LONG, "2001:DB8::1"):
        assert api.ask("PUT", path, {root: {"monitor_address": written}}).json[root]["monitor_address"] == written
        found.append(api.context.database.read(lambda c: worlds.desired(c, tree["lb"])))
    assert [commands.commands(old, new) for old, new in pairwise(found)] == [(), ()]
    assert api.ask("PUT", path, {root: {"monitor_address": None}}).json[root]["monitor_address"] is None


def test_a_restored_address_is_shown_as_it_was_written(api: Service, tree: dict[str, str]) -> None:
    path, root = paths(tree)["member"]
    api.ask("PUT", path, {root: {"monitor_address": LOUD}})
    api.settle()
    accept(api, tree["lb"])
    api.ask("PUT", path, {root: {"monitor_address": LONG}})
    refuse(api, tree["lb"], BY_NAME["member"], tree["member"])
    assert api.get(path, root)["monitor_address"] == LONG
    assert api.ask("PUT", f"{path}/restore").json[root]["monitor_address"] == LOUD


# --- what was chosen
def test_a_provider_is_kept_by_the_name_that_a_flavor_calls_it(api: Service) -> None:
    api.token = "admin"
    profile = {"name": "p", "provider_name": "octavia", "flavor_data": "{}"}
    made = api.make("/flavorprofiles", "flavorprofile", **profile)
    flavor = api.make("/flavors", "flavor", name="f", flavor_profile_id=made["id"])["id"]
    assert made["provider_name"] == "octavia"
    for asked, kept in (({}, "octavia"), ({"provider": "amphora"}, "amphora"), ({"provider": ""}, "octavia")):
        assert api.load_balancer(flavor_id=flavor, **asked)["provider"] == kept
    assert api.get("/providers/octavia/flavor_capabilities", "flavor_capabilities")


ACTIONS = {
    "REJECT": {},
    "REDIRECT_TO_POOL": {},
    "REDIRECT_TO_URL": {"redirect_url": "http://a.example/"},
    "REDIRECT_PREFIX": {"redirect_prefix": "http://a.example"},
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_pool_that_nothing_has_is_not_found_whatever_the_action(
    api: Service, tree: dict[str, str], action: str
) -> None:
    body = {"action": action, **ACTIONS[action], "redirect_pool_id": ids.new()}
    for method, path, above in (
        ("POST", "/l7policies", {"listener_id": tree["listener"]}),
        ("PUT", f"/l7policies/{tree['policy']}", {}),
    ):
        assert api.refused(method, path, {"l7policy": {**above, **body}})[0] == 404
        known = {**above, **body, "redirect_pool_id": tree["pool"]}
        kept = api.ask(method, path, {"l7policy": known}).json["l7policy"]["redirect_pool_id"]
        assert kept == (tree["pool"] if action == "REDIRECT_TO_POOL" else None)


def test_a_quota_of_which_nothing_was_ever_set_or_counted_cannot_be_deleted(api: Service) -> None:
    path, other = f"/quotas/{PROJECT}", f"/quotas/{ids.new()}"
    for there in (path, other):
        assert api.refused("DELETE", there, token="admin")[0] == 404
    api.load_balancer()
    api.ask("PUT", other, {"quota": {"pool": 7}}, token="admin")
    for there in (path, other):
        assert [api.ask("DELETE", there, token="admin").status_code for _ in range(2)] == [202, 202]
        assert api.ask("GET", there, token="admin").json["quota"]["pool"] == -1


@pytest.mark.parametrize("project", [PROJECT, ids.new()])
def test_default_quotas_say_whose_they_are(api: Service, project: str) -> None:
    quota = api.ask("GET", f"/quotas/{project}/default", token="admin").json["quota"]
    assert (quota["project_id"], quota["tenant_id"], quota["pool"]) == (project, project, -1)


def test_no_allowed_cidrs_are_null_everywhere(api: Service, tree: dict[str, str]) -> None:
    path, root = paths(tree)["listener"]
    nothing: list[list[str] | None] = [[], None]
    for none in nothing:
        set_to = api.ask("PUT", path, {root: {"allowed_cidrs": ["192.0.2.1"]}}).json[root]["allowed_cidrs"]
        assert set_to == ["192.0.2.1/32"]
        assert api.ask("PUT", path, {root: {"allowed_cidrs": none}}).json[root]["allowed_cidrs"] is None
        assert api.get("/listeners", "listeners")[0]["allowed_cidrs"] is None
        body = {"protocol": "TCP", "protocol_port": 81, "allowed_cidrs": none}
        whole = api.make("/loadbalancers", "loadbalancer", vip_subnet_id=SUB, listeners=[body])
        assert whole["listeners"][0]["allowed_cidrs"] is None


# --- session persistence
KEEPERS: list[dict[str, Any]] = [
    {"protocol": "HTTP", "session_persistence": {"type": "SOURCE_IP"}},
    {"protocol": "HTTP", "session_persistence": {"type": "HTTP_COOKIE"}},
    {"protocol": "HTTP", "session_persistence": {"type": "APP_COOKIE", "cookie_name": "c"}},
    {"protocol": "TCP", "session_persistence": {"type": "SOURCE_IP"}},
    {
        "protocol": "UDP",
        "session_persistence": {
            "type": "SOURCE_IP",
            "persistence_timeout": 7,
            "persistence_granularity": "FFFF:0::",
        },
    },
]


@pytest.mark.parametrize("keeper", KEEPERS)
def test_an_empty_session_persistence_changes_nothing_where_there_is_one(api: Service, keeper: dict[str, Any]) -> None:
    lb = api.load_balancer()["id"]
    made = api.make("/pools", "pool", loadbalancer_id=lb, lb_algorithm="ROUND_ROBIN", **keeper)
    answer = api.ask("PUT", f"/pools/{made['id']}", {"pool": {"session_persistence": {}}})
    kept = answer.json["pool"]["session_persistence"]
    assert (answer.status_code, kept) == (200, made["session_persistence"])
    assert {n: kept[n] for n in keeper["session_persistence"]} == keeper["session_persistence"]


@pytest.mark.parametrize("protocol", ["HTTP", "HTTPS", "PROXY", "PROXYV2", "SCTP", "TCP", "UDP"])
def test_an_empty_session_persistence_needs_a_type_where_there_is_none(api: Service, protocol: str) -> None:
    pool = {"loadbalancer_id": api.load_balancer()["id"], "protocol": protocol, "lb_algorithm": "ROUND_ROBIN"}
    made = api.make("/pools", "pool", **pool)["id"]
    asked = [
        api.refused("POST", "/pools", {"pool": {**pool, "session_persistence": {}}}),
        api.refused("PUT", f"/pools/{made}", {"pool": {"session_persistence": {}}}),
    ]
    assert {(code, "session_persistence" in text, "type" in text) for code, text in asked} == {(400, True, True)}


def test_a_part_of_a_session_persistence_never_meets_another_type_unseen(api: Service) -> None:
    lb = api.load_balancer()["id"]
    kept = {"type": "APP_COOKIE", "cookie_name": "c"}
    made = api.make("/pools", "pool", loadbalancer_id=lb, **POOL, session_persistence=kept)["id"]
    ready = threading.Barrier(2)

    def ask(wanted: dict[str, str]) -> int:
        ready.wait(10)
        return api.ask("PUT", f"/pools/{made}", {"pool": {"session_persistence": wanted}}).status_code

    for _ in range(5):
        with ThreadPoolExecutor(2) as clients:
            codes = list(clients.map(ask, ({"cookie_name": "d"}, {"type": "SOURCE_IP"})))
        found = api.get(f"/pools/{made}", "pool")["session_persistence"]
        # Whichever came second was checked against what the first had written.
        assert (found["type"], found["cookie_name"], codes[1]) == ("SOURCE_IP", None, 200)
        assert codes[0] in (200, 400)
        api.ask("PUT", f"/pools/{made}", {"pool": {"session_persistence": kept}})


# --- words
NOTHING: dict[str, Any] = {"a": [[]]}
"""A value that fits no attribute."""


def test_what_is_known_and_fixed_is_not_called_unknown(api: Service, tree: dict[str, str]) -> None:
    for kind, (path, root) in paths(tree).items():
        for name in {*api.get(path, root), "tenant_id"} - {"name", "description", "admin_state_up", "tags"}:
            text = api.refused("PUT", path, {root: {name: NOTHING}})[1]
            assert "Unknown attribute" not in text, (kind, name, text)
    assert "Unknown attribute" in api.refused("PUT", path, {root: {"colour": "red"}})[1]
    assert (
        api.refused("PUT", *fixed(tree))[1] == '"protocol" cannot be changed: it is fixed when the object is created.'
    )


def test_on_creation_nothing_is_said_to_be_fixed(api: Service, tree: dict[str, str]) -> None:
    pool = {"name": "p", **POOL}
    wanted = {"listener_id": tree["listener"], "action": "REJECT", "redirect_pool": pool}
    code, text = api.refused("POST", "/l7policies", {"l7policy": wanted})
    assert (code, "redirect_pool" in text, "changed" in text) == (400, True, False)


def test_more_vips_are_told_apart_by_subnet_however_its_id_is_written(api: Service) -> None:
    six = SIX.replace("d6", "ab")
    asked = {"vip_subnet_id": six, "additional_vips": [{"subnet_id": six.upper()}]}
    code, text = api.refused("POST", "/loadbalancers", {"loadbalancer": asked})
    assert (code, text.startswith("additional_vips:")) == (400, True)


def test_the_journal_says_addresses_as_they_were_written(api: Service, tree: dict[str, str]) -> None:
    path, root = paths(tree)["member"]
    for written in (LOUD, "2001:db8::181"):
        api.ask("PUT", path, {root: {"monitor_address": written}})
    events = api.get(f"/loadbalancers/{tree['lb']}/events?limit=2", "events")
    assert [e["changes"] for e in events] == [
        {"monitor_address": [LOUD, "2001:db8::181"]},
        {"monitor_address": [None, LOUD]},
    ]


def fixed(tree: dict[str, str]) -> tuple[str, dict[str, Any]]:
    path, root = paths(tree)["listener"]
    return path, {root: {"protocol": "TCP"}}
