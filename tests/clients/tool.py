"""The requests of a tool that makes infrastructure what a file says: it plans from what it reads back, then applies."""

from dataclasses import dataclass, field
from typing import Any

from hydria.cli import client
from tests.clients.gopher import Gopher

Body = dict[str, Any]
PENDING = ("PENDING_CREATE", "PENDING_UPDATE")
LEAVING = ("ERROR", "PENDING_UPDATE", "PENDING_DELETE", "ACTIVE", "GONE")
"""What something may be until it is gone; anything else stops the tool."""
PATHS = {
    "loadbalancer": "loadbalancers",
    "listener": "listeners",
    "pool": "pools",
    "healthmonitor": "healthmonitors",
    "l7policy": "l7policies",
    "rule": "l7policies/{l7policy_id}/rules",
    "member": "pools/{pool_id}/members",
    "members": "pools/{pool_id}/members",
}
NOT_READ = {"listener_id": "pool", "loadbalancer_id": "pool", "pool_id": "member", "l7policy_id": "rule"}
"""What a kind does not show, so that the tool believes what it wrote."""
DEFAULTS = {"admin_state_up": True, "weight": 1, "backup": False}
CHECKED = ("name", "address", "protocol_port", "weight", "monitor_port", "monitor_address", "subnet_id", "backup")


@dataclass
class Resource:
    """One block of the file. `$name` in a value is the id of another."""

    kind: str
    wanted: Body
    id: str = ""
    where: str = ""
    """Its collection, once it is made."""


@dataclass
class Tool:
    """A file and what was made of it."""

    gopher: Gopher
    lb: str = ""
    state: dict[str, Resource] = field(default_factory=dict)

    def plan(self, file: dict[str, Resource]) -> list[str]:
        """What would be done: +name, ~name with what differs, -name."""
        found = [f"-{name}" for name in reversed(self.state) if name not in file]
        for name, one in file.items():
            there = self.state.get(name)
            if there is None:
                found.append(f"+{name}")
            elif different := self._differs(there, self._named(one.wanted)):
                found.append(f"~{name} {' '.join(sorted(different))}")
        return found

    def apply(self, file: dict[str, Resource]) -> None:
        """Do it."""
        for name in [n for n in reversed(self.state) if n not in file]:
            self._delete(name)
        for name, one in file.items():
            wanted = self._named(one.wanted)
            there = self.state.get(name)
            if there is None:
                self._create(name, one.kind, wanted)
            elif different := self._differs(there, wanted):
                self._update(there, {n: wanted.get(n) for n in different}, wanted)

    def destroy(self) -> None:
        self.apply({})

    # --- reading

    def _named(self, wanted: Body) -> Body:
        """The same with ids in the places of names."""

        def known(value: Any) -> Any:
            return self.state[value[1:]].id if isinstance(value, str) and value.startswith("$") else value

        return {name: known(value) for name, value in wanted.items()}

    def _differs(self, there: Resource, wanted: Body) -> set[str]:
        """Attributes that are not what the file says; what it does not say is the tool's default or left alone."""
        if there.kind == "members":
            return set() if self._set(self._members(there)) == self._set(wanted["members"]) else {"members"}
        shown = self.gopher.get(there.kind, f"{there.where}/{there.id}")
        hidden = {name for name, kind in NOT_READ.items() if kind == there.kind}
        said = {
            **{n: v for n, v in DEFAULTS.items() if n in shown},
            **dict.fromkeys(("name", "description"), ""),
            **wanted,
        }
        return {
            n for n, v in said.items() if n not in hidden and n in shown and self._plain(shown[n]) != self._plain(v)
        }

    def _plain(self, value: Any) -> Any:
        """As it is compared: lists of words are sets, of what is empty there is one kind."""
        if isinstance(value, list):
            return tuple(sorted(map(str, value))) or None
        if isinstance(value, dict):
            return tuple(sorted((n, v) for n, v in value.items() if v)) or None
        return value if value or isinstance(value, bool) else None

    def _members(self, there: Resource) -> list[Body]:
        return self.gopher.list("member", there.where)

    def _set(self, members: list[Body]) -> set[tuple[Any, ...]]:
        return {tuple(self._plain(m.get(n, DEFAULTS.get(n))) for n in CHECKED) for m in members}

    # --- writing

    def _create(self, name: str, kind: str, wanted: Body) -> None:
        where = PATHS[kind].format(**wanted)
        if kind == "members":
            self._batch(where, wanted["members"])
            self.state[name] = Resource(kind, wanted, wanted["pool_id"], where)
            return
        sent = {n: v for n, v in wanted.items() if v not in ("", None, [], {}) and f"{{{n}}}" not in PATHS[kind]}
        made = self.gopher.create(kind, where, **{"admin_state_up": True, **sent})
        self.state[name] = Resource(kind, wanted, made["id"], where)
        self.lb = self.lb or made["id"]
        self._settled(self.state[name])

    def _update(self, there: Resource, changed: Body, wanted: Body) -> None:
        if there.kind == "members":
            self._batch(there.where, wanted["members"])
        else:
            zeros = {
                n: DEFAULTS.get(n, "" if n in ("name", "description") else None)
                for n, v in changed.items()
                if v is None
            }
            self.gopher.update(there.kind, f"{there.where}/{there.id}", **{**changed, **zeros})
            self._settled(there)
        there.wanted = wanted

    def _batch(self, where: str, members: list[Body]) -> None:
        # Most is said of each, whatever the file says; what is checked elsewhere only where it is set.
        said = {"name": "", "subnet_id": None, **DEFAULTS}
        self.gopher.ask("PUT", where, {"members": [{**said, **m} for m in members]})
        self._whole()

    def _delete(self, name: str) -> None:
        one = self.state.pop(name)
        if one.kind == "members":
            self._batch(one.where, [])
            return
        path = f"{one.where}/{one.id}"
        self.gopher.ask("DELETE", path)

        def is_gone() -> bool:
            status = self.gopher.status(one.kind, path)
            assert status in LEAVING, (path, status)
            return status == "GONE"

        assert client.until(is_gone, 30, 0.02)
        if one.kind == "loadbalancer":
            self.lb = ""

    def _settled(self, one: Resource) -> None:
        """The load balancer first, then the thing itself."""
        self._whole()
        status = self.gopher.get(one.kind, f"{one.where}/{one.id}")["provisioning_status"]
        assert status == "ACTIVE", (one, status)

    def _whole(self) -> None:
        def is_active() -> bool:
            status = self.gopher.status("loadbalancer", f"loadbalancers/{self.lb}")
            assert status in (*PENDING, "ACTIVE"), status
            return status == "ACTIVE"

        assert client.until(is_active, 30, 0.02)
