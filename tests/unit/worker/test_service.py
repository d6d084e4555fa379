"""What a worker takes, what it leaves to others, and how it ends."""

import dataclasses
import queue
import threading

import pytest

from hydria.drivers import sim
from hydria.storage import claims
from hydria.worker.service import Service

SOON_S = 10  # nothing here takes as long; a test that waits fails instead of hanging


class Inbox:
    """Nudges by hand."""

    def __init__(self):
        self.nudges: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.is_closed = False

    def wait(self, seconds):
        try:
            return self.nudges.get(timeout=0.05)
        except queue.Empty:
            return None

    def close(self):
        self.is_closed = True


def service(lab, name="w", inbox=None):
    tools = lab.tools()
    quick = dataclasses.replace(tools.settings, look_every_s=0.02, threads=2)
    return Service(dataclasses.replace(tools, settings=quick), inbox or Inbox(), name)


def offered(one):
    return one._queue.qsize()


def work(one):
    """Do what was offered."""
    while offered(one):
        one.take()


def seen(lab, lb):
    return lab.database.read(lambda c: claims.seen(c, lb))


def hold(lab, lb, owner="other"):
    """Somebody is in charge."""
    return lab.database.write(lambda c: claims.claim(c, seen(lab, lb), owner))


def is_settled(lab, lb):
    return lab.progress(lb).settled == lab.world(lb).generation


def test_what_nobody_holds_is_found_and_done(lab):
    lb = lab.create()
    one = service(lab)
    one.search()
    work(one)
    assert is_settled(lab, lb)
    assert seen(lab, lb).owner == ""


def test_what_is_offered_twice_is_done_once(lab):
    lab.create()
    one = service(lab)
    one.search()
    one.search()
    assert offered(one) == 1


def test_a_nudge_is_enough(lab):
    lb = lab.create()
    one = service(lab)
    one.hear(lb)
    work(one)
    assert is_settled(lab, lb)


def test_a_nudge_for_nothing_does_nothing(lab):
    lb = lab.create()
    lab.until_settled(lb)
    one = service(lab)
    one.hear(lb)
    one.hear("00000000-0000-4000-8000-00000000dead")
    assert offered(one) == 0


BEAT, SECONDS_5, SECOND = "beat", 5.0, 1.0


@pytest.mark.parametrize(
    "life, taken",
    [
        ([SECONDS_5, SECOND], True),
        ([SECONDS_5, 0.9], False),
        ([SECONDS_5, BEAT, SECOND], False),
        ([SECONDS_5, BEAT, SECONDS_5], False),
        ([SECONDS_5, BEAT, SECONDS_5, SECOND], True),
        ([BEAT, SECOND] * 20, False),
    ],
)
def test_a_claim_is_taken_over_after_six_seconds_without_a_beat(lab, life, taken):
    lb = lab.create()
    hold(lab, lb)
    one = service(lab)
    one.search()
    for what in life:
        if what == BEAT:
            lab.database.write(lambda c: claims.beat(c, "other", [lb]))
        else:
            lab.clock.turn(what)
        one.search()
    work(one)
    assert is_settled(lab, lb) is taken


def test_what_was_long_silent_before_it_was_first_seen_is_watched_for_six_seconds(lab):
    lb = lab.create()
    hold(lab, lb)
    lab.clock.turn(3600)
    one = service(lab)
    one.search()
    assert offered(one) == 0


def test_a_wall_clock_that_jumps_takes_nothing_over(lab):
    hold(lab, lab.create())
    one = service(lab)
    one.search()
    lab.clock.jump(86400)
    one.search()
    assert offered(one) == 0


def test_a_claim_that_changed_hands_is_watched_anew(lab):
    lb = lab.create()
    hold(lab, lb)
    one = service(lab)
    one.search()
    lab.clock.turn(5.9)
    hold(lab, lb, "third")
    one.search()
    lab.clock.turn(1)
    one.search()
    assert offered(one) == 0


def test_a_nudge_takes_nothing_from_another(lab):
    lb = lab.create()
    hold(lab, lb)
    one = service(lab)
    lab.clock.turn(60)
    one.hear(lb)
    assert offered(one) == 0


def test_what_a_run_of_ours_was_torn_away_from_is_taken_up_again(lab):
    lb = lab.create()
    hold(lab, lb, "w")
    one = service(lab)
    one.search()
    work(one)
    assert is_settled(lab, lb)


@pytest.mark.parametrize("nudged", [True, False])
def test_a_nudge_for_what_is_at_work_has_it_looked_at_once_more(lab, nudged):
    lb = lab.create()
    one = service(lab)
    lab.cloud.script("compute.create", sim.Full(), times=sim.ALWAYS)
    one.search()
    lab.cloud.on_effect = lambda _: one.hear(lb) if nudged else None
    one.take()
    assert lab.progress(lb).attempts == 1
    assert offered(one) == (1 if nudged else 0)


def test_a_search_while_it_is_at_work_does_not_shorten_the_wait_after_a_failure(lab):
    lab.create()
    one = service(lab)
    lab.cloud.script("compute.create", sim.Full(), times=sim.ALWAYS)
    one.search()
    lab.cloud.on_effect = lambda _: one.search()
    one.take()
    one.search()
    assert offered(one) == 0


def test_it_shows_life_for_what_it_holds_and_only_then(lab):
    lb = lab.create()
    one = service(lab)
    beats = []

    def beat(_):
        one.beat()
        beats.append(seen(lab, lb).beat)

    lab.cloud.on_effect = beat
    one.search()
    work(one)
    assert beats == list(range(1, len(beats) + 1))
    before = seen(lab, lb)
    one.beat()
    assert seen(lab, lb) == before


@pytest.mark.parametrize("stall_s, goes_on", [(2.9, True), (3.1, False)])
def test_who_could_not_show_life_for_three_seconds_starts_no_effect(lab, stall_s, goes_on):
    lb = lab.create()
    one = service(lab)
    one.search()
    before = len(lab.cloud.effects)
    stalls = iter([stall_s])
    lab.cloud.on_effect = lambda _: lab.clock.turn(next(stalls, 0))
    one.take()
    assert is_settled(lab, lb) is goes_on
    assert goes_on or len(lab.cloud.effects) == before + 1


def started(one):
    thread = threading.Thread(target=one.run)
    thread.start()
    return thread


def until(condition):
    """Whether it became true in time."""
    pause = threading.Event()
    return any(condition() or pause.wait(0.02) for _ in range(SOON_S * 50))


def test_workers_share_the_work_and_end_when_told(lab):
    made = [lab.create() for _ in range(8)]
    both = [service(lab, name) for name in ("w1", "w2")]
    threads = [started(one) for one in both]
    done = until(lambda: all(is_settled(lab, lb) for lb in made))
    for one in both:
        one.stop()
    for thread in threads:
        thread.join(SOON_S)
    assert done
    assert not any(thread.is_alive() for thread in threads)
    assert len(lab.compute.list()) == len(made)


def test_a_nudge_is_heard_while_it_runs(lab):
    inbox = Inbox()
    one = service(lab, inbox=inbox)
    thread = started(one)
    lb = lab.create()
    inbox.nudges.put(lb)
    assert until(lambda: is_settled(lab, lb))
    one.stop()
    thread.join(SOON_S)
    assert not thread.is_alive()
    assert inbox.is_closed


def test_who_is_told_to_stop_begins_nothing_that_waits(lab):
    made = [lab.create() for _ in range(3)]
    one = service(lab)
    one.search()
    one.stop()
    one.run()
    assert not any(is_settled(lab, lb) for lb in made)
    assert {seen(lab, lb).owner for lb in made} == {""}
