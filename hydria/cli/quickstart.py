"""The quick start: everything up, a real load balancer made, real traffic through it, a member killed, and the numbers shown."""

import collections
import threading
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from hydria.cli import client, demo
from hydria.cli import deployment as deployments
from hydria.cli.client import Client
from hydria.cli.demo import BackEnd
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble

REQUESTS = 30
IN_FLIGHT = 1
"""Requests that a member may take with it when it is killed: what it has read nobody may send again."""
LB = "/v2/lbaas/loadbalancers"


def show(deployment: Deployment, console: Console) -> int:
    """Do it all; raises Trouble with reason, remedy and the end of the worker's log."""
    began = time.monotonic()
    with console.status("starting the controllers"):
        deployment.up()
    console.print(f"controllers up: {deployments.seconds(began)}")
    with console.status("starting three demo back ends"):
        members = demo.up(deployment)
    try:
        with console.status("making a load balancer"):
            lb, made = _load_balancer(deployment.client(), deployment, members)
        spread = _spread(lb["vip_address"], members)
        failed, asked, noticed = _kill_one(deployment.client(), lb, members[0])
    except Trouble as trouble:
        log = trouble.log or "\n".join(deployment.supervision.end_of_log("worker"))
        raise Trouble(trouble.reason, trouble.remedy or "hydria doctor; then run ./quickstart again", log) from trouble
    _report(console, deployment, members, lb["vip_address"], made, spread)
    console.print(
        f"one member killed: {failed} of {asked} requests failed meanwhile; the API showed it after {noticed}"
    )
    _next_steps(console, deployment)
    console.print(f"all of it took {deployments.seconds(began)}, after the set-up")
    return 0


def _load_balancer(api: Client, deployment: Deployment, members: list[BackEnd]) -> tuple[dict[str, Any], str]:
    """The demo load balancer, made if it is not there, and how long that took until it answered."""
    found = api.call("GET", f"{LB}?name=demo")["loadbalancers"]
    if found:
        lb = found[0]
        if not client.until(lambda: _answers(lb["vip_address"]), 10):
            raise Trouble(f"the demo load balancer {lb['id']} does not answer on {lb['vip_address']}", "hydria doctor")
        return lb, "there already"
    subnets = {s.name: s.id for s in deployment.parts.networks().subnets()}
    began = time.monotonic()
    lb = api.call("POST", LB, {"loadbalancer": {"name": "demo", "vip_subnet_id": subnets["demo"]}})["loadbalancer"]
    listener = {"name": "web", "loadbalancer_id": lb["id"], "protocol": "HTTP", "protocol_port": 80}
    listener = api.call("POST", "/v2/lbaas/listeners", {"listener": listener})["listener"]
    pool = {"name": "web", "listener_id": listener["id"], "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    pool = api.call("POST", "/v2/lbaas/pools", {"pool": pool})["pool"]
    for member in members:
        body = {
            "name": member.name,
            "address": member.address,
            "protocol_port": demo.PORT,
            "subnet_id": subnets["back"],
        }
        api.call("POST", f"/v2/lbaas/pools/{pool['id']}/members", {"member": body})
    monitor = {"pool_id": pool["id"], "type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1, "max_retries_down": 2}
    api.call("POST", "/v2/lbaas/healthmonitors", {"healthmonitor": monitor})
    if not client.until(lambda: _answers(lb["vip_address"]), 15):
        state = api.call("GET", f"{LB}/{lb['id']}")["loadbalancer"]
        raise Trouble(f"no answer from {lb['vip_address']}; the load balancer is {state['provisioning_status']}")
    made = f"{(time.monotonic() - began) * 1000:.0f} ms"
    client.until(lambda: api.call("GET", f"{LB}/{lb['id']}")["loadbalancer"]["provisioning_status"] == "ACTIVE", 15)
    return lb, made


def _answers(vip: str) -> bool:
    return bool(client.ask(vip))


def _spread(vip: str, members: list[BackEnd]) -> collections.Counter[str]:
    """How requests spread over the back ends; raises Trouble when one fails or the spread is uneven."""
    wanted = {m.name for m in members}
    if not client.until(lambda: {client.ask(vip) for _ in range(6)} >= wanted, 10):
        raise Trouble(f"not every back end answers through {vip}")
    spread = collections.Counter(client.ask(vip) for _ in range(REQUESTS))
    fair = REQUESTS // len(members)
    if spread[""] or any(abs(spread[name] - fair) > 2 for name in wanted):
        raise Trouble(f"the spread of {REQUESTS} requests is uneven: {dict(spread)}")
    return spread


def _kill_one(api: Client, lb: dict[str, Any], victim: BackEnd) -> tuple[int, int, str]:
    """Kill a back end under traffic: failed requests, requests, and how long until the API showed it. It is started again."""
    pool = api.call("GET", f"/v2/lbaas/pools?loadbalancer_id={lb['id']}")["pools"][0]["id"]
    answers: list[str] = []
    stop = threading.Event()

    def traffic() -> None:
        while not stop.wait(0.01):
            answers.append(client.ask(lb["vip_address"]))

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        began = time.monotonic()
        victim.stop()
        shown = client.until(lambda: _state(api, pool, victim) == "ERROR", 10)
        noticed = f"{(time.monotonic() - began) * 1000:.0f} ms" if shown else "more than 10 s"
        stop.wait(0.5)
    finally:
        stop.set()
        thread.join()
        victim.start()
    client.until(lambda: _state(api, pool, victim) == "ONLINE", 10)
    failed = answers.count("")
    if failed > IN_FLIGHT:
        raise Trouble(f"{failed} of {len(answers)} requests failed while one member of three was dead")
    return failed, len(answers), noticed


def _state(api: Client, pool: str, member: BackEnd) -> str:
    found = api.call("GET", f"/v2/lbaas/pools/{pool}/members?name={member.name}")["members"]
    return found[0]["operating_status"] if found else ""


def _report(console: Console, deployment: Deployment, members: list[BackEnd], vip: str, made: str, spread: Any) -> None:
    console.print(f"load balancer: VIP [bold]{vip}[/], answering after: {made}")
    table = Table("back end", "address", f"answers of {REQUESTS}", title=f"http://{vip}/", title_justify="left")
    for one in members:
        table.add_row(one.name, f"{one.address}:{demo.PORT}", f"{spread[one.name]}  " + "█" * spread[one.name])
    console.print(table)
    networks = deployment.parts.networks()
    console.print(
        "addresses: API " + deployment.public_url + "; " + ", ".join(f"{s.name} {s.cidr}" for s in networks.subnets())
    )


def _next_steps(console: Console, deployment: Deployment) -> None:
    console.print(
        f"""
use it:   . {deployment.clouds.with_name("openrc")}
          openstack loadbalancer list
          "Then try it yourself" in README.md makes one of your own, to its first answer
look:     hydria status    hydria doctor    openstack loadbalancer member list web
play:     back ends answer /slow after 2 s, /500 with 500, /nope with 404
stop:     ./quickstart --down        (the controllers; traffic goes on)
remove:   ./quickstart --down --purge
"""
    )
