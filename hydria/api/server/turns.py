"""Who is next where many wait: one of each peer after one of every other, so that a crowd waits for itself; pure."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """What waits, by whom it is for. Takes turns between them; of one of them the first comes first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Hashable, deque[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, whom: Hashable, one: T) -> None:
        """It waits behind what waits for them already."""
        self._waiting.setdefault(whom, deque()).append(one)
        self._count += 1

    def next(self) -> T | None:
        """Take what is next; None: nothing waits."""
        if not self._waiting:
            return None
        whom, waiting = self._waiting.popitem(last=False)
        one = waiting.popleft()
        if waiting:
            self._waiting[whom] = waiting
        self._count -= 1
        return one

    def surplus(self) -> T:
        """Take away what came last for whom most waits; something must wait."""
        whom, waiting = max(self._waiting.items(), key=lambda pair: len(pair[1]))
        one = waiting.pop()
        if not waiting:
            del self._waiting[whom]
        self._count -= 1
        return one
