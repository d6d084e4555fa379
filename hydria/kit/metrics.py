"""Metrics for Prometheus, served on an address of their own."""

from collections.abc import Callable, Iterable
from typing import Any

import prometheus_client
from prometheus_client import multiprocess
from prometheus_client.core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from hydria.kit import log

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


def serve(host: str, port: int, registry: CollectorRegistry) -> Any | None:
    """Serve what a registry holds from a thread of its own; None when the address is taken: work goes on without."""
    try:
        server, _ = prometheus_client.start_http_server(port, host, registry)
    except OSError as error:
        log.get().warning("metrics.not_served", host=host, port=port, why=str(error))
        return None
    return server


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
