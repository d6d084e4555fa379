"""The commands for people: up, restart, down, status, doctor, user, config, quickstart."""

import argparse
import sys
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from hydria.cli import config, doctor, quickstart, removal, users
from hydria.cli import deployment as deployments
from hydria.cli.deployment import Deployment
from hydria.cli.parts import Parts
from hydria.cli.trouble import Trouble
from hydria.drivers import faults

OPEN = "WARNING: auth_strategy = noauth: every user and program of this machine may do everything"


WITH_VERBS = {"user": users.run, "config": config.run}


def declare(commands: Any, processes: Iterable[str]) -> None:
    """Add the commands to a parser."""
    commands.add_parser("up", help="make what runs what is set and installed; safe to repeat")
    anew = commands.add_parser("restart", help="begin processes anew, one at a time; traffic goes on")
    anew.add_argument(
        "process", nargs="*", metavar="PROCESS", help=f"of {', '.join(processes)}; all when none is named"
    )
    down = commands.add_parser("down", help="stop the controllers until `hydria up`; traffic goes on")
    _removing(down)
    down.add_argument(
        "--for-now", action="store_true", help="stop them until the machine starts again, where it starts them"
    )
    commands.add_parser("status", help="show processes and load balancers")
    commands.add_parser("doctor", help="look for what is wrong, with remedies")
    users.declare(commands)
    config.declare(commands)
    first = commands.add_parser("quickstart", help="bring everything up and show a load balancer at work")
    first.add_argument("--down", action="store_true", help="the same as `hydria down`, with the same options")
    _removing(first)


def _removing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="remove amphorae and networks too, after asking")
    parser.add_argument("--purge", action="store_true", help="remove the state as well: users, keys, database")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace, settings: Any, parts: Parts) -> int:
    """Do a command; its exit code. Trouble is told in one line, with its remedy."""
    console = Console(highlight=False, soft_wrap=True)
    deployment = Deployment(settings, parts, tell=lambda line: console.print(line, markup=False))
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
    if arguments.command == "up":
        up(deployment, console)
    elif arguments.command == "restart":
        deployment.restart(_chosen(arguments.process, deployment))
    elif arguments.command == "down":
        down(arguments, deployment, console)
    elif arguments.command == "status":
        return status(deployment, console)
    elif arguments.command == "doctor":
        return doctor.examine(deployment, console)
    elif arguments.command == "quickstart":
        if arguments.down:
            down(arguments, deployment, console)
        elif arguments.all or arguments.purge or arguments.yes:
            raise Trouble("--all, --purge and --yes go with --down", "add --down, or leave them out")
        else:
            return quickstart.show(deployment, console)
    return 0


def up(deployment: Deployment, console: Console) -> None:
    """Bring everything up, and say what was done."""
    began = time.monotonic()
    word = "up in" if deployment.up() else "up already, nothing to change; looked at in"
    console.print(f"{word} {deployments.seconds(began)}: {deployment.public_url}")
    if deployment.settings.is_open():
        console.print(OPEN, style="bold red")
    console.print(f"clients: . {deployment.clouds.with_name('openrc')}")


def down(arguments: argparse.Namespace, deployment: Deployment, console: Console) -> None:
    """Stop the controllers, or take everything away once somebody has agreed to it."""
    if not (arguments.all or arguments.purge):
        for line in deployment.down(for_now=getattr(arguments, "for_now", False)) or ["nothing was running"]:
            console.print(line)
        return
    lost = removal.losses(deployment, purge=arguments.purge)
    if lost and not arguments.yes:
        removal.agree(lost, deployment.typed(f"down {'--purge' if arguments.purge else '--all'}"))
    done = removal.down(deployment, purge=arguments.purge)
    for line in done or ["nothing was running"]:
        console.print(line)
    for line in removal.stays(deployment) if done and arguments.purge else ():
        console.print(f"stays: {line}")


def _chosen(names: list[str], deployment: Deployment) -> list[str]:
    known = deployment.parts.processes
    if unknown := [name for name in names if name not in known]:
        raise Trouble(f"there is no process {unknown[0]}", f"name some of {', '.join(known)}")
    return list(dict.fromkeys(names))


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
