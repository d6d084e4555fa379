"""Waits double, have a cap, and differ a little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.kit import retry

attempts, seconds = st.integers(1, 10_000), st.floats(0.01, 100)


@pytest.mark.parametrize("attempt, expected", [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (100, 30)])
def test_waits_double_up_to_a_cap(attempt, expected):
    assert retry.backoff(attempt, 1.0, 30.0, jitter=0) == expected


@given(attempts, seconds, seconds, st.floats(0, 0.5))
def test_a_wait_is_never_far_from_its_plan(attempt, first, most, jitter):
    plan = min(most, first * 2.0 ** min(attempt - 1, 30))
    assert plan * (1 - jitter) * 0.999 <= retry.backoff(attempt, first, most, jitter) <= plan * (1 + jitter) * 1.001


def test_two_that_failed_together_do_not_come_back_together():
    assert len({retry.backoff(3, 1.0, 30.0) for _ in range(20)}) > 1
