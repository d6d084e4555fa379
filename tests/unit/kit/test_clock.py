"""A clock turned by hand moves only when told, and its monotonic time never jumps."""

import time

from hypothesis import given
from hypothesis import strategies as st

from hydria.kit.clock import HandClock, SystemClock

moves = st.lists(st.tuples(st.sampled_from(["turn", "sleep", "jump"]), st.floats(0, 1e6)))


def test_it_stands_still_by_itself():
    clock = HandClock()
    assert (clock.now(), clock.monotonic()) == (clock.now(), clock.monotonic())


@given(moves)
def test_monotonic_time_knows_turns_and_no_jumps(steps):
    clock = HandClock()
    wall, mono = clock.now(), clock.monotonic()
    for how, seconds in steps:
        getattr(clock, how)(seconds)
    passed = sum(s for how, s in steps if how != "jump")
    jumped = sum(s for how, s in steps if how == "jump")
    assert abs(clock.monotonic() - mono - passed) < 1e-3
    assert abs(clock.now() - wall - passed - jumped) < 1e-3


def test_wall_time_may_go_back():
    clock = HandClock(100.0)
    clock.jump(-50)
    assert clock.now() == 50


def test_the_system_s_clock_is_that_of_the_system():
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 1
    assert abs(clock.monotonic() - time.monotonic()) < 1
    before = clock.monotonic()
    clock.sleep(0.001)
    assert clock.monotonic() - before >= 0.001
