"""What Prometheus is told."""

import socket
import urllib.request
from functools import partial

from prometheus_client import generate_latest

from hydria.api import metrics
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.kit import ids
from hydria.kit import metrics as kit
from hydria.storage import amphorae, claims
from tests.unit.api.conftest import Service, Start


def lines(registry: object) -> dict[str, float]:
    """Samples by name and labels."""
    text = generate_latest(registry).decode()  # type: ignore[arg-type]
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def census(api: Service) -> dict[str, float]:
    return lines(kit.registry(metrics.Standing(api.context.database, api.clock)))


def test_requests_are_counted_by_route_and_code(start: Start) -> None:
    registry = kit.registry()
    meter = metrics.Requests(registry)
    api = start(meter=meter)
    lb = api.load_balancer()["id"]
    for _ in range(2):
        api.ask("GET", f"/loadbalancers/{lb}")
    api.ask("GET", "/nonsense")
    meter("BREW", "", 405, 0.1)
    found = {k: v for k, v in lines(registry).items() if k.startswith("hydria_api_request_seconds_count")}
    prefix = "hydria_api_request_seconds_count"
    assert found[f'{prefix}{{code="200",method="GET",route="/v2/loadbalancers/{{parent_id}}"}}'] == 2
    assert found[f'{prefix}{{code="201",method="POST",route="/v2/loadbalancers"}}'] == 1
    assert found[f'{prefix}{{code="404",method="GET",route="none"}}'] == 1
    assert found[f'{prefix}{{code="405",method="other",route="none"}}'] == 1
    assert all(lb not in name for name in found)


def test_load_balancers_jobs_and_the_age_of_the_queue(api: Service) -> None:
    lb = api.load_balancer()["id"]
    api.clock.turn(7)
    api.load_balancer()
    api.context.database.write(lambda c: claims.failed(c, lb, 0, step="s", reason="r", remedy="m"))
    found = census(api)
    assert found['hydria_load_balancers{status="PENDING_CREATE"}'] == 2
    jobs = [found[f'hydria_jobs{{status="{s}"}}'] for s in ("waiting", "held", "failing")]
    assert (jobs, found["hydria_queue_age_seconds"]) == ([2, 0, 1], 7)
    api.settle()
    found = census(api)
    assert (found['hydria_load_balancers{status="ACTIVE"}'], found["hydria_queue_age_seconds"]) == (2, 0)


def test_amphorae_and_the_first_certificate_to_end(api: Service) -> None:
    now, lb = api.context.now(), api.load_balancer()["id"]
    for days, status in ((9, AmphoraStatus.BOOTING), (3, AmphoraStatus.ALLOCATED), (1, AmphoraStatus.DELETED)):
        ends = now + days * 86_400_000_000
        made = Amphora(id=ids.new(), loadbalancer_id=lb, status=status, created_at=now, cert_expiration=ends)
        api.context.database.write(partial(amphorae.add, amphora=made))
    found = census(api)
    assert found['hydria_amphorae{status="BOOTING"}'] == found['hydria_amphorae{status="ALLOCATED"}'] == 1
    assert 'hydria_amphorae{status="DELETED"}' not in found
    assert found["hydria_certificate_expiry_seconds"] == 3 * 86_400


def test_they_are_served_on_an_address_of_their_own_as_soon_as_it_is_free(api: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = kit.serve("127.0.0.1", port, kit.registry(metrics.Standing(api.context.database, api.clock)), 0.01)
        assert not served.done()
    server = served.result(5)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"hydria_database_up 1.0" in answer.read()
    finally:
        server.shutdown()
        server.server_close()
