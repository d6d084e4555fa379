"""Sums over every start of haproxy: loss and repetition change nothing."""

from hypothesis import given
from hypothesis import strategies as st

from hydria.health import tallies
from hydria.storage.observed import Statistics
from hydria.wire.datagrams import ListenerCounts

BLANK = Statistics(listener_id="l", amphora_id="a", load_balancer_id="lb", start="1")


def counts(total, active=0):
    return ListenerCounts(b"l", active, total, total * 2, total * 3, total // 2)


def added(*reports):
    row = BLANK
    for start, total in reports:
        row = tallies.add(row, start, counts(total, active=total))
    return row


def test_the_same_start_adds_what_it_grew_by():
    row = added(("1", 10), ("1", 25))
    assert (row.total_connections, row.bytes_in, row.bytes_out, row.request_errors) == (25, 50, 75, 12)


def test_another_start_adds_all_it_has():
    assert added(("1", 10), ("2", 4)).total_connections == 14
    assert added(("1", 10), ("2", 40)).total_connections == 50


def test_equal_and_lower_counters_of_the_same_start_change_nothing():
    assert added(("1", 10), ("1", 10), ("1", 3), ("1", 11)).total_connections == 11


def test_connections_that_are_open_now_are_replaced():
    assert added(("1", 10), ("1", 3)).active_connections == 3


def test_the_sum_does_not_overflow():
    assert added(("1", tallies.LARGEST // 3), ("2", tallies.LARGEST // 3)).bytes_out == tallies.LARGEST


STARTS = st.lists(st.lists(st.integers(0, 10**6), min_size=1, max_size=6).map(sorted), min_size=1, max_size=5)


@given(STARTS, st.randoms(use_true_random=False))
def test_whatever_is_lost_or_repeated_the_sum_is_that_of_each_starts_last_report(starts, random):
    reports = []
    for start, totals in enumerate(starts):
        heard = [t for t in totals[:-1] for _ in range(random.choice((0, 1, 2)))] + [totals[-1]]
        reports += [(str(start), t) for t in heard]
    assert added(*reports).total_connections == sum(totals[-1] for totals in starts)


def test_unchanged_counters_are_no_news():
    known = tallies.Known("1", counts(1))
    assert not known.is_news("1", counts(1))
    assert known.is_news("1", counts(2))
    assert known.is_news("2", counts(2))


def test_a_start_that_is_over_is_no_news():
    known = tallies.Known("1", counts(1))
    assert known.is_news("2", counts(1))
    assert not known.is_news("1", counts(9))
    assert known.is_news("2", counts(3))
