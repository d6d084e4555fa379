"""Lanes: who waits for whom, and who does not."""

import threading
from collections.abc import Callable, Iterator

import pytest

from hydria.api.server import lanes
from hydria.api.server.lanes import Job, Lane, Lanes, Slots

SOON_S = 5


def job(do: Callable[[], object], peer: str = "", refuse: Callable[[], None] = lambda: None) -> Job:
    return Job(peer, do, refuse)  # type: ignore[arg-type]


def test_no_kind_of_request_waits_for_another() -> None:
    made, end = Lanes(8), threading.Event()
    asked = {
        "write": ("POST", "/v2/lbaas/listeners", True),
        "read": ("GET", "/v2/lbaas/listeners", True),
        "login": ("POST", "/identity/v3/auth/tokens", False),
        "open": ("GET", "/openapi", False),
    }
    found = {name: made.lane(method, path, has_token=token) for name, (method, path, token) in asked.items()}
    for name in ("write", "login", "open"):
        for _ in range(20):
            found[name].put(job(lambda: end.wait(SOON_S)))
        rest = [found.pop(n) for n in [name]] and list(found.values())
        for lane in rest:
            done = threading.Event()
            lane.put(job(done.set))
            assert done.wait(SOON_S)
    end.set()


def test_where_nobody_needs_a_token_none_makes_no_difference() -> None:
    made = Lanes(4, needs_token=False)
    assert made.lane("GET", "/", has_token=False) is made.lane("GET", "/", has_token=True)


@pytest.mark.parametrize("threads,writing", [(16, 8), (4, 2), (1, 2)])
def test_half_of_all_threads_write(threads: int, writing: int) -> None:
    assert lanes.shared(threads) == writing


@pytest.fixture
def busy() -> Iterator[Lane]:
    """A lane whose only thread is at work until the end."""
    lane, began, end = Lane("x", Slots(1)), threading.Event(), threading.Event()
    lane.put(job(began.set))
    lane.put(job(lambda: end.wait(SOON_S)))
    assert began.wait(SOON_S)
    yield lane
    end.set()


def test_a_queue_has_a_bound(busy: Lane) -> None:
    refused: list[int] = []
    for number in range(lanes.QUEUE + 2):
        busy.put(job(lambda: None, refuse=lambda n=number: refused.append(n)))  # type: ignore[misc]
    assert refused == [lanes.QUEUE, lanes.QUEUE + 1]


def test_whoever_fills_a_queue_is_refused_and_nobody_else(busy: Lane) -> None:
    refused: list[str] = []
    for peer in "a" * 10_000 + "bcb":
        busy.put(job(lambda: None, peer, lambda p=peer: refused.append(p)))  # type: ignore[misc]
    assert (set(refused), len(refused)) == ({"a"}, 10_003 - lanes.QUEUE)


def test_a_lane_knows_how_many_of_its_threads_are_busy() -> None:
    slots = Slots(2)
    assert not slots.is_crowded()
    with slots.taken():
        assert (slots.busy, slots.is_crowded()) == (1, False)
        with slots.taken():
            assert (slots.busy, slots.is_crowded()) == (2, True)
    assert slots.busy == 0
