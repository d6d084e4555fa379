"""From any world plans lead to one in which what is wanted runs, and on the way nothing is used that must not be."""

import copy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.control import converge
from hydria.control.steps import (
    Boot,
    Destroy,
    Doom,
    DoomThings,
    Look,
    MakePort,
    Plug,
    Push,
    Resolve,
    Retire,
    Step,
    Tell,
    Then,
    Withdraw,
)
from hydria.control.world import Demand, Placement, Purpose, Suspicion
from hydria.domain.amphora import AmphoraStatus
from hydria.domain.demands import What
from hydria.domain.types import Address
from tests.unit.control import playing
from tests.unit.control.playing import FIRST, NOW, PLANNED, Stage, flat, planned, thing, tree, whole, world, worlds

ENOUGH = 8  # plans from anywhere to the end
replace = msgspec.structs.replace


def names(steps: list[Step], *kinds: type[Step]) -> list[str]:
    return [str(getattr(s, "name", "")) for s in steps if isinstance(s, kinds)]


def finish(stage: Stage) -> None:
    for n in range(ENOUGH):
        if stage.play(planned(stage.world, f"late-{n}")):
            return
    raise AssertionError(planned(stage.world))


# --- from anywhere


@given(worlds(), st.booleans(), st.booleans())
def test_from_any_world_plans_lead_to_a_whole_one(start, found, hold):
    stage = Stage(start, lambda _: found, hold=hold)
    finish(stage)
    if start.deleted:
        assert (stage.world.externals, stage.world.amphorae) == ((), ())
        return
    (serving,) = stage.world.amphorae
    assert serving.status == AmphoraStatus.ALLOCATED
    assert {x.state for x in stage.world.externals} == {playing.MADE}
    assert stage.world.accepted_generation == stage.world.generation
    again = planned(stage.world)
    assert (again.steps, again.then) == ((), Then.SETTLE)


@given(worlds(), st.lists(st.integers(0, 12), max_size=4), st.booleans())
def test_the_end_is_whole_whenever_workers_are_killed(start, kills, found):
    stage = Stage(start, lambda _: found)
    for n, kill in enumerate(kills):
        stage.play(planned(stage.world, f"killed-{n}"), kill)
    finish(stage)
    assert planned(stage.world).steps == ()


@given(worlds())
def test_a_plan_depends_on_the_world_alone(start):
    before = copy.deepcopy(start)
    assert planned(start) == planned(start)
    assert start == before


@given(worlds())
def test_a_name_of_which_nothing_is_known_is_only_resolved(start):
    unknown = {x.name for x in start.externals if x.state is PLANNED}
    plan = planned(start)
    if unknown:
        assert set(names(flat(plan), Resolve)) == unknown
        assert (len(plan.steps), plan.then) == (len(unknown), Then.AGAIN)


@given(worlds())
def test_traffic_comes_before_capacity_is_taken_away(start):
    steps = flat(planned(start))
    pushes = [n for n, s in enumerate(steps) if isinstance(s, Push)]
    takes = [n for n, s in enumerate(steps) if isinstance(s, Withdraw | Doom | Destroy)]
    assert not pushes or not takes or max(pushes) < min(takes)


@given(worlds())
def test_branches_have_nothing_in_common(start):
    for step in planned(start).steps:
        touched = [set(names(list(b), Destroy)) for b in getattr(step, "branches", ())]
        assert sum(map(len, touched)) == len(set().union(*touched))


# --- one thing at a time


@pytest.mark.parametrize("subnets", [(), ("net-a",), ("net-a", "net-b")])
def test_nothing_is_done_where_what_is_wanted_runs(subnets):
    plan = planned(whole(*subnets))
    assert (plan.steps, plan.then) == ((), Then.SETTLE)


@pytest.mark.parametrize("age_us, then", [(0, Then.LATER), (converge.GRACE_US, Then.AGAIN)])
def test_the_api_has_a_moment_to_make_the_vip(age_us, then):
    now = world(desired=tree(port=None), externals=(thing(Purpose.VIP, PLANNED, created_at=NOW - age_us),))
    assert planned(now).then is then


def test_an_address_that_was_chosen_still_needs_its_port():
    now = world(desired=tree(port=None), externals=())
    chosen = replace(playing.root_of(now), vip_address=Address("10.0.0.5"))
    steps = flat(planned(replace(now, desired=now.desired.plus(chosen))))
    assert [type(s).__name__ for s in steps] == ["ReserveVip", "MakePort"]


def test_the_machine_boots_while_cards_are_made():
    steps = [type(s).__name__ for s in flat(planned(world(desired=tree("net-a"))))]
    assert steps == [
        *("ReserveAmphora", "MakePort", "MakeServer", "MakePort", "Plug"),
        *("ReservePort", "MakePort", "Plug", "Boot", "Push"),
    ]


def test_what_is_suspected_is_looked_at_once_before_anything_else():
    odd = tuple(Suspicion(id=n, amphora_id="a", load_balancer_id="lb", what="silent") for n in range(3))
    plan = planned(replace(whole(), suspicions=odd, generation=6))
    assert (plan.steps, plan.then) == ((Look("a"),), Then.AGAIN)


def test_a_change_is_pushed():
    assert planned(replace(whole(), generation=6)).steps == (Push("a"),)


def test_what_an_amphora_has_forgotten_is_pushed_again():
    forgotten = {"a": Placement(amphora_id="a", load_balancer_id="lb")}
    assert planned(replace(whole(), placements=forgotten)).steps == (Push("a"),)


def test_an_amphora_that_was_not_told_who_it_is_is_booted_before_it_is_pushed_to():
    booting = replace(whole(), amphorae=(playing.amphora("a", AmphoraStatus.BOOTING),), placements={})
    assert planned(booting).steps == (Boot("a"), Push("a"))


def test_a_new_subnet_brings_a_card_before_the_push():
    now = replace(whole(), desired=tree("net-a"), generation=6)
    assert [type(s).__name__ for s in flat(planned(now))] == ["ReservePort", "MakePort", "Plug", "Push"]


def test_a_member_on_the_subnet_of_the_vip_needs_no_card():
    assert converge.member_subnets(tree(playing.VIP_SUBNET, None, "net-b")) == ["net-b"]


def test_a_card_goes_only_after_a_push_without_it():
    stage = Stage(replace(whole("net-a"), desired=tree(), generation=6))
    first = planned(stage.world)
    assert (first.steps, first.then) == ((Push("a"),), Then.AGAIN)
    stage.play(first)
    card = "a-member-net-a"
    assert planned(stage.world).steps == (DoomThings((card,)), Push("a"), Destroy(card))


def test_a_card_stays_while_a_held_deletion_needs_it():
    stage = Stage(replace(whole("net-a"), desired=tree(), generation=6), hold=True)
    finish(stage)
    assert "a-member-net-a" in {x.name for x in stage.world.externals}


def test_an_unused_card_is_not_plugged_first():
    now = whole("net-a")
    loose = tuple(replace(x, plugged=False) if x.purpose is Purpose.MEMBER else x for x in now.externals)
    now = replace(now, desired=tree(), accepted=tree(), externals=loose)
    assert not names(flat(planned(now)), Plug)


@pytest.mark.parametrize("lost", FIRST)
def test_an_amphora_that_lost_a_part_is_replaced_and_then_doomed(lost):
    now = whole()
    left = tuple(x for x in now.externals if x.purpose is not lost)
    steps = flat(planned(replace(now, externals=left)))
    assert steps.index(Doom("a")) > next(n for n, s in enumerate(steps) if isinstance(s, Push))


def test_of_two_amphorae_the_younger_goes():
    now = whole()
    more = [replace(x, name=f"b-{x.name}", amphora_id="b") for x in now.things("a")]
    now = replace(now, amphorae=(*now.amphorae, playing.amphora("b")), externals=(*now.externals, *more))
    assert [s for s in flat(planned(now)) if isinstance(s, Doom)] == [Doom("b")]


def test_a_machine_goes_before_its_ports():
    steps = flat(planned(replace(whole("net-a"), deleted=True)))
    destroyed = names(steps, Destroy)
    assert destroyed[0] == "a-server-None"
    assert destroyed[-1] == "None-vip-None"


def test_open_connections_get_a_moment_when_a_load_balancer_is_deleted():
    assert planned(replace(whole(), deleted=True)).steps[0] == Retire("a")


def test_a_thing_of_an_amphora_that_is_forgotten_is_destroyed_with_the_load_balancer():
    late = thing(Purpose.SERVER, playing.DOOMED, amphora_id="forgotten")
    now = replace(whole(), deleted=True)
    assert late.name in names(flat(planned(replace(now, externals=(*now.externals, late)))), Destroy)


def test_a_deletion_does_not_wait_for_the_api_nor_for_suspicions():
    now = world(deleted=True, externals=(thing(Purpose.VIP, PLANNED, created_at=NOW),))
    assert names(flat(planned(now)), Resolve) == ["None-vip-None"]
    assert not names(flat(planned(now)), MakePort)


# --- what operators ask


def test_the_old_one_goes_when_the_new_one_runs_what_is_wanted():
    steps = flat(planned(replace(whole("net-a"), demands=(Demand("a", What.REPLACE),))))
    (push,) = [n for n, s in enumerate(steps) if isinstance(s, Push)]
    assert steps[push] != Push("a")
    assert steps[push + 1 : push + 3] == [Withdraw("a"), Doom("a")]


def test_a_new_one_that_is_half_made_does_not_cost_the_old_one():
    half = (*whole().externals, *(thing(p, amphora_id="b") for p in FIRST))
    both = (*whole().amphorae, playing.amphora("b", AmphoraStatus.BOOTING))
    now = replace(whole(), demands=(Demand("a", What.REPLACE),), amphorae=both, externals=half)
    steps = flat(planned(now))
    assert [type(s) for s in steps[:4]] == [Boot, Push, Withdraw, Doom]


def test_nobody_looks_at_one_that_goes_anyway():
    odd = Suspicion(id=1, amphora_id="a", load_balancer_id="lb", what="silent")
    now = replace(whole(), demands=(Demand("a", What.REPLACE),), suspicions=(odd,))
    assert not [s for s in flat(planned(now)) if isinstance(s, Look)]


def test_what_is_deleted_is_not_replaced():
    now = replace(whole(), deleted=True, demands=(Demand("a", What.REPLACE),))
    assert not [s for s in flat(planned(now)) if isinstance(s, Push)]


def test_one_that_is_to_be_told_again_is_told_and_stays():
    now = replace(whole(), demands=(Demand("a", What.CONFIGURE),))
    assert planned(now).steps == (Tell("a"),)
