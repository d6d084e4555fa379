"""Time as an argument: the system's clock, and one turned by hand for tests and simulations."""

import time
from typing import Protocol


class Clock(Protocol):
    """What may be asked of time. Wall time may jump; monotonic time never does."""

    def now(self) -> float:
        """Seconds since 1970 (UTC), for people and records."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment, for every measurement of a duration."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class HandClock:
    """A clock that moves only when told; sleeping moves it. Wall time can be made to jump."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._monotonic = 1000.0
        self._offset = start - 1000.0

    def now(self) -> float:
        return self._monotonic + self._offset

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.turn(seconds)

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock ahead or back; monotonic time does not notice."""
        self._offset += seconds
