"""Every plan, with a crash at every point: after each external effect, before and after each commit.

Then also: every effect lost, or late; and a worker that sleeps at each point while another takes over, and wakes.
The end is always the same, and nothing is left behind. A story added to `STORIES` is covered by itself.
"""

import functools
import zlib
from collections.abc import Callable

import pytest

from hydria.domain import kinds
from hydria.domain.demands import What
from hydria.drivers import sim
from tests.scenario.lab import BACK, Cellar, Killed, Lab

Story = Callable[[Lab], str]
Points = Callable[[list[str]], dict[int, str]]


def create(lab: Lab) -> str:
    return lab.create()


def create_full(lab: Lab) -> str:
    return lab.full()


def finish_what_the_api_began(lab: Lab) -> str:
    lb = lab.create(vip=False)
    lab.cloud.turn(10)
    return lb


def add_a_member_on_a_new_subnet(lab: Lab) -> str:
    lb = lab.create()
    pool = lab.pool(lb)
    lab.listener(lb, pool)
    lab.work(lb)
    lab.member(lb, pool, "10.88.12.9", BACK.subnets[0].id)
    return lb


def remove_the_last_member_of_a_subnet(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    member = next(m.id for m in lab.world(lb).desired.members.values() if m.subnet_id)
    lab.remove(lb, kinds.MEMBER, member)
    return lb


def change_a_listener(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    lab.change(lb, kinds.LISTENER, next(iter(lab.world(lb).desired.listeners)), connection_limit=7)
    return lb


def refuse_a_member(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    lab.amphorae.poison.add("192.0.2.66")
    lab.member(lb, next(iter(lab.world(lb).desired.pools)), "192.0.2.66")
    return lb


def delete(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    lab.delete(lb)
    return lb


def delete_before_it_was_made(lab: Lab) -> str:
    lb = lab.create(vip=False)
    lab.cloud.turn(10)
    lab.delete(lb)
    return lb


def replace_a_dead_machine(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    amphora = lab.world(lb).amphorae[0]
    lab.cloud.kill(amphora.compute_id)
    lab.suspect(lb, amphora.id)
    return lb


def repair_a_rebooted_machine(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    amphora = lab.world(lb).amphorae[0]
    lab.cloud.reboot(amphora.compute_id)
    lab.suspect(lb, amphora.id)
    return lb


def fail_over(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    lab.cloud.turn(1)
    lab.demand(lb)
    return lb


def fail_over_while_members_come(lab: Lab) -> str:
    lb = lab.create()
    pool = lab.pool(lb)
    lab.listener(lb, pool)
    lab.work(lb)
    lab.cloud.turn(1)
    lab.demand(lb)
    lab.member(lb, pool, "10.88.12.9", BACK.subnets[0].id)
    return lb


def fail_over_what_does_not_answer(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    amphora = lab.world(lb).amphorae[0]
    lab.cloud.hush(amphora.compute_id)
    lab.suspect(lb, amphora.id)
    lab.demand(lb)
    return lb


def delete_during_a_failover(lab: Lab) -> str:
    lb = fail_over(lab)
    lab.cloud.script("compute.plug", sim.LoseAnswer())
    lab.work(lb)
    lab.delete(lb)
    return lb


def tell_an_amphora_again(lab: Lab) -> str:
    lb = lab.full()
    lab.work(lb)
    lab.demand(lb, What.CONFIGURE)
    return lb


STORIES: tuple[Story, ...] = (
    create,
    create_full,
    finish_what_the_api_began,
    add_a_member_on_a_new_subnet,
    remove_the_last_member_of_a_subnet,
    change_a_listener,
    refuse_a_member,
    delete,
    delete_before_it_was_made,
    replace_a_dead_machine,
    repair_a_rebooted_machine,
    fail_over,
    fail_over_while_members_come,
    fail_over_what_does_not_answer,
    delete_during_a_failover,
    tell_an_amphora_again,
)
NEVER = 1_000_000_000
SAMPLE = 12
"""On a database server one point of so many is tried, unless there is time for all."""


@pytest.fixture
def some(kind_of_database: str, soak: bool, request: pytest.FixtureRequest) -> Points:
    """The points, from 1 on, at which this test disturbs; on a server a sample, another one for each test."""
    step = 1 if soak or kind_of_database == "sqlite" else SAMPLE
    first = zlib.crc32(request.node.name.encode()) % step

    def chosen(passed: list[str]) -> dict[int, str]:
        return dict(list(enumerate(passed, 1))[first::step])

    return chosen


def begin(cellar: Cellar, story: Story) -> tuple[Lab, str]:
    lab = Lab(cellar)
    return lab, story(lab)


def end(lab: Lab, lb: str) -> dict[str, object]:
    """Work until nothing is wanted, let housekeeping look, and see."""
    lab.kill_at = None
    lab.cloud.turn(7)
    lab.until_settled(lb)
    lab.sweep()
    return {**lab.picture(lb), "left": lab.leftovers()}


def undisturbed(cellar: Cellar, story: Story) -> tuple[dict[str, object], list[str], list[str]]:
    """The picture at the end, the points a worker passes, and the effects it has in the cloud."""
    lab, lb = begin(cellar, story)
    before = len(lab.cloud.effects)
    lab.kill_at = NEVER
    lab.work(lb)
    passed, effects = list(lab.passed), lab.cloud.effects[before:]
    return end(lab, lb), passed, effects


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_a_crash_at_any_point_leads_to_the_same_end(cellar: Cellar, story: Story, some: Points) -> None:
    expected, passed, _ = undisturbed(cellar, story)
    assert expected["left"] == []
    assert passed
    for point, name in some(passed).items():
        lab, lb = begin(cellar, story)
        lab.kill_at = point
        with pytest.raises(Killed):
            lab.work(lb)
        assert end(lab, lb) == expected, f"killed at {point}: {name}"


@pytest.mark.parametrize("fate", [sim.LoseRequest(), sim.LoseAnswer(), sim.Late(30.0)], ids=lambda f: type(f).__name__)
@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_an_effect_that_is_lost_or_late_leads_to_the_same_end(
    cellar: Cellar, story: Story, fate: sim.Fate, some: Points
) -> None:
    expected, _, effects = undisturbed(cellar, story)
    for number, effect in some(effects).items():
        lab, lb = begin(cellar, story)
        lab.cloud.script(effect, *[sim.Slow(0.0)] * effects[: number - 1].count(effect), fate)
        lab.work(lb)
        assert end(lab, lb) == expected, f"{fate} at {number}: {effect}"


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_a_worker_that_sleeps_through_a_takeover_harms_nothing(cellar: Cellar, story: Story, some: Points) -> None:
    expected, passed, _ = undisturbed(cellar, story)
    for point, name in some(passed).items():
        if name == "commit":
            continue  # inside a transaction nobody else can take over
        lab, lb = begin(cellar, story)
        lab.sleep_at(point, functools.partial(lab.until_settled, lb))
        lab.work(lb)
        assert end(lab, lb) == expected, f"slept at {point}: {name}"
