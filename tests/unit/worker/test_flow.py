"""Branches run side by side on one pool, and a fault is told when all have ended."""

import threading
from functools import partial

import pytest
import structlog

from hydria.drivers import faults
from hydria.worker import flow

SOON_S = 10


@pytest.fixture
def flows():
    made = flow.Flows(4)
    yield made
    made.close()


def test_branches_run_at_the_same_time(flows):
    meeting = threading.Barrier(4, timeout=SOON_S)
    flows([meeting.wait] * 4)
    assert not meeting.broken


def test_more_branches_than_threads_all_run(flows):
    done: list[int] = []
    flows([partial(done.append, n) for n in range(40)])
    assert sorted(done) == list(range(40))


def test_no_branches_are_no_trouble(flows):
    flows([])


@pytest.mark.parametrize("bad", [1, 3])
def test_a_fault_is_told_as_it_is_when_all_have_ended(flows, bad):
    done, all_began = [], threading.Barrier(4, timeout=SOON_S)

    def branch(n):
        all_began.wait()
        if n < bad:
            raise faults.Temporary(f"no answer for {n}")
        done.append(n)

    with pytest.raises(faults.Temporary, match="no answer"):
        flows([partial(branch, n) for n in range(4)])
    assert sorted(done) == list(range(bad, 4))


def test_after_a_fault_the_pool_serves_on(flows):
    def fail():
        raise LookupError

    done: list[int] = []
    for _ in range(8):
        with pytest.raises(LookupError):
            flows([fail, fail])
    flows([lambda: done.append(1)])
    assert done == [1]


def test_many_flows_share_the_pool(flows):
    done: list[int] = []
    callers = [threading.Thread(target=flows, args=([lambda: done.append(1)] * 5,)) for _ in range(6)]
    for one in callers:
        one.start()
    for one in callers:
        one.join(SOON_S)
    assert len(done) == 30


def test_what_is_bound_to_log_lines_rides_along(flows):
    found = []
    with structlog.contextvars.bound_contextvars(load_balancer="x"):
        flows([lambda: found.append(structlog.contextvars.get_contextvars().get("load_balancer"))] * 2)
    assert found == ["x", "x"]


def test_without_threads_branches_run_in_order():
    done: list[int] = []
    flow.one_after_another([partial(done.append, n) for n in range(5)])
    assert done == [0, 1, 2, 3, 4]
