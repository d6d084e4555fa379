"""The control plane alone, with drivers that do nothing: python -m bench.noop [N] [--database KIND]

One load balancer after another from POST to ACTIVE, then many by eight clients, then reads; all through the real processes.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import deployment, measure
from hydria.cli import client
from tests.servers import databases
from tests.system.house import LB, House, at_once

TIMES = 100
CLIENTS = 8
LISTED = 1000


def main(times: int, kind: str) -> None:
    """Bring a deployment without a cloud up, measure, take it down."""
    with (
        tempfile.TemporaryDirectory() as folder,
        deployment.stored(kind) as servers,
        deployment.running(Path(folder), servers) as house,
    ):
        measure.tell(database=kind, **_measured(house, times))


def _measured(house: House, times: int) -> dict[str, Any]:
    pids = {name: _tree(house, name) for name in ("api", "worker")}
    single = [_create(house) for _ in range(times)]
    cpu = {name: measure.cpu_s(found) for name, found in pids.items()}
    began = time.monotonic()
    at_once(lambda _: house.create(), LISTED - times, CLIENTS)
    client.until(lambda: not _unfinished(house), 300, 0.05)
    took = time.monotonic() - began
    spent = {f"{name}_cpu_ms_each": _each(pids[name], cpu[name], LISTED - times) for name in pids}
    return {
        "create_to_active": measure.summary(single),
        "creations_per_minute": round((LISTED - times) / took * 60),
        "created": LISTED,
        **spent,
        "get_one": _reads(house, pids["api"], f"{LB}/{house.all()[0]['id']}", 300),
        "list_1000": _reads(house, pids["api"], f"{LB}?limit=1000", 20),
    }


def _tree(house: House, name: str) -> list[int]:
    top = house.pid(name)
    children = Path(f"/proc/{top}/task/{top}/children").read_text().split()
    return [top, *map(int, children)]


def _each(pids: list[int], before: float, times: int) -> float:
    return round((measure.cpu_s(pids) - before) / times * 1000, 2)


def _create(house: House) -> float:
    began = time.monotonic()
    lb = house.create()
    client.until(lambda: house.status(lb["id"]) == "ACTIVE", 30, 0.001)
    return (time.monotonic() - began) * 1000


def _unfinished(house: House) -> bool:
    """Whether any is not ACTIVE yet; what is late shows ERROR until it is done."""
    ways = (f"{LB}?provisioning_status={status}&limit=1" for status in ("PENDING_CREATE", "ERROR"))
    return any(house.api.call("GET", way)["loadbalancers"] for way in ways)


def _reads(house: House, pids: list[int], path: str, times: int) -> dict[str, Any]:
    before, took = measure.cpu_s(pids), []
    for _ in range(times):
        began = time.monotonic()
        house.api.call("GET", path)
        took.append((time.monotonic() - began) * 1000)
    return {**measure.summary(took), "cpu_ms_each": _each(pids, before, times)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("times", nargs="?", type=int, default=TIMES)
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite")
    given = parser.parse_args()
    main(given.times, given.database)
