"""What a worker tells Prometheus: the runs it ended."""

from prometheus_client import Histogram
from prometheus_client.registry import CollectorRegistry

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 300)


class Runs:
    """Runs by outcome, with the time that their steps took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "hydria_run_seconds",
            "Runs ended, and how long their steps took.",
            ("outcome",),
            buckets=BUCKETS,
            registry=registry,
        )

    def __call__(self, outcome: str, seconds: float) -> None:
        self._seconds.labels(outcome).observe(seconds)
