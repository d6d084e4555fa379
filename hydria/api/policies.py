"""The rules that say who may do what: their names, their defaults, and the older roles that may be let in beside them."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hydria.domain import kinds

PREFIX = "os_load-balancer_api:"
ADMINISTRATOR = "context_is_admin"
"""The rule that says who administers this service."""


class Group(enum.StrEnum):
    """Actions that the same people may do; each is a rule that the rules of its actions refer to."""

    READ = "load-balancer:read"
    READ_GLOBAL = "load-balancer:read-global"
    WRITE = "load-balancer:write"
    READ_QUOTA = "load-balancer:read-quota"
    READ_QUOTA_GLOBAL = "load-balancer:read-quota-global"
    WRITE_QUOTA = "load-balancer:write-quota"
    ADMIN = "load-balancer:admin"


@dataclass(frozen=True)
class Rule:
    """A rule: its name, who passes, and who passed with the older roles (let in too unless only the new are enforced)."""

    name: str
    check: str
    older: str | None = None


def either(*names: str) -> str:
    """Whoever passes one of these rules."""
    return " or ".join(f"rule:{name}" for name in names)


OWNER = "load-balancer:owner"
OBSERVER = "load-balancer:observer_and_owner"
GLOBAL_OBSERVER = "load-balancer:global_observer"
MEMBER = "load-balancer:member_and_owner"
QUOTA_ADMIN = "load-balancer:quota-admin"

PEOPLE = (
    Rule(ADMINISTRATOR, "role:admin", "role:admin or role:load-balancer_admin"),
    Rule("service", "role:service"),
    Rule(OWNER, "project_id:%(project_id)s"),
    Rule("project-reader", f"role:reader and rule:{OWNER}"),
    Rule("project-member", f"role:member and rule:{OWNER}"),
    Rule(OBSERVER, "rule:project-reader", f"role:load-balancer_observer and rule:{OWNER}"),
    Rule(MEMBER, "rule:project-member", f"role:load-balancer_member and rule:{OWNER}"),
    Rule(GLOBAL_OBSERVER, "role:admin", "role:load-balancer_global_observer"),
    Rule(QUOTA_ADMIN, "role:admin", "role:load-balancer_quota_admin"),
)
"""Who there is."""

GROUPS = (
    Rule(Group.ADMIN, f"is_admin:True or {either(ADMINISTRATOR)}"),
    Rule(Group.READ, either(OBSERVER, GLOBAL_OBSERVER, MEMBER, Group.ADMIN)),
    Rule(Group.READ_GLOBAL, either(GLOBAL_OBSERVER, Group.ADMIN)),
    Rule(Group.WRITE, either(MEMBER, Group.ADMIN)),
    Rule(Group.READ_QUOTA, either(OBSERVER, GLOBAL_OBSERVER, MEMBER, QUOTA_ADMIN, Group.ADMIN)),
    Rule(Group.READ_QUOTA_GLOBAL, either(GLOBAL_OBSERVER, QUOTA_ADMIN, Group.ADMIN)),
    Rule(Group.WRITE_QUOTA, either(QUOTA_ADMIN, Group.ADMIN)),
)
"""What each of them may do. A policy file usually replaces these."""

_OFFERED = {Group.READ: "get_all get_one", Group.ADMIN: "post put delete"}
_OWNED = {Group.READ: "get_all get_one", Group.READ_GLOBAL: "get_all-global", Group.WRITE: "post put delete"}
_NESTED = {Group.READ: "get_all get_one", Group.WRITE: "post put delete"}
_PROFILE = {Group.ADMIN: "get_all get_one post put delete"}

ACTIONS: dict[str, dict[Group, str]] = {
    "loadbalancer": {
        Group.READ: "get_all get_one get_stats get_status",
        Group.READ_GLOBAL: "get_all-global",
        Group.WRITE: "post put delete post:vip_sg_ids put:vip_sg_ids",
        Group.ADMIN: "put_failover",
    },
    "listener": {**_OWNED, Group.READ: "get_all get_one get_stats"},
    "pool": _OWNED,
    "member": _NESTED,
    "healthmonitor": _OWNED,
    "l7policy": _OWNED,
    "l7rule": _NESTED,
    "flavor": _OFFERED,
    "flavor-profile": _PROFILE,
    "availability-zone": _OFFERED,
    "availability-zone-profile": _PROFILE,
    "provider": {Group.READ: "get_all"},
    "provider-flavor": {Group.ADMIN: "get_all"},
    "provider-availability-zone": {Group.ADMIN: "get_all"},
    "amphora": {Group.ADMIN: "get_all get_one get_stats delete put_config put_failover"},
    "quota": {
        Group.READ_QUOTA: "get_all get_one get_defaults",
        Group.READ_QUOTA_GLOBAL: "get_all-global",
        Group.WRITE_QUOTA: "put delete",
    },
}
"""Every action on every object, by the group of those who may."""

ALSO = {"member:get_all": "service"}
"""Rules whose people pass besides those of the group: other services count the members of a pool."""


def actions() -> Iterator[Rule]:
    """The rule of every action."""
    for thing, groups in ACTIONS.items():
        for group, names in groups.items():
            for name in (f"{thing}:{action}" for action in names.split()):
                more = (ALSO[name],) if name in ALSO else ()
                yield Rule(PREFIX + name, either(group, *more))


def rules() -> tuple[Rule, ...]:
    """All rules."""
    return (*PEOPLE, *GROUPS, *actions())


def thing(kind: kinds.Kind) -> str:
    """What rules call a kind."""
    return "l7rule" if kind is kinds.L7RULE else kind.one


def on(kind: kinds.Kind, action: str) -> str:
    """The name of an action on a kind."""
    return f"{thing(kind)}:{action}"


def posting(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The actions that creating something with these values is: security groups have a rule of their own."""
    return ("post", "post:vip_sg_ids") if values.get("vip_sg_ids") else ("post",)


def putting(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The same for changing."""
    return ("put", "put:vip_sg_ids") if "vip_sg_ids" in values else ("put",)
