"""Every attribute by itself over HTTP, as `table` has it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import pytest

from hydria.kit import ids
from tests.unit.api.conftest import Service
from tests.unit.api.table import ALL, OFFERS, REQUIRED, TREE, Body, Row
from tests.unit.api.test_bad_input import counts

READ_ONLY = ("id", "provisioning_status", "operating_status", "created_at", "updated_at")
ALSO_SHOWN: dict[str, tuple[str, ...]] = {
    "loadbalancer": ("vip_vnic_type",),
    "listener": ("loadbalancers",),
    "pool": ("loadbalancers", "listeners", "session_persistence"),
    "member": ("vnic_type",),
    "healthmonitor": ("pools",),
    "l7policy": (),
    "rule": (),
}


class Maker:
    """Makes one object of a kind after another, each where it disturbs no other."""

    def __init__(self, api: Service, kind: str) -> None:
        self.api, self.kind = api, kind
        self.lb = api.load_balancer()["id"]
        if kind in OFFERS:
            api.token = "admin"

    def _pool(self) -> str:
        body = {"loadbalancer_id": self.lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
        made: str = self.api.make("/pools", "pool", **body)["id"]
        return made

    def _listener(self) -> Body:
        return {"loadbalancer_id": self.api.load_balancer()["id"], "protocol": "HTTP", "protocol_port": 80}

    def _policy(self) -> Body:
        return {"listener_id": self.api.make("/listeners", "listener", **self._listener())["id"], "action": "REJECT"}

    def _offer(self) -> tuple[str, Body]:
        """The same of what operators offer."""
        of_zones = self.kind.startswith("availability_zone")
        path, root, data = (
            ("/availabilityzone", "availability_zone", "availability_zone_data")
            if of_zones
            else ("/flavor", "flavor", "flavor_data")
        )
        profile = {"name": "p", "provider_name": "amphora", data: "{}"}
        root += "_profile" if of_zones else "profile"
        if self.kind == root:
            return f"{path}profiles", profile
        made = self.api.make(f"{path}profiles", root, **profile)
        return f"{path}s", {"name": ids.new(), f"{self.kind}_profile_id": made["id"]}

    def place(self) -> tuple[str, Body]:
        """Where the next object is made, and the least that makes one."""
        monitor = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
        rule = {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/a"}
        places: dict[str, Callable[[], tuple[str, Body]]] = {
            "loadbalancer": lambda: ("/loadbalancers", {"vip_subnet_id": self.api.subnet}),
            "listener": lambda: ("/listeners", self._listener()),
            "pool": lambda: (
                "/pools",
                {"loadbalancer_id": self.lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"},
            ),
            "member": lambda: (f"/pools/{self._pool()}/members", {"address": "192.0.2.1", "protocol_port": 80}),
            "healthmonitor": lambda: ("/healthmonitors", {"pool_id": self._pool(), **monitor}),
            "l7policy": lambda: ("/l7policies", self._policy()),
            "rule": lambda: (
                f"/l7policies/{self.api.make('/l7policies', 'l7policy', **self._policy())['id']}/rules",
                rule,
            ),
        }
        return places[self.kind]() if self.kind in places else self._offer()

    def make(self, **values: Any) -> tuple[str, Body]:
        """A new object with these values: its path, and as it is shown."""
        path, least = self.place()
        made = self.api.make(path, self.kind, **{**least, **values})
        return f"{path}/{made.get('id', made.get('name'))}", made


def groups(kind: str, at: str) -> list[dict[str, Row]]:
    """The attributes that may be written then, by what they are written with."""
    found: dict[str, dict[str, Row]] = {}
    for name, row in ALL[kind].items():
        if at in row.at:
            found.setdefault(f"{name if row.alone else ''} {row.beside}", {})[name] = row
    return list(found.values())


def rounds(rows: dict[str, Row]) -> Iterator[tuple[Body, Body]]:
    """Bodies in which every good value of these comes up, and what is shown of them."""
    taken = {name: row for name, row in rows.items() if row.good}
    for number in range(max((len(row.good) for row in taken.values()), default=0)):
        values = {name: row.value(number) for name, row in taken.items()}
        shown = {name: v.shown for name, v in values.items() if not rows[name].hidden}
        yield {name: v.sent for name, v in values.items()}, shown


def beside(rows: dict[str, Row]) -> Body:
    return next(iter(rows.values())).beside


def part(whole: Body, names: Iterable[str]) -> Body:
    return {name: whole[name] for name in names}


@pytest.mark.parametrize("kind", ALL)
def test_values_are_taken_on_creation(api: Service, kind: str) -> None:
    maker = Maker(api, kind)
    for rows in groups(kind, "create"):
        for sent, shown in rounds(rows):
            path, made = maker.make(**{**beside(rows), **sent})
            assert part(made, shown) == part(api.get(path, kind), shown) == shown
        empty = {name: row for name, row in rows.items() if row.null is not REQUIRED}
        if empty:
            _, made = maker.make(**{**beside(rows), **dict.fromkeys(empty)})
            default = {name: row.null for name, row in empty.items() if not row.hidden and row.null is not ...}
            assert part(made, default) == default


@pytest.mark.parametrize("kind", ALL)
def test_values_are_taken_and_reset_on_update(api: Service, kind: str) -> None:
    maker = Maker(api, kind)
    for rows in groups(kind, "update"):
        path, _ = maker.make(**{**beside(rows), **next((sent for sent, _ in rounds(rows)), {})})
        for sent, shown in rounds(rows):
            changed = api.ask("PUT", path, {kind: sent})
            assert (changed.status_code, part(api.get(path, kind), shown)) == (200, shown), changed.text
        empty = {name: row.on_update() for name, row in rows.items() if row.on_update() is not REQUIRED}
        if not empty:
            continue
        changed = api.ask("PUT", path, {kind: dict.fromkeys(empty)})
        default = {name: value for name, value in empty.items() if value is not ...}
        assert (changed.status_code, part(api.get(path, kind), default)) == (200, default), changed.text


def wrongs(row: Row, at: str) -> tuple[Any, ...]:
    """What must be refused of an attribute; everything when it may not be written then."""
    if at not in row.at:
        return (None, *row.bad, *(row.value(n).sent for n in range(len(row.good))))
    null = row.null if at == "create" else row.on_update()
    return (*row.bad, *((None,) if null is REQUIRED else ()))


def tells(said: str, value: Any) -> bool:
    """Whether a refusal says what it is about: the value, the part of it that is wrong, or that nothing may be there."""
    if value in (None, []) or "cannot be" in said or "Unknown attribute" in said or "does not allow" in said:
        return True
    found = (value, *(value if isinstance(value, list | dict) else ()))
    return any(word[:100] in said for v in found for word in (str(v), repr(v), msgspec.json.encode(v).decode()))


@pytest.mark.parametrize("kind", ALL)
def test_what_is_refused_is_named_and_not_stored(api: Service, kind: str) -> None:
    maker = Maker(api, kind)
    where, least = maker.place()
    for rows in groups(kind, ""):
        path, made = maker.make(**{**beside(rows), **next((sent for sent, _ in rounds(rows)), {})})
        before = counts(api)
        for name, row in rows.items():
            for value in wrongs(row, "create"):
                code, said = api.refused("POST", where, {kind: {**least, **beside(rows), name: value}})
                assert (code in (400, 404), name in said, tells(said, value)) == (True, True, True), (name, value, said)
            for value in wrongs(row, "update"):
                code, said = api.refused("PUT", path, {kind: {name: value}})
                assert (code in (400, 404), name in said, tells(said, value)) == (True, True, True), (name, value, said)
        assert (counts(api), api.get(path, kind)) == (before, made)


@pytest.mark.parametrize("kind", TREE)
def test_everything_is_shown_and_only_that(api: Service, kind: str) -> None:
    path, made = Maker(api, kind).make()
    writable = {name for name, row in TREE[kind].items() if not row.hidden}
    shown = writable | {*READ_ONLY, *ALSO_SHOWN[kind], "project_id", "tenant_id"}
    assert set(api.get(path, kind)) == set(made) == shown
    for name in {*READ_ONLY, *ALSO_SHOWN[kind]} - {"session_persistence"}:
        for method, where in (("POST", path.rpartition("/")[0]), ("PUT", path)):
            code, said = api.refused(method, where, {kind: {name: ids.new()}})
            assert (code, name in said) == (400, True), (method, name, said)


PERSISTENCE: dict[str, tuple[list[Body], list[Any]]] = {
    "HTTP": (
        [{"type": "HTTP_COOKIE"}, {"type": "SOURCE_IP"}, {"type": "APP_COOKIE", "cookie_name": "JSESSIONID"}],
        [
            {"type": "NOPE"},
            {"type": None},
            {"type": "APP_COOKIE", "cookie_name": "a b"},
            {"type": "APP_COOKIE", "cookie_name": "a;b"},
            {"type": "APP_COOKIE", "cookie_name": "a,b"},
            {"type": "APP_COOKIE", "cookie_name": "a\\b"},
            {"type": "APP_COOKIE", "cookie_name": "a\n"},
            {"type": "APP_COOKIE", "cookie_name": "x" * 256},
            {"type": "APP_COOKIE", "cookie_name": ""},
            {"type": "APP_COOKIE"},
            {"type": "HTTP_COOKIE", "cookie_name": "a"},
            {"type": "SOURCE_IP", "persistence_timeout": 1},
            {"type": "SOURCE_IP", "persistence_granularity": "255.255.255.0"},
            {"type": "SOURCE_IP", "colour": "red"},
            {},
            [],
            "SOURCE_IP",
            7,
        ],
    ),
    "UDP": (
        [{"type": "SOURCE_IP", "persistence_timeout": 0, "persistence_granularity": "255.255.255.0"}],
        [
            {"type": "HTTP_COOKIE"},
            {"type": "APP_COOKIE", "cookie_name": "a"},
            {"type": "SOURCE_IP", "persistence_timeout": "soon"},
            {"type": "SOURCE_IP", "persistence_granularity": "wide"},
        ],
    ),
}


@pytest.mark.parametrize("protocol", PERSISTENCE)
def test_session_persistence(api: Service, protocol: str) -> None:
    good, bad = PERSISTENCE[protocol]
    maker = Maker(api, "pool")
    path, made = maker.make(protocol=protocol)
    assert made["session_persistence"] is None
    for kept in good:
        nothing = dict.fromkeys(("cookie_name", "persistence_timeout", "persistence_granularity"))
        whole = {**nothing, **kept}
        assert maker.make(protocol=protocol, session_persistence=kept)[1]["session_persistence"] == whole
        changed = api.ask("PUT", path, {"pool": {"session_persistence": kept}})
        assert changed.json["pool"]["session_persistence"] == whole, changed.text
    where, least = maker.place()
    for kept in bad:
        for method, place, body in (("POST", where, {**least, "protocol": protocol}), ("PUT", path, {})):
            partial = method == "PUT" and isinstance(kept, dict) and "type" not in kept
            code, said = api.refused(method, place, {"pool": {**body, "session_persistence": kept}})
            assert partial or (code, "session_persistence" in said) == (400, True), (method, kept, code, said)
    assert api.ask("PUT", path, {"pool": {"session_persistence": None}}).json["pool"]["session_persistence"] is None
