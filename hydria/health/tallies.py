"""Cumulative counters into sums over every start of haproxy: what is lost or heard twice changes nothing."""

from collections import deque

import msgspec

from hydria.storage.observed import Statistics
from hydria.wire.datagrams import ListenerCounts

FORMER = 4
"""Starts before the present one whose late counters are passed over."""

LARGEST = 2**63 - 1
SUMMED = ("total_connections", "bytes_in", "bytes_out", "request_errors")


def add(row: Statistics, start: str, counts: ListenerCounts) -> Statistics:
    """A row with newer counters added: of the same start what they grew by, of another start all of them."""
    values: dict[str, int] = {}
    for name in SUMMED:
        last = getattr(row, f"last_{name}") if row.start == start else 0
        now = max(last, getattr(counts, name))
        values[name] = min(LARGEST, getattr(row, name) + now - last)
        values[f"last_{name}"] = now
    return msgspec.structs.replace(row, start=start, active_connections=counts.active_connections, **values)


class Known:
    """The last counters of one listener on one amphora: whether others are news."""

    __slots__ = ("counts", "former", "start")

    def __init__(self, start: str, counts: ListenerCounts) -> None:
        self.start, self.counts = start, counts
        self.former: deque[str] = deque(maxlen=FORMER)

    def is_news(self, start: str, counts: ListenerCounts) -> bool:
        """Whether these change anything; they are the last from now on."""
        if start == self.start:
            if counts == self.counts:
                return False
        elif start in self.former:
            return False
        else:
            self.former.append(self.start)
        self.start, self.counts = start, counts
        return True
