"""Users who write to one load balancer at the same time, and remember what was answered; users who want too much."""

import itertools
from collections.abc import Iterator
from typing import Any

from hydria.cli import client
from tests.system.house import House, at_once
from tests.system.truth import Truth

V2 = "/v2/lbaas"
POOL = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}


class Scribe:
    """Sends requests for all of them; safe to use from many threads."""

    def __init__(self, house: House) -> None:
        self._api = house.api
        self.accepted: list[str] = []
        self.refused: list[tuple[int, str, str]] = []
        self.wanted: dict[str, dict[str, Any] | None] = {}
        """Objects that one user alone writes: what they must be in the end, None when they are to be gone."""

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
        """What was answered; None when it was refused."""
        status, answer, headers = self._api.request(method, f"{V2}/{path}", body)
        if status >= 400:
            self.refused.append(
                (status, f"{method} {path}", answer.get("faultstring") or answer.get("description", ""))
            )
            return None
        self.accepted.append(headers["X-Openstack-Request-Id"])
        return dict(answer)

    def make(self, path: str, root: str, beneath: dict[str, Any], **values: Any) -> str:
        """Create something beneath something; the new id, "" when it was refused."""
        answer = self.ask("POST", path, {root: {**beneath, **values}})
        if answer is None:
            return ""
        made: str = answer[root]["id"]
        self.wanted[made] = values
        return made

    def change(self, path: str, root: str, **values: Any) -> None:
        """Update an object that nobody else writes."""
        if self.ask("PUT", path, {root: values}) is not None:
            object_id = path.rpartition("/")[2]
            self.wanted[object_id] = {**(self.wanted.get(object_id) or {}), **values}

    def drop(self, path: str, *beneath: str) -> None:
        """Delete, and with it what is beneath it."""
        if self.ask("DELETE", path) is not None:
            self.wanted.update(dict.fromkeys((path.rpartition("/")[2], *beneath)))

    def refusals(self, *usual: int) -> list[tuple[int, str, str]]:
        """Answers of another kind than those that were to be expected."""
        return [r for r in self.refused if r[0] not in usual]


def member(n: int) -> dict[str, Any]:
    return {"address": f"10.{n // 62500}.{n // 250 % 250}.{n % 250 + 1}", "protocol_port": 80}


class Place:
    """One load balancer with a listener and a pool, which all of them use."""

    def __init__(self, house: House) -> None:
        self.scribe = Scribe(house)
        self.lb = house.create()["id"]
        common = {"loadbalancer_id": self.lb}
        self.pool = house.make("pools", "pool", **common, **POOL)["id"]
        self.listener = house.make("listeners", "listener", **common, protocol="HTTP", protocol_port=80)["id"]

    def write(self, n: int) -> None:
        """What user `n` does."""
        (self._members, self._listeners, self._policies, self._batches)[n % 4](n)

    def _members(self, n: int) -> None:
        path = f"pools/{self.pool}/members"
        mine = self.scribe.make(path, "member", {}, **member(n))
        for weight in (n, n + 100):
            self.scribe.change(f"{path}/{mine}", "member", weight=weight)
        if n % 8:
            self.scribe.drop(f"{path}/{mine}")

    def _listeners(self, n: int) -> None:
        values = {"protocol": "HTTP", "protocol_port": 10_000 + n, "name": f"of {n}"}
        mine = self.scribe.make("listeners", "listener", {"loadbalancer_id": self.lb}, **values)
        pool = self.scribe.make("pools", "pool", {"listener_id": mine}, **POOL)
        self.scribe.change(f"listeners/{mine}", "listener", name=f"still of {n}", connection_limit=n)
        if n % 8 == 1:
            self.scribe.drop(f"pools/{pool}")

    def _policies(self, n: int) -> None:
        """Each moves the policies of all others."""
        where = {"listener_id": self.listener, "position": 1}
        mine = self.scribe.make("l7policies", "l7policy", where, action="REJECT", name=f"of {n}")
        rule = {"type": "PATH", "compare_type": "STARTS_WITH", "value": f"/{n}"}
        below = self.scribe.make(f"l7policies/{mine}/rules", "rule", {}, **rule)
        self.scribe.ask("PUT", f"listeners/{self.listener}", {"listener": {"description": f"since {n}"}})
        if n % 8 == 2:
            self.scribe.drop(f"l7policies/{mine}", below)

    def _batches(self, n: int) -> None:
        mine = self.scribe.make("pools", "pool", {"loadbalancer_id": self.lb}, **POOL)
        for batch in self._sets(n):
            self.scribe.ask("PUT", f"pools/{mine}/members", {"members": batch})
        self.scribe.ask("PUT", f"loadbalancers/{self.lb}", {"loadbalancer": {"name": f"since {n}"}})

    def _sets(self, n: int) -> Iterator[list[dict[str, Any]]]:
        yield [member(n), member(n + 1)]
        yield [{**member(n + 1), "weight": 7}, member(n + 2)]


class Eager:
    """Users of one project who ask for more than it may have, in every way there is."""

    def __init__(self, house: House, truth: Truth) -> None:
        self._house, self._truth = house, truth
        self._admin = house.deployment.client("admin")
        lb = house.create()
        self._project = lb["project_id"]
        self._numbers = itertools.count()
        self.pool = house.make("pools", "pool", loadbalancer_id=lb["id"], **POOL)["id"]

    def allow(self, **more: int) -> None:
        """Let the project have so many more than it has."""
        used = self._truth.used()
        limits = {kind: used[kind] + n for kind, n in more.items()}
        self._admin.call("PUT", f"{V2}/quotas/{self._project}", {"quota": limits})

    def close(self) -> None:
        self._admin.call("DELETE", f"{V2}/quotas/{self._project}")

    def ask(self, way: str, times: int) -> list[int]:
        """What is answered when so many ask at once in one way."""
        return sorted(at_once(getattr(self, way), times, times))

    def single(self, _: int) -> int:
        return self._answered("POST", f"pools/{self.pool}/members", {"member": member(next(self._numbers))})

    def batch(self, _: int) -> int:
        """Three members."""
        members = [member(next(self._numbers)) for _ in range(3)]
        return self._answered("PUT", f"pools/{self.pool}/members?additive_only=true", {"members": members})

    def tree(self, _: int) -> int:
        """A load balancer, a listener, two pools, two members."""
        pools = [{**POOL, "name": "one", "members": [member(0), member(1)]}, {**POOL, "name": "two"}]
        listener = {"protocol": "HTTP", "protocol_port": 80, "default_pool": {"name": "one"}}
        body = {"vip_subnet_id": self._house.subnets["demo"], "listeners": [listener], "pools": pools}
        return self._answered("POST", "loadbalancers", {"loadbalancer": body})

    def any(self, n: int) -> int:
        return (self.single, self.batch, self.tree)[n % 3](n)

    def drop(self, members: list[str]) -> None:
        """Delete these members at once, and wait for their end."""
        at_once(lambda n: self._answered("DELETE", f"pools/{self.pool}/members/{members[n]}"), len(members), 8)
        assert client.until(lambda: not {*members} & {*self.members()}, 10)

    def members(self) -> list[str]:
        found = self._house.api.call("GET", f"{V2}/pools/{self.pool}/members")["members"]
        return [m["id"] for m in found]

    def _answered(self, method: str, path: str, body: Any = None) -> int:
        return self._house.api.request(method, f"{V2}/{path}", body)[0]
