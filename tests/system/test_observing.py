"""What a deployment tells of itself: metrics of every process, and the request behind every run and line of the logs."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import LB, House

PORT, METRICS = 19657, 19663
MORE = f"""[controller_worker]
compute_driver = noop
network_driver = noop
amphora_driver = noop
[metrics]
bind_port = {METRICS}
"""
SUBNET = "00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, port=PORT, block="10.61", more=MORE)
    try:
        made.up()
        yield made
    finally:
        made.down()


def metrics(number: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{METRICS + number}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def logs(house: House, process: str) -> str:
    folder = house.file.parent
    return "".join(path.read_text() for path in folder.rglob("current") if process in str(path.parent))


def test_a_request_is_followed_from_its_answer_to_the_run_it_caused(house: House) -> None:
    body = {"loadbalancer": {"vip_subnet_id": SUBNET}}
    made = house.api.call("POST", f"{LB}?wait=applied", body)["loadbalancer"]
    assert made["provisioning_status"] == "ACTIVE"
    events = house.api.call("GET", f"{LB}/{made['id']}/events")["events"]
    write = next(e for e in events if e["entry"] == "write")
    runs = [e for e in events if e["entry"] == "run"]
    assert {e["request_id"] for e in runs} == {write["request_id"]}
    assert {"Push"} <= {s["step"] for e in runs for s in e["steps"]}
    for process in ("api", "worker"):
        assert write["request_id"] in logs(house, process)


def test_every_process_shows_its_part(house: House) -> None:
    body = {"loadbalancer": {"vip_subnet_id": SUBNET}}
    house.api.call("POST", f"{LB}?wait=applied", body)
    assert 'hydria_load_balancers{status="ACTIVE"} 1.0' in metrics(0)
    assert 'hydria_api_request_seconds_count{code="201",method="POST",route="/v2/loadbalancers"} 1.0' in metrics(0)
    assert 'hydria_run_seconds_count{outcome="settled"}' in metrics(1)
    assert "hydria_health_datagrams_total" in metrics(2)
