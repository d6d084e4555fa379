"""The status of a deployment: version, processes, database and broker in a line, load balancers that need attention first."""

import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hydria import __version__
from hydria.cli import findings, folder, loadbalancers, services
from hydria.cli.bounded import Begun
from hydria.cli.deployment import Deployment
from hydria.cli.findings import Check, Finding
from hydria.cli.loadbalancers import Seen
from hydria.cli.supervision import Standing
from hydria.cli.trouble import Trouble

LIMIT_S = 8.0
SHOWN = 20
"""Load balancers that are shown unless all are asked for."""
NO_BOUND = 1_000_000
COLOURS = {"ACTIVE": "green", "ONLINE": "green", "ERROR": "red", "DEGRADED": "yellow"}


@dataclass(frozen=True)
class Asked:
    """What the command was told."""

    all: bool = False
    project: str = ""
    as_json: bool = False

    @property
    def most(self) -> int:
        """Load balancers shown."""
        return NO_BOUND if self.all else SHOWN


def status(deployment: Deployment, console: Console, asked: Asked) -> int:
    """Show it; 1 when a process is down or the load balancers cannot be listed.

    As JSON: {"ok", "version", "api", "processes": [{"name", "pid", "up_s", "since", "memory_kb", "listens"}],
    "database", "broker": {"state", "found", "reason", "remedy"}, "load_balancers": {"total", "whole", "unseen", "operating",
    "attention", "shown": [...]}}; what could not be asked is null; {"ok", "reason", "remedy"} where nothing could.
    """
    try:
        with folder.told(deployment.settings.run):
            standing = deployment.supervision.standing()
    except Trouble as refused:
        if asked.as_json:
            print(json.dumps({"ok": False, "reason": refused.reason, "remedy": refused.remedy}, indent=2))
        raise
    is_up = bool(standing) and all(s.pid for s in standing)
    beneath = list(_beneath(deployment)) if is_up else []
    seen, trouble = _listed(deployment, asked) if is_up else (None, None)
    if asked.as_json:
        print(json.dumps(_told(deployment, standing, beneath, seen, asked), indent=2))
    else:
        _show(deployment, console, standing, beneath)
        if seen:
            _balancers(console, seen, asked)
    if trouble:
        raise trouble
    return 0 if is_up else 1


def _beneath(deployment: Deployment) -> Iterator[Finding]:
    def of(look: Any) -> Any:
        return lambda: look(deployment)

    return findings.examine(
        [Check("database", of(services.answers)), Check("broker", of(services.broker))], LIMIT_S / 2
    )


def _listed(deployment: Deployment, asked: Asked) -> tuple[Seen | None, Trouble | None]:
    def look() -> Seen:
        with folder.told(deployment.settings.state):
            client = deployment.client("admin", seconds=LIMIT_S)
            return loadbalancers.look(client, project=asked.project, most=asked.most, seconds=LIMIT_S)

    try:
        return Begun(look).result(2 * LIMIT_S), None
    except Trouble as trouble:
        return None, trouble


# --- for people


def _show(deployment: Deployment, console: Console, standing: list[Standing], beneath: list[Finding]) -> None:
    if not standing:
        console.print("nothing runs; start with `hydria up`")
        return
    listens = listening(standing)
    table = Table("process", "pid", "up", "memory", "since", "listens on")
    for one in standing:
        up = f"{one.up_s:.0f} s" if one.pid else "[red]down"
        memory = f"{one.pss_kb / 1024:.0f} MiB"
        table.add_row(one.name, str(one.pid or "-"), up, memory, _since(one), ", ".join(listens[one.name]) or "-")
    console.print(table)
    for finding in beneath:
        mark = "" if finding.state == "ok" else "[red]wrong[/]: "
        console.print(f"{finding.name}: {mark}{escape(finding.found or finding.reason)}")
    total = sum(s.pss_kb for s in standing) / 1024
    console.print(f"hydria {__version__}; API {deployment.url}; {total:.0f} MiB in all")


def _balancers(console: Console, seen: Seen, asked: Asked) -> None:
    shown = _shown(seen, asked)
    if shown:
        table = Table("load balancer", "VIP", "provisioning", "operating", "reason")
        for lb in shown:
            states = (_coloured(lb[f"{kind}_status"]) for kind in ("provisioning", "operating"))
            table.add_row(
                escape(lb["name"] or lb["id"]), lb["vip_address"] or "-", *states, escape(lb.get("reason") or "")
            )
        console.print(table)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(seen.operating.items()))
    more = seen.total - len(shown)
    counted = f"{seen.total} load balancers" + (f" ({counts})" if counts else "")
    console.print(counted + (f"; {more} more: hydria status --all" if more else ""))
    if not seen.is_whole and not seen.unseen:
        console.print("there are more, which could not be listed in time: name a --project")
    if seen.unseen:
        console.print(seen.unseen)


def _shown(seen: Seen, asked: Asked) -> list[dict[str, Any]]:
    return [*seen.ill, *seen.well][: asked.most]


def _coloured(state: str) -> str:
    return f"[{COLOURS[state]}]{state}[/]" if state in COLOURS else state


def _since(one: Standing) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - one.up_s)) if one.pid else "-"


# --- for machines


def _told(
    deployment: Deployment, standing: list[Standing], beneath: list[Finding], seen: Seen | None, asked: Asked
) -> dict[str, Any]:
    listens = listening(standing)
    parts: dict[str, Any] = {"database": None, "broker": None}
    for finding in beneath:
        parts[finding.name] = {name: getattr(finding, name) for name in ("state", "found", "reason", "remedy")}
    return {
        "ok": bool(standing) and all(s.pid for s in standing) and seen is not None,
        "version": __version__,
        "api": deployment.url,
        "processes": [_process(one, listens[one.name]) for one in standing],
        **parts,
        "load_balancers": None if seen is None else _seen(seen, asked),
    }


def _process(one: Standing, listens: list[str]) -> dict[str, Any]:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - one.up_s)) if one.pid else None
    up = {"pid": one.pid or None, "up_s": round(one.up_s, 1), "since": since, "memory_kb": one.pss_kb}
    return {"name": one.name, **up, "listens": listens}


def _seen(seen: Seen, asked: Asked) -> dict[str, Any]:
    counts = {"total": seen.total, "attention": len(seen.ill), "operating": dict(seen.operating)}
    return {**counts, "whole": seen.is_whole, "unseen": seen.unseen, "shown": _shown(seen, asked)}


# --- addresses


def listening(standing: list[Standing]) -> Mapping[str, list[str]]:
    """Process -> addresses it listens on, such as tcp 127.0.0.1:9876; none where that cannot be found out."""
    owners = {pid: one.name for one in standing for pid in one.pids}
    found: dict[str, list[str]] = defaultdict(list)
    for line in _sockets():
        kind, _, _, _, address, _, *users = line.split(maxsplit=6)
        for name in {name for pid, name in owners.items() if f"pid={pid}," in " ".join(users)}:
            if f"{kind} {address}" not in found[name]:
                found[name].append(f"{kind} {address}")
    return found


def _sockets() -> list[str]:
    try:
        done = subprocess.run(["ss", "-Hlntup"], capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines()
