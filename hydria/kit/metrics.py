"""Metrics for Prometheus, served on an address of their own."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

import prometheus_client
from prometheus_client import multiprocess
from prometheus_client.core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from hydria.kit import log

AGAIN_S = 2.0
"""Between two tries to serve on an address that is taken."""
Gather = Callable[[], Iterable[Metric]]


class Gathered(Collector):
    """Metrics that are read when somebody asks for them."""

    def __init__(self, gather: Gather) -> None:
        self._gather = gather

    def collect(self) -> Iterable[Metric]:
        return self._gather()

    def describe(self) -> Iterable[Metric]:
        """Nothing is said beforehand: what is gathered may need a database that is not there yet."""
        return ()


def serve(host: str, port: int, registry: CollectorRegistry, again_s: float = AGAIN_S) -> Future[Any]:
    """Serve what a registry holds from a thread of its own; the server, as soon as there is one.

    The address may be taken by another process of the same kind, or by the one before this one, which is about to end: work goes
    on without, and it is tried again.
    """
    served: Future[Any] = Future()
    if not _is_served(served, host, port, registry):
        log.get().info("metrics.wait", host=host, port=port)
        threading.Thread(target=_keep_trying, args=(served, host, port, registry, again_s), daemon=True).start()
    return served


def _keep_trying(served: Future[Any], host: str, port: int, registry: CollectorRegistry, again_s: float) -> None:
    while not _is_served(served, host, port, registry):
        time.sleep(again_s)


def _is_served(served: Future[Any], host: str, port: int, registry: CollectorRegistry) -> bool:
    try:
        server, _ = prometheus_client.start_http_server(port, host, registry)
    except OSError:
        return False
    served.set_result(server)
    return True


def registry(*gathers: Gather, shared: bool = False) -> CollectorRegistry:
    """A registry with these; `shared`: with what all processes wrote into the folder PROMETHEUS_MULTIPROC_DIR, too."""
    made = CollectorRegistry()
    if shared:
        multiprocess.MultiProcessCollector(made)  # type: ignore[no-untyped-call]
    else:
        prometheus_client.ProcessCollector(registry=made)
    for gather in gathers:
        made.register(Gathered(gather))
    return made
