"""The commands for people: up, restart, down, status, doctor, user, config, quickstart."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from hydria.cli import clouds, config, folder, quickstart, removal, users
from hydria.cli import deployment as deployments
from hydria.cli.deployment import Deployment
from hydria.cli.parts import Parts
from hydria.cli.trouble import Trouble
from hydria.drivers import faults

OPEN = "WARNING: auth_strategy = noauth: every user and program of this machine may do everything"
WIDTH = 200
"""Letters in a line that no window bounds: it is read by programs."""


class Telling(Console):
    """What is done, for whoever reads it; a reader that leaves does not end what is under way."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), self.file.fileno())  # what is still buffered goes there at the end


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
    shown = commands.add_parser("status", help="show processes and load balancers, those that need attention first")
    shown.add_argument("--all", action="store_true", help="show every load balancer")
    shown.add_argument("--project", default="", help="load balancers of this project (id) only")
    for one in (shown, commands.add_parser("doctor", help="look for what is wrong, with remedies")):
        one.add_argument("--json", action="store_true", help="for programs")
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
    console = Telling(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)
    deployment = Deployment(settings, parts, tell=lambda line: console.print(line, markup=False))
    try:
        with folder.told(deployment.settings.path):
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


def refuse(arguments: argparse.Namespace, reason: str, remedy: str) -> int:
    """Say that a command cannot be begun, programs too; its exit code."""
    if getattr(arguments, "json", False):
        print(json.dumps({"ok": False, "reason": reason, "remedy": remedy}, indent=2))
    _tell(reason, remedy)
    return 1


def _load(name: str) -> Any:
    """What looks into the database takes longer to load than most commands take in all."""
    return import_module(f"hydria.cli.{name}")


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
        status = _load("status")
        asked = status.Asked(all=arguments.all, project=arguments.project, as_json=arguments.json)
        return int(status.status(deployment, console, asked))
    elif arguments.command == "doctor":
        return int(_load("doctor").examine(deployment, console, as_json=arguments.json))
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
    console.print(clouds.how(deployment.settings))


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
