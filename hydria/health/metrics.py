"""What a health manager tells Prometheus: datagrams by what became of them."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, Metric


class Datagrams:
    """Counts as metrics."""

    def __init__(self, counts: Callable[[], Counter[str]]) -> None:
        self._counts = counts

    def __call__(self) -> Iterator[Metric]:
        text = "Datagrams of amphorae by what became of them."
        family = CounterMetricFamily("hydria_health_datagrams", text, labels=("outcome",))
        for outcome, count in sorted(self._counts().items()):
            family.add_metric((outcome,), count)
        yield family
