"""Branches side by side, by TaskFlow: the one place that speaks to it."""

import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from taskflow import engines, task
from taskflow.exceptions import WrappedFailure
from taskflow.patterns import unordered_flow


class _Branch(task.Task):  # type: ignore[misc]  # TaskFlow has no types
    def __init__(self, name: str, work: Callable[[], None]) -> None:
        super().__init__(name=name)
        self._work = work

    def execute(self) -> None:
        self._work()


class Flows:
    """Runs branches on one shared pool of threads; an engine with threads of its own would take a second to start."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="branch")

    def __call__(self, branches: Sequence[Callable[[], None]]) -> None:
        """Do all of them; raises the first fault when all have ended. No branch is taken back."""
        # What is bound to log lines is bound to a thread: each branch takes a copy along.
        bound = [partial(contextvars.copy_context().run, branch) for branch in branches]
        flow = unordered_flow.Flow("branches").add(*(_Branch(f"branch-{n}", b) for n, b in enumerate(bound)))
        try:
            engines.run(flow, engine="parallel", executor=self._executor)
        except WrappedFailure as failures:
            first = next(iter(failures))
            raise first.exception from None

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=True)


def one_after_another(branches: Sequence[Callable[[], None]]) -> None:
    """The same without threads, for tests that must be repeatable."""
    for branch in branches:
        branch()
