"""Lanes: who waits for whom, and who does not."""

import threading

import pytest

from hydria.api.server import lanes
from hydria.api.server.lanes import Lane, Lanes, Slots

SOON_S = 5


def test_reads_and_logins_go_on_while_all_that_write_wait() -> None:
    made, end = Lanes(8), threading.Event()
    writing = made.lane("POST", "/v2/lbaas/listeners")
    for _ in range(20):
        assert writing.put(lambda: end.wait(SOON_S))  # type: ignore[arg-type]
    for method, path in (("GET", "/v2/lbaas/listeners"), ("HEAD", "/"), ("POST", "/identity/v3/auth/tokens")):
        done = threading.Event()
        assert made.lane(method, path).put(done.set)
        assert done.wait(SOON_S)
    end.set()


@pytest.mark.parametrize("threads,writing", [(16, 8), (4, 2), (1, 2)])
def test_half_of_all_threads_write(threads: int, writing: int) -> None:
    assert lanes.shared(threads) == writing


def test_a_queue_has_a_bound() -> None:
    lane, began, end = Lane("x", Slots(1)), threading.Event(), threading.Event()

    def job() -> None:
        began.set()
        end.wait(SOON_S)

    lane.put(job)
    assert began.wait(SOON_S)
    assert [lane.put(job) for _ in range(lanes.QUEUE + 1)] == [True] * lanes.QUEUE + [False]
    end.set()


def test_a_lane_knows_how_many_of_its_threads_are_busy() -> None:
    slots = Slots(2)
    assert not slots.is_crowded()
    with slots.taken():
        assert (slots.busy, slots.is_crowded()) == (1, False)
        with slots.taken():
            assert (slots.busy, slots.is_crowded()) == (2, True)
    assert slots.busy == 0
