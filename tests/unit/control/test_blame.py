"""Tests of blame: what is found, what it costs, and that nothing unproved is ever used."""

import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.control import blame, effective
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.listener import Listener
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.tree import Tree
from hydria.domain.verdict import Verdict
from tests.unit.control import growing
from tests.unit.control.growing import part

REFERENCES = ("load_balancer_id", "pool_id", "listener_id", "l7policy_id", "default_pool_id", "redirect_pool_id")


def is_closed(tree: Tree) -> bool:
    """Whether every reference leads to an object of the tree."""
    ids = {p.id for p in tree.parts()}
    if tree.loadbalancer is None:
        return not ids
    refs = {getattr(p, f, None) for p in tree.parts() for f in REFERENCES}
    return refs <= ids | {None}


def tainted(accepted: Tree, desired: Tree, poison: set[str]) -> set[str]:
    """The poisoned objects and whatever could have to do with them."""
    links: set[tuple[str, str]] = set()
    for tree in (accepted, desired):
        for p in tree.parts():
            above = {getattr(p, f, None) for f in REFERENCES} - {None, p.id}
            links |= {(str(x), p.id) for x in above}
            if isinstance(p, L7Rule):
                links.add((p.id, p.l7policy_id))
    for p in accepted.parts():  # what is to be deleted, and was referred to
        pools = {getattr(p, "default_pool_id", None), getattr(p, "redirect_pool_id", None)} - {None}
        links |= {(p.id, str(x)) for x in pools}
    found, size = set(poison), 0
    while size != len(found):
        size = len(found)
        found |= {y for x, y in links if x in found}
    return found


def state(part: Part | None) -> Any:
    """What an object says, generations aside."""
    return part and {f: v for f in part.__struct_fields__ if f != "touched" and (v := getattr(part, f)) is not None}


@st.composite
def poisoned(draw: Any) -> tuple[Tree, Tree, set[str]]:
    """A history, and some of the changed objects that the data plane refuses."""
    accepted, desired = draw(growing.histories())
    new = [i for i in effective.changes(desired, accepted) if desired.find(i) and i != "lb"]
    return accepted, desired, draw(st.sets(st.sampled_from(new), max_size=4)) if new else set()


def run(accepted: Tree, desired: Tree, poison: set[str]) -> blame.Outcome:
    marks = [(p.id, p.changed) for p in desired.parts() if p.id in poison]
    return growing.judge(growing.refusing(*marks), blame.blame(accepted, desired))


@given(poisoned())
def test_what_has_nothing_to_do_with_the_refused_is_as_desired(case: tuple[Tree, Tree, set[str]]) -> None:
    accepted, desired, poison = case
    outcome = run(*case)
    affected = tainted(accepted, desired, poison)
    for i in {p.id for p in (*desired.parts(), *accepted.parts())} - affected:
        assert state(outcome.tree.find(i)) == state(desired.find(i))
    assert {v.object_id for v in outcome.verdicts} <= affected


@given(poisoned())
def test_the_refused_keep_their_accepted_values_or_are_left_out(case: tuple[Tree, Tree, set[str]]) -> None:
    accepted, _, poison = case
    outcome = run(*case)
    assert not outcome.is_unfinished
    for i in poison:
        now, before = outcome.tree.find(i), accepted.find(i)
        assert (now is None) == (before is None)
        assert now is None or before is None or now.changed == before.changed
    assert is_closed(outcome.tree)
    assert outcome.proofs <= blame.PROOFS


@given(poisoned())
def test_exactly_the_refused_are_blamed_with_the_words_of_the_refusal(case: tuple[Tree, Tree, set[str]]) -> None:
    accepted, desired, poison = case
    outcome = run(*case)
    blamed = {v.object_id: v for v in outcome.verdicts if not v.held}
    assert blamed.keys() <= poison  # one that hangs on another that is refused waits for it
    assert all(v.reason == f"no {i}" for i, v in blamed.items())
    assert all(v.because in blamed for v in outcome.verdicts if v.held)
    at = {i for i in effective.changes(desired, accepted) if state(outcome.tree.find(i)) != state(desired.find(i))}
    assert at <= {v.object_id for v in outcome.verdicts}


@given(poisoned())
def test_the_verdicts_alone_tell_the_tree_now_and_once_it_is_accepted(case: tuple[Tree, Tree, set[str]]) -> None:
    accepted, desired, _ = case
    outcome = run(*case)
    verdicts = {v.object_id: v for v in outcome.verdicts}
    assert effective.effective(desired, accepted, verdicts) == outcome.tree
    assert effective.effective(desired, outcome.tree, verdicts) == outcome.tree
    assert blame.standing(verdicts, outcome.tree, desired, 0, "") == verdicts
    assert blame.complete(verdicts, outcome.tree, desired) == verdicts


@given(poisoned())
def test_the_same_trees_give_the_same_outcome(case: tuple[Tree, Tree, set[str]]) -> None:
    accepted, desired, poison = case
    shuffled = Tree().plus(*reversed(list(desired.parts())))
    assert run(accepted, desired, poison).verdicts == run(accepted, shuffled, poison).verdicts


@given(growing.histories(), st.integers(), st.integers(2, 4))
def test_a_data_plane_with_whims_is_never_given_an_unproved_tree(
    history: tuple[Tree, Tree], seed: int, size: int
) -> None:
    accepted, desired = history
    proved = [accepted]

    def whim(tree: Tree) -> str | None:
        marks = sorted((p.id, p.changed) for p in tree.parts())
        if zlib.crc32(repr((seed, marks)).encode()) % size:
            return "no"
        proved.append(tree)
        return None

    outcome = growing.judge(whim, blame.blame(accepted, desired))
    assert is_closed(outcome.tree)
    assert outcome.tree in proved or outcome.tree == untouched(accepted, desired)
    assert outcome.proofs <= blame.PROOFS


@given(growing.histories(), st.data())
def test_of_two_that_are_refused_together_one_goes_through(history: tuple[Tree, Tree], data: st.DataObject) -> None:
    accepted, desired = history
    marks = [(i, p.changed) for i, p in effective.changes(desired, accepted).items() if desired.find(i) and i != "lb"]
    pair = set(data.draw(st.lists(st.sampled_from(marks), min_size=2, max_size=2))) if marks else set()

    def oracle(tree: Tree) -> str | None:
        there = {(p.id, p.changed) for p in tree.parts()}
        return "not both" if len(pair) == 2 and pair <= there else None

    outcome = growing.judge(oracle, blame.blame(accepted, desired))
    assert oracle(outcome.tree) is None
    assert len([v for v in outcome.verdicts if not v.held]) <= 1


def untouched(accepted: Tree, desired: Tree) -> Tree:
    """The accepted tree under the generation that is desired."""
    every = list(effective.changes(desired, accepted))
    return effective.compose(desired, accepted, every, every).tree


# --- examples

POOL = part(Pool, "pool", 2)
LISTENER = part(Listener, "listener", 3, default_pool_id="pool")
RUNNING = growing.tree(3, POOL, LISTENER)


def test_nothing_refused_costs_one_proof() -> None:
    desired = growing.later(RUNNING).plus(part(Member, "m", 4, pool_id="pool"))
    outcome = growing.judge(growing.refusing(), blame.blame(RUNNING, desired))
    assert (outcome.tree, outcome.verdicts, outcome.proofs) == (desired, (), 1)


def test_a_listener_waits_for_the_pool_it_is_turned_to() -> None:
    desired = growing.later(RUNNING).plus(part(Pool, "bad", 4))
    desired = growing.change(desired, "listener", default_pool_id="bad", connection_limit=7)
    outcome = growing.judge(growing.refusing(("bad", 4)), blame.blame(RUNNING, desired))
    listener = outcome.tree.listeners["listener"]
    assert (listener.default_pool_id, listener.connection_limit) == ("pool", 7)
    assert [(v.object_id, v.reason) for v in outcome.verdicts] == [
        ("bad", "no bad"),
        ("listener", "waits for pool bad"),
    ]


def test_a_policy_that_lacks_a_refused_rule_stays_away_and_the_rule_is_blamed() -> None:
    new = part(L7Policy, "policy", 4, listener_id="listener")
    rules = [part(L7Rule, f"r{n}", 4, l7policy_id="policy") for n in range(3)]
    desired = growing.later(RUNNING).plus(new, *rules)
    outcome = growing.judge(growing.refusing(("r1", 4)), blame.blame(RUNNING, desired))
    assert outcome.tree == growing.later(RUNNING)
    assert [v.object_id for v in outcome.verdicts if not v.held] == ["r1"]
    assert {v.object_id: v.because for v in outcome.verdicts if v.held} == dict.fromkeys(("policy", "r0", "r2"), "r1")


def test_one_bad_member_of_a_thousand_is_found_within_the_proofs() -> None:
    members = [part(Member, f"m{n:04}", 4, pool_id="pool") for n in range(1000)]
    desired = growing.later(RUNNING).plus(*members)
    outcome = growing.judge(growing.refusing(("m0617", 4)), blame.blame(RUNNING, desired))
    assert [v.object_id for v in outcome.verdicts] == ["m0617"]
    assert len(outcome.tree.members) == 999
    assert outcome.proofs <= 21


def test_what_one_round_does_not_reach_the_next_rounds_do() -> None:
    bad = [(f"m{n:02}", 4) for n in range(0, 60, 3)]
    desired = growing.later(RUNNING).plus(*(part(Member, f"m{n:02}", 4, pool_id="pool") for n in range(60)))
    running, verdicts = RUNNING, dict[str, Verdict]()
    for _ in range(4):
        outcome = growing.judge(growing.refusing(*bad), blame.blame(running, desired, known=verdicts))
        assert outcome.proofs <= blame.PROOFS
        running = outcome.tree
        verdicts = blame.standing({v.object_id: v for v in outcome.verdicts}, running, desired, 0, "")
    assert sorted(verdicts) == [i for i, _ in bad]
    assert len(running.members) == 40


def test_a_refused_deletion_is_held_with_what_is_beneath() -> None:
    running = RUNNING.plus(part(Pool, "old", 2), part(Member, "m", 2, pool_id="old"))
    desired = growing.later(running).minus("old", "m")

    def oracle(tree: Tree) -> str | None:
        return None if "old" in tree.pools else "old is needed"

    outcome = growing.judge(oracle, blame.blame(running, desired))
    assert outcome.tree == growing.later(running)
    assert {v.object_id: v.held for v in outcome.verdicts} == {"old": False, "m": True}


def test_a_listener_that_came_without_its_pool_is_still_to_be_changed() -> None:
    desired = growing.later(RUNNING).plus(part(Pool, "bad", 4))
    desired = growing.change(desired, "listener", default_pool_id="bad", connection_limit=7)
    outcome = growing.judge(growing.refusing(("bad", 4)), blame.blame(RUNNING, desired))
    assert list(effective.changes(desired, outcome.tree)) == ["bad", "listener"]


@pytest.mark.parametrize("bad", range(15))
def test_a_search_leaves_proofs_for_the_tree_it_ends_with(bad: int) -> None:
    members = [part(Member, f"m{n:02}", 4, pool_id="pool") for n in range(16)]
    rules = [part(L7Rule, f"r{n}", 4, l7policy_id="policy") for n in range(2)]
    desired = growing.later(RUNNING).plus(*members, *rules, part(L7Policy, "policy", 4, listener_id="listener"))
    poison = [(f"m{15 - n:02}", 4) for n in range(bad)]
    outcome = growing.judge(growing.refusing(*poison, ("r1", 4)), blame.blame(RUNNING, desired))
    assert outcome.tree.members
    assert not outcome.tree.l7rules


def test_what_only_tightens_is_taken_of_a_refused_object() -> None:
    desired = growing.change(RUNNING, "listener", admin_state_up=False, tls_ciphers="nonsense")
    outcome = growing.judge(growing.refusing(("listener", 4)), blame.blame(RUNNING, desired))
    listener = outcome.tree.listeners["listener"]
    assert (listener.admin_state_up, listener.tls_ciphers, listener.changed) == (False, None, 3)


def test_what_tightens_is_left_when_it_is_refused_itself() -> None:
    desired = growing.change(RUNNING, "listener", admin_state_up=False)

    def oracle(tree: Tree) -> str | None:
        return None if all(li.admin_state_up for li in tree.listeners.values()) else "no"

    outcome = growing.judge(oracle, blame.blame(RUNNING, desired))
    assert outcome.tree.listeners["listener"] == msgspec.structs.replace(LISTENER, touched=4)
    verdicts = {v.object_id: v for v in outcome.verdicts}
    assert verdicts["listener"].bare
    assert effective.effective(desired, RUNNING, verdicts) == outcome.tree


def test_what_is_turned_to_a_refused_pool_later_is_told_that_it_waits() -> None:
    desired = growing.later(RUNNING).plus(part(Pool, "bad", 4))
    outcome = growing.judge(growing.refusing(("bad", 4)), blame.blame(RUNNING, desired, revision=7, image="a"))
    later = growing.change(desired, "listener", default_pool_id="bad")
    standing = blame.standing({v.object_id: v for v in outcome.verdicts}, outcome.tree, later, 7, "a")
    told = blame.complete(standing, outcome.tree, later)["listener"]
    assert (told.held, told.because, told.changed, told.revision, told.image) == (True, "bad", 5, 7, "a")


VERDICT = Verdict(object_id="pool", kind="pool", load_balancer_id="lb", changed=2, revision=1, image="a")


@pytest.mark.parametrize(
    "changed, revision, image, expected",
    [(2, 1, "a", True), (3, 1, "a", False), (2, 2, "a", False), (2, 1, "b", False)],
)
def test_a_verdict_falls_with_its_object_the_renderer_and_the_image(
    changed: int, revision: int, image: str, *, expected: bool
) -> None:
    assert blame.stands(VERDICT, part(Pool, "pool", changed), revision, image) is expected


def test_what_waits_is_free_when_what_it_waits_for_is_written_again() -> None:
    desired = growing.later(RUNNING).plus(part(Pool, "bad", 4), part(Listener, "new", 4, default_pool_id="bad"))
    outcome = growing.judge(growing.refusing(("bad", 4)), blame.blame(RUNNING, desired))
    verdicts = {v.object_id: v for v in outcome.verdicts}
    mended = growing.change(desired, "bad", name="good")
    assert blame.standing(verdicts, outcome.tree, mended, 0, "") == {}
    assert effective.effective(mended, outcome.tree, verdicts) == mended
