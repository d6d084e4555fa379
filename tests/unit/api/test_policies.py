"""The rules: every action, whoever there is, as the documents of the API say; and the rule sets that may replace ours."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oslo_policy.policy import PolicyNotRegistered

from hydria.api import access, policies
from hydria.api.access import PolicySettings, Rules
from hydria.drivers.identity import Caller
from hydria.kit.clock import HandClock

OWN, FOREIGN = "a" * 32, "b" * 32
SETS = Path(__file__).parents[3] / "etc/policy"

ACTIONS = {
    "read": """loadbalancer:get_all loadbalancer:get_one loadbalancer:get_stats loadbalancer:get_status
        listener:get_all listener:get_one listener:get_stats pool:get_all pool:get_one
        healthmonitor:get_all healthmonitor:get_one l7policy:get_all l7policy:get_one member:get_one l7rule:get_all
        l7rule:get_one flavor:get_all flavor:get_one availability-zone:get_all availability-zone:get_one provider:get_all""",
    "count": "member:get_all",
    "read-global": """loadbalancer:get_all-global listener:get_all-global pool:get_all-global
        healthmonitor:get_all-global l7policy:get_all-global""",
    "write": """loadbalancer:post loadbalancer:put loadbalancer:delete loadbalancer:post:vip_sg_ids
        loadbalancer:put:vip_sg_ids listener:post listener:put listener:delete pool:post pool:put pool:delete
        healthmonitor:post healthmonitor:put healthmonitor:delete l7policy:post l7policy:put l7policy:delete member:post
        member:put member:delete l7rule:post l7rule:put l7rule:delete""",
    "read-quota": "quota:get_all quota:get_one quota:get_defaults",
    "read-quota-global": "quota:get_all-global",
    "write-quota": "quota:put quota:delete",
    "admin": """loadbalancer:put_failover flavor:post flavor:put flavor:delete availability-zone:post
        availability-zone:put availability-zone:delete flavor-profile:get_all flavor-profile:get_one flavor-profile:post
        flavor-profile:put flavor-profile:delete availability-zone-profile:get_all availability-zone-profile:get_one
        availability-zone-profile:post availability-zone-profile:put availability-zone-profile:delete
        provider-flavor:get_all provider-availability-zone:get_all amphora:get_all amphora:get_one amphora:get_stats
        amphora:delete amphora:put_config amphora:put_failover""",
}
EVERYTHING = frozenset(ACTIONS)
OBSERVER = frozenset({"read", "count", "read-quota"})
MEMBER = OBSERVER | {"write"}
GLOBAL_OBSERVER = OBSERVER | {"read-global", "read-quota-global"}
QUOTA_ADMIN = frozenset({"read-quota", "read-quota-global", "write-quota"})
NOTHING: frozenset[str] = frozenset()

# Role, then what it gives in the own project and in another's.
Given = dict[str, tuple[frozenset[str], frozenset[str]]]
DEFAULT: Given = {
    "member": (MEMBER, NOTHING),
    "reader": (OBSERVER, NOTHING),
    "admin": (EVERYTHING, EVERYTHING),
    "service": (frozenset({"count"}), frozenset({"count"})),
    "creator": (NOTHING, NOTHING),
    "load-balancer_observer": (NOTHING, NOTHING),
    "load-balancer_global_observer": (NOTHING, NOTHING),
    "load-balancer_member": (NOTHING, NOTHING),
    "load-balancer_quota_admin": (NOTHING, NOTHING),
    "load-balancer_admin": (NOTHING, NOTHING),
}
OLDER: Given = {
    "load-balancer_observer": (OBSERVER, NOTHING),
    "load-balancer_global_observer": (GLOBAL_OBSERVER, GLOBAL_OBSERVER),
    "load-balancer_member": (MEMBER, NOTHING),
    "load-balancer_quota_admin": (QUOTA_ADMIN, QUOTA_ADMIN),
    "load-balancer_admin": (EVERYTHING, EVERYTHING),
}
WITHOUT: Given = dict.fromkeys(("member", "reader"), (NOTHING, NOTHING))
# Where the project alone decides, any role of it does, and one of another service's counts members there.
OWNER: Given = {
    **dict.fromkeys(DEFAULT, (MEMBER, NOTHING)),
    **{role: DEFAULT[role] for role in ("admin",)},
    "service": (MEMBER, frozenset({"count"})),
    "load-balancer_admin": (EVERYTHING, EVERYTHING),
}
WAYS: dict[str, tuple[PolicySettings, Given]] = {
    "by default": (PolicySettings(), DEFAULT),
    "with the older roles": (PolicySettings(enforce_new_defaults=False), DEFAULT | OLDER),
    "keystone-default-roles": (
        PolicySettings(str(SETS / "keystone-default-roles.yaml"), enforce_new_defaults=False),
        DEFAULT,
    ),
    "load-balancer-roles": (PolicySettings(str(SETS / "load-balancer-roles.yaml")), DEFAULT | WITHOUT | OLDER),
    "admin-or-owner": (PolicySettings(str(SETS / "admin-or-owner.yaml")), OWNER),
}


def caller(*roles: str, project_id: str = OWN, **more: Any) -> Caller:
    return Caller("somebody", project_id, frozenset(roles), **more)


def passed(rules: Rules, one: Caller, project_id: str) -> set[str]:
    """Every action that somebody may do to what a project owns."""
    known = rules.known(one)
    names = (rule.name.removeprefix(policies.PREFIX) for rule in policies.actions())
    return {name for name in names if rules.may(known, name, project_id)}


def actions(groups: frozenset[str]) -> set[str]:
    return {name for group in groups for name in ACTIONS[group].split()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", DEFAULT)
def test_a_role_gives_what_it_is_said_to_give(way: str, role: str) -> None:
    settings, given = WAYS[way]
    rules = Rules(settings, HandClock())
    found = [passed(rules, caller(role), project_id) for project_id in (OWN, FOREIGN)]
    assert found == [actions(groups) for groups in given[role]]


def test_every_action_has_a_rule_and_every_rule_of_an_action_is_known() -> None:
    names = [rule.name.removeprefix(policies.PREFIX) for rule in policies.actions()]
    assert sorted(names) == sorted(actions(EVERYTHING))


def test_an_action_without_a_rule_is_a_mistake_of_ours() -> None:
    with pytest.raises(PolicyNotRegistered):
        Rules(PolicySettings(), HandClock()).may(caller("admin"), "pool:paint", OWN)


@pytest.mark.parametrize("scope", [{"system_scope": "all"}, {"domain_id": "default"}])
def test_tokens_of_a_system_or_domain_count_only_where_the_scope_is_not_enforced(scope: dict[str, str]) -> None:
    one = caller("admin", project_id="", **scope)
    strict, lenient = (Rules(PolicySettings(enforce_scope=on), HandClock()) for on in (True, False))
    assert (strict.known(one).is_admin, lenient.known(one).is_admin) == (False, True)
    assert (passed(strict, one, OWN), passed(lenient, one, OWN)) == (set(), actions(EVERYTHING))


@pytest.mark.parametrize("way", WAYS)
def test_who_has_no_project_owns_nothing(way: str) -> None:
    rules = Rules(WAYS[way][0], HandClock())
    assert [passed(rules, caller("member", "reader", project_id=""), p) for p in ("", OWN)] == [set(), set()]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """Write a policy file, later than the last time."""
    path, times = tmp_path / "policy.yaml", iter(range(2_000_000_000, 2_000_001_000))

    def write(text: str) -> str:
        path.write_text(text)
        os.utime(path, (at := next(times), at))
        return str(path)

    return write


def test_a_changed_file_counts_within_a_second(file: Callable[[str], str]) -> None:
    clock = HandClock()
    rules = Rules(PolicySettings(file("{}")), clock)
    assert rules.may(caller("reader"), "pool:get_one", OWN)
    file('"load-balancer:read": "!"')
    clock.turn(access.KEPT_S)
    assert not rules.may(caller("reader"), "pool:get_one", OWN)


@pytest.mark.parametrize("broken", ["{", "- a list", None])
def test_a_file_that_is_broken_or_gone_changes_nothing(file: Callable[[str], str], broken: str | None) -> None:
    clock = HandClock()
    path = file('"load-balancer:read": "!"')
    rules = Rules(PolicySettings(path), clock)
    if broken is None:
        Path(path).unlink()
    else:
        file(broken)
    clock.turn(access.KEPT_S)
    assert not rules.may(caller("reader"), "pool:get_one", OWN)
    assert rules.may(caller("admin"), "amphora:get_all", OWN)


@pytest.mark.parametrize("broken", ["{", "- a list", '"a": 5'])
def test_a_file_that_is_broken_from_the_start_is_told_of(file: Callable[[str], str], broken: str) -> None:
    with pytest.raises(ValueError, match="policy"):
        Rules(PolicySettings(file(broken)), HandClock())


def test_answers_are_remembered_up_to_a_bound() -> None:
    rules = Rules(PolicySettings(), HandClock())
    for number in range(access.REMEMBERED + 10):
        rules._said[("x", caller(), str(number))] = True
    assert rules.may(caller("reader"), "pool:get_one", OWN)
    assert len(rules._said) == 1
