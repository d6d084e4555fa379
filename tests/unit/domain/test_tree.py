"""Trees grow, shrink and are written down without losing anything."""

import copy
import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.domain import tree as trees
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import AdditionalVip, LoadBalancer
from hydria.domain.member import Member
from hydria.domain.pool import Pool, SessionPersistence
from hydria.domain.tree import Tree
from hydria.domain.types import Address, AsWritten, Persistence
from hydria.kit import ids
from tests.unit.control.growing import histories, part, tree

FULL = tree(
    3,
    part(Pool, "p1", 1, session_persistence=SessionPersistence(type=Persistence.SOURCE_IP)),
    part(Pool, "p2", 1),
    part(Pool, "p3", 1),
    part(Listener, "l1", 1, default_pool_id="p1", allowed_cidrs=["10.0.0.0/8"]),
    part(Listener, "l2", 1),
    part(Member, "m1", 1, pool_id="p1"),
    part(Member, "m2", 1, pool_id="p2"),
    part(Member, "m3", 2, pool_id="p1"),
    part(HealthMonitor, "h1", 1, pool_id="p1"),
    part(L7Policy, "y2", 1, listener_id="l2", position=2, redirect_pool_id="p2"),
    part(L7Policy, "y1", 1, listener_id="l2", position=1),
    part(L7Rule, "r1", 1, l7policy_id="y1"),
)


REFERENCES = ("id", "load_balancer_id", "pool_id", "listener_id", "l7policy_id", "default_pool_id", "redirect_pool_id")


def uid(name):
    return ids.text(hashlib.sha256(name.encode()).digest()[:16])


def real(one):
    """The same tree with identifiers as they are in earnest."""
    named = [(p, {f: uid(v) for f in REFERENCES if (v := getattr(p, f, None))}) for p in one.parts()]
    return Tree().plus(*(msgspec.structs.replace(p, **names) for p, names in named))


def of(parts):
    return [p.id for p in parts]


@given(histories())
def test_what_is_written_down_reads_back_as_it_was(pair):
    for one in pair:
        assert trees.load(trees.dump(real(one))) == real(one)


def test_addresses_and_nested_values_keep_their_types():
    root = msgspec.structs.replace(
        part(LoadBalancer, "lb", 1, vip_address=Address("10.0.0.1")),
        additional_vips=[AdditionalVip(subnet_id=uid("s"), ip_address=AsWritten("fd00::1"))],
    )
    whole = real(FULL.plus(root))
    back = trees.load(trees.dump(whole))
    assert back == whole
    assert back.loadbalancer
    assert isinstance(back.loadbalancer.additional_vips[0].ip_address, AsWritten)
    assert isinstance(back.pools[uid("p1")].session_persistence, SessionPersistence)


@given(histories())
def test_parents_come_before_children(pair):
    for one in pair:
        seen: set[str] = set()
        for p in one.parts():
            above = {getattr(p, f, None) for f in ("pool_id", "listener_id", "l7policy_id")} - {None}
            assert above <= seen
            seen.add(p.id)


@given(histories(), st.data())
def test_what_is_added_is_there_and_what_is_taken_away_is_not(pair, data):
    _, one = pair
    chosen = data.draw(st.sampled_from(list(one.parts())))
    without = one.minus(chosen.id)
    assert without.find(chosen.id) is None
    assert len(list(without.parts())) == len(list(one.parts())) - 1
    assert {p.id: p for p in without.plus(chosen).parts()} == {p.id: p for p in one.parts()}
    assert one.find(chosen.id) == chosen


@pytest.mark.parametrize(
    "found, expected",
    [
        (of(FULL.members_of("p1")), ["m1", "m3"]),
        (of(FULL.members_of("p3")), []),
        (of(FULL.policies_of("l2")), ["y1", "y2"]),
        (of(FULL.rules_of("y1")), ["r1"]),
        (of(FULL.listeners_of("p1")), ["l1"]),
        (of(FULL.listeners_of("p2")), ["l2"]),
        (of(FULL.listeners_of("p3")), []),
    ],
)
def test_who_belongs_to_whom(found, expected):
    assert found == expected


def test_a_pool_has_its_monitor_or_none():
    assert FULL.monitor_of("p1") == FULL.healthmonitors["h1"]
    assert FULL.monitor_of("p2") is None


def test_the_empty_tree_has_no_generation():
    assert (Tree().generation, list(Tree().parts()), FULL.generation) == (0, [], 3)


def test_a_tree_without_its_load_balancer_is_possible():
    assert FULL.minus("lb").loadbalancer is None


def test_the_original_never_changes():
    before = copy.deepcopy(FULL)
    FULL.plus(part(Pool, "p9", 1)).minus("p1", "lb")
    assert before == FULL
