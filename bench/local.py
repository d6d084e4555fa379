"""A deployment on this machine: load balancers made, members added, memory and start. Run as root: python -m bench.local [N]

Each load balancer is made by four calls of the API (load balancer, listener, pool, member) and timed from before the first
until a client has an answer from the member through the VIP; a member from its POST to its first answer.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import measure
from hydria.cli import client
from hydria.cli.demo import BackEnd
from tests.system.house import House

TIMES = 30


def main(times: int) -> None:
    """Bring a deployment up, measure, take it down."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder), port=19976, block="10.67")
        try:
            measure.tell(**_measured(house, times))
        finally:
            house.down()


def _measured(house: House, times: int) -> dict[str, Any]:
    began = time.monotonic()
    house.up()
    up_s = time.monotonic() - began
    pss = sum(s.pss_kb for s in house.deployment.supervision.standing()) / 1024
    members = house.backends()
    _create(house, members[0])  # the first one loads what is loaded at first use
    rounds = [_create(house, members[0]) for _ in range(times)]
    added = [_add_member(house, members) for _ in range(times)]
    return {
        "up_s": round(up_s, 2),
        "control_plane_pss_mib_after_start": round(pss, 1),
        "control_plane_pss_mib_after_work": round(
            sum(s.pss_kb for s in house.deployment.supervision.standing()) / 1024, 1
        ),
        "create_to_first_200": measure.summary([first for first, _ in rounds]),
        "create_to_active": measure.summary([active for _, active in rounds]),
        "member_add_to_first_answer": measure.summary(added),
        "agent_pss_mib": round(max(measure.pss_mib(pid) for pid in house.agents()), 1),
    }


def _create(house: House, member: BackEnd) -> tuple[float, float]:
    began = time.monotonic()
    lb = house.create()
    listener = house.make("listeners", "listener", loadbalancer_id=lb["id"], protocol="HTTP", protocol_port=80)
    pool = house.make("pools", "pool", listener_id=listener["id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    house.member(pool["id"], member.address)
    client.until(lambda: bool(client.ask(lb["vip_address"])), 10, 0.001)
    made = (time.monotonic() - began) * 1000
    house.settled(lb["id"])
    settled = (time.monotonic() - began) * 1000
    house.delete(lb["id"])
    client.until(lambda: not house.all(), 20)
    return made, settled


def _add_member(house: House, members: list[BackEnd]) -> float:
    """One load balancer over one member gets a second one."""
    found = house.all()
    if not found:
        house.serving(members[:1])
        found = house.all()
    lb = found[0]
    pool = house.api.call("GET", "/v2/lbaas/pools")["pools"][0]["id"]
    began = time.monotonic()
    new = house.member(pool, members[1].address)
    client.until(lambda: client.ask(lb["vip_address"]) == members[1].name, 5, 0)
    took = (time.monotonic() - began) * 1000
    house.settled(lb["id"])
    house.api.call("DELETE", f"/v2/lbaas/pools/{pool}/members/{new['id']}")
    house.settled(lb["id"])
    return took


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES)
