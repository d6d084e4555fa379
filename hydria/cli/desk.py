"""The commands for people: up, down, status, doctor, user, config, quickstart."""

import argparse
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from hydria.cli import config, doctor, quickstart, users
from hydria.cli import deployment as deployments
from hydria.cli.deployment import Deployment
from hydria.cli.parts import Parts
from hydria.cli.trouble import Trouble
from hydria.drivers import faults

OPEN = "WARNING: auth_strategy = noauth: every user and program of this machine may do everything"


WITH_VERBS = {"user": users.run, "config": config.run}


def declare(commands: Any) -> None:
    """Add the commands to a parser."""
    commands.add_parser("up", help="bring everything up on this machine; safe to repeat")
    down = commands.add_parser("down", help="stop the controllers; traffic goes on")
    down.add_argument("--all", action="store_true", help="remove amphorae and networks too")
    down.add_argument("--purge", action="store_true", help="remove the state as well: users, keys, database")
    commands.add_parser("status", help="show processes and load balancers")
    commands.add_parser("doctor", help="look for what is wrong, with remedies")
    users.declare(commands)
    config.declare(commands)
    first = commands.add_parser("quickstart", help="bring everything up and show a load balancer at work")
    first.add_argument("--down", action="store_true", help="take everything down again")
    first.add_argument("--purge", action="store_true", help="with --down: remove the state as well")


def run(arguments: argparse.Namespace, settings: Any, parts: Parts) -> int:
    """Do a command; its exit code. Trouble is told in one line, with its remedy."""
    deployment = Deployment(settings, parts)
    console = Console(highlight=False, soft_wrap=True)
    try:
        return _do(arguments, deployment, console)
    except Trouble as trouble:
        if trouble.log:
            print(trouble.log, file=sys.stderr)
        _tell(trouble.reason, trouble.remedy)
    except faults.Fault as fault:
        reason, _, remedy = str(fault).partition("; ")
        _tell(reason, remedy)
    except KeyboardInterrupt:
        _tell("interrupted", "run the command again")
    return 1


def _tell(reason: str, remedy: str) -> None:
    line = f"hydria: {reason}; remedy: {remedy or 'hydria doctor'}"
    print(" ".join(line.split()), file=sys.stderr)


def _do(arguments: argparse.Namespace, deployment: Deployment, console: Console) -> int:
    if arguments.command in WITH_VERBS:
        return WITH_VERBS[arguments.command](arguments, deployment, console)
    began = time.monotonic()
    if arguments.command == "up":
        deployment.up()
        console.print(f"up in {deployments.seconds(began)}: {deployment.url}")
        if deployment.settings.is_open():
            console.print(OPEN, style="bold red")
        console.print(f"clients: . {deployment.clouds.with_name('openrc')}")
    elif arguments.command == "down":
        for line in deployment.down(everything=arguments.all, purge=arguments.purge) or ["nothing was running"]:
            console.print(line)
    elif arguments.command == "status":
        return status(deployment, console)
    elif arguments.command == "doctor":
        return doctor.examine(deployment, console)
    elif arguments.command == "quickstart":
        if arguments.down:
            return quickstart.undo(deployment, console, purge=arguments.purge)
        return quickstart.show(deployment, console)
    return 0


def status(deployment: Deployment, console: Console) -> int:
    """Processes and load balancers, as tables; 1 when a process is down."""
    standing = deployment.supervision.standing()
    table = Table("process", "pid", "up", "memory")
    for one in standing:
        up = f"{one.up_s:.0f} s" if one.pid else "[red]down"
        table.add_row(one.name, str(one.pid or "-"), up, f"{one.pss_kb / 1024:.0f} MiB")
    console.print(table if standing else "nothing runs; start with `hydria up`")
    if not standing or not all(s.pid for s in standing):
        return 1
    total = sum(s.pss_kb for s in standing) / 1024
    console.print(f"API {deployment.url}; {total:.0f} MiB in all")
    found = deployment.client("admin").call("GET", "/v2/lbaas/loadbalancers?limit=1000")["loadbalancers"]
    table = Table("load balancer", "VIP", "provisioning", "operating", "reason")
    for lb in found:
        states = lb["provisioning_status"], lb["operating_status"]
        table.add_row(lb["name"] or lb["id"], lb["vip_address"] or "-", *states, lb.get("reason") or "")
    if found:
        console.print(table)
    return 0
