"""Tests of the effective tree: what is pushed while some objects are refused."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hydria.control import effective
from hydria.domain import kinds
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.tree import Tree
from hydria.domain.types import PolicyAction
from hydria.domain.verdict import Verdict
from tests.unit.control import growing
from tests.unit.control.growing import part
from tests.unit.control.test_blame import is_closed

POOL = part(Pool, "pool", 2)
MEMBER = part(Member, "member", 2, pool_id="pool", weight=5)
MONITOR = part(HealthMonitor, "monitor", 2, pool_id="pool")
LISTENER = part(Listener, "listener", 3, default_pool_id="pool", client_ca_tls_container_ref="ca")
POLICY = part(L7Policy, "policy", 3, listener_id="listener")
RULE = part(L7Rule, "rule", 3, l7policy_id="policy")
RUNNING = growing.tree(3, POOL, MEMBER, MONITOR, LISTENER, POLICY, RULE)


def pushed(desired: Tree, *refused: str, accepted: Tree = RUNNING, **more: Any) -> Tree:
    """The effective tree when these objects are refused."""
    found = [p for i in refused if (p := desired.find(i) or accepted.find(i))]
    verdicts = {
        p.id: Verdict(object_id=p.id, kind=kinds.of(p).table, load_balancer_id="lb", changed=p.changed, **more)
        for p in found
    }
    return effective.effective(desired, accepted, verdicts)


@given(growing.histories(), st.data())
def test_whatever_is_refused_no_reference_dangles(history: tuple[Tree, Tree], data: st.DataObject) -> None:
    accepted, desired = history
    ids = sorted(effective.changes(desired, accepted))
    refused = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
    assert is_closed(pushed(desired, *refused, accepted=accepted))


@given(growing.histories())
def test_when_every_change_is_refused_what_ran_runs(history: tuple[Tree, Tree]) -> None:
    accepted, desired = history
    now = pushed(desired, *effective.changes(desired, accepted), accepted=accepted, bare=True)
    assert [(p.id, p.changed) for p in now.parts()] == [(p.id, p.changed) for p in accepted.parts()]


def test_without_verdicts_it_is_what_is_desired() -> None:
    desired = growing.later(RUNNING).minus("member").plus(part(Pool, "new", 4))
    assert pushed(desired) == desired


def test_a_verdict_on_an_earlier_write_says_nothing() -> None:
    once = growing.change(RUNNING, "pool", name="bad")
    verdict = Verdict(object_id="pool", kind="pool", load_balancer_id="lb", changed=4)
    again = growing.change(once, "pool", name="good")
    assert effective.effective(again, RUNNING, {"pool": verdict}) == again


def test_the_pushed_tree_has_the_generation_that_is_desired() -> None:
    assert pushed(growing.change(RUNNING, "lb", name="bad"), "lb").generation == 4


def test_what_is_marked_deleted_is_not_pushed() -> None:
    desired = growing.change(RUNNING, "member", deleted=4)
    assert pushed(desired) == growing.later(RUNNING).minus("member")


def test_a_new_load_balancer_that_is_refused_leaves_nothing() -> None:
    assert pushed(RUNNING, "lb", accepted=Tree()) == Tree()


def test_members_come_and_go_in_a_pool_that_keeps_its_values() -> None:
    desired = growing.change(RUNNING, "pool", name="bad").minus("member").plus(part(Member, "new", 4, pool_id="pool"))
    now = pushed(desired, "pool")
    assert (now.pools["pool"].name, list(now.members)) == ("", ["new"])


def test_a_new_listener_waits_for_its_refused_pool() -> None:
    desired = growing.later(RUNNING).plus(part(Pool, "new", 4), part(Listener, "second", 4, default_pool_id="new"))
    assert pushed(desired, "new") == growing.later(RUNNING)


def test_a_listener_is_not_turned_to_a_pool_whose_change_is_refused() -> None:
    running = RUNNING.plus(part(Pool, "other", 2))
    desired = growing.change(growing.change(running, "other", name="bad"), "listener", default_pool_id="other")
    assert pushed(desired, "other", accepted=running).listeners["listener"].default_pool_id == "pool"


def test_a_pool_stays_with_its_members_while_a_held_listener_uses_it() -> None:
    desired = growing.later(RUNNING).minus("pool", "member", "monitor").plus(part(Pool, "new", 4))
    desired = growing.change(desired, "listener", default_pool_id="new")
    now = pushed(desired, "new")
    assert [p.id for p in now.parts()] == [p.id for p in RUNNING.parts()]


def test_a_pool_stays_with_a_member_whose_deletion_is_refused() -> None:
    desired = growing.change(RUNNING, "listener", default_pool_id=None).minus("pool", "member", "monitor")
    assert list(pushed(desired, "member").pools) == ["pool"]


def test_a_policy_keeps_all_its_rules_when_one_is_refused() -> None:
    desired = growing.change(RUNNING, "policy", action=PolicyAction.REDIRECT_TO_URL, redirect_url="http://a/")
    desired = growing.later(desired).minus("rule").plus(part(L7Rule, "bad", 5, l7policy_id="policy"))
    now = pushed(desired, "bad")
    assert (list(now.l7rules), now.l7policies["policy"].action) == (["rule"], PolicyAction.REJECT)


def test_a_part_of_every_kind_has_its_place_in_the_order() -> None:
    assert set(effective.DEPENDENCY) == {k.resource for k in kinds.KINDS}
    assert all(issubclass(k, Part) for k in effective.DEPENDENCY)
