"""What the API tells Prometheus: the requests it answered, and a census of the deployment."""

from collections.abc import Iterator

from prometheus_client import Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import CollectorRegistry

from hydria.kit.clock import Clock
from hydria.storage import census
from hydria.storage.database import Database, Unavailable

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)
KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Requests:
    """Requests by method, route and code, with how long they took."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self._seconds = Histogram(
            "hydria_api_request_seconds",
            "Requests answered, and how long that took.",
            ("method", "route", "code"),
            buckets=BUCKETS,
            registry=registry,
        )

    def __call__(self, method: str, route: str, code: int, seconds: float) -> None:
        # What clients may make up freely would make a series each.
        known = method if method in KNOWN else "other"
        self._seconds.labels(known, route or "none", str(code)).observe(seconds)


class Standing:
    """The census as metrics."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def __call__(self) -> Iterator[Metric]:
        now = self._clock.now()
        try:
            found = self._database.read(lambda c: census.take(c, int(now * 1e6)))
        except Unavailable:
            yield _one("hydria_database_up", "Whether the database answers.", 0)
            return
        yield _one("hydria_database_up", "Whether the database answers.", 1)
        yield _by("hydria_load_balancers", "Load balancers by provisioning status.", found.load_balancers)
        yield _by("hydria_amphorae", "Amphorae by status.", found.amphorae)
        yield _one(
            "hydria_refused_objects", "Objects that the data plane does not take as they are wanted.", found.refused
        )
        jobs = {"waiting": found.waiting - found.held, "held": found.held, "failing": found.failing}
        yield _by("hydria_jobs", "Load balancers that want work: waiting, in a worker's hands, of both failing.", jobs)
        age = now - found.oldest_wanted_at / 1e6 if found.oldest_wanted_at else 0.0
        yield _one(
            "hydria_queue_age_seconds", "How long ago the oldest write was made that is not settled.", max(age, 0.0)
        )
        if found.certificate_ends_at:
            left = found.certificate_ends_at / 1e6 - now
            yield _one("hydria_certificate_expiry_seconds", "Until the first certificate of an amphora ends.", left)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _by(name: str, text: str, counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("status",))
    for status, count in counts.items():
        family.add_metric((status,), count)
    return family
