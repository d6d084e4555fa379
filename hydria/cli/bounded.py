"""What may never end, given up after a time."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from hydria.cli.trouble import Trouble

T = TypeVar("T")


class Begun(Generic[T]):
    """Work in a thread of its own, which nobody waits for at the end of the process."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._ended: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        self._work = work
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._ended.put((self._work(), None))
        except BaseException as error:  # noqa: BLE001  (whoever waits raises it)
            self._ended.put((None, error))

    def result(self, seconds: float) -> T:
        """What the work gives or raises; raises Trouble when it does not end in time."""
        try:
            found, error = self._ended.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            raise Trouble("it did not answer in time", "see whether it hangs, and the way there") from None
        if error is not None:
            raise error
        return found  # type: ignore[return-value]
