"""The doctor: looks at everything that has to be right, and says what to do about what is not."""

from collections.abc import Callable
from typing import Any

from rich.console import Console

from hydria.cli import checks, folder
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble

FEW_DESCRIPTORS = 4096


def examine(deployment: Deployment, console: Console) -> int:
    """Print a line for each thing; how many are wrong (0 or 1)."""
    wrong = 0
    for name, check in _checks(deployment).items():
        try:
            with folder.told(deployment.settings.state):
                found = check()
            console.print(f"[green]ok[/]     {name}" + (f": {found}" if isinstance(found, str) else ""))
        except Trouble as trouble:
            wrong = 1
            console.print(f"[red]wrong[/]  {name}: {trouble.reason}")
            if trouble.remedy:
                console.print(f"       remedy: {trouble.remedy}")
            if trouble.log:
                console.print(trouble.log, markup=False)
    return wrong


def _checks(deployment: Deployment) -> dict[str, Callable[[], Any]]:
    settings = deployment.settings
    return {
        "root": checks.root,
        "clock": checks.clock,
        "programs": checks.tools,
        "haproxy": lambda: checks.haproxy(settings.option("haproxy_amphora", "haproxy_cmd")),
        "descriptors": _descriptors,
        f"state folder {settings.state}": lambda: checks.folder(settings.state),
        "networks": lambda: _networks(deployment),
        "processes": lambda: _processes(deployment),
        "API": lambda: _api(deployment),
        "load balancers": lambda: _load_balancers(deployment),
    }


def _descriptors() -> str:
    most = checks.descriptors()
    if most < FEW_DESCRIPTORS:
        raise Trouble(f"a process may have {most} files open", "raise it: ulimit -Hn 65536; it bounds connections")
    return f"{most} for a process; connection limits above about {most * 2 // 5} are capped"


def _networks(deployment: Deployment) -> str:
    if not deployment.settings.is_local():
        return "not ours"
    if not deployment.known:
        raise Trouble("nothing was ever brought up here", "hydria up")
    networks = deployment.parts.networks()
    if not deployment.parts.fabric().is_up(networks):
        raise Trouble("the networks of this machine are not there", "hydria up")
    return ", ".join(f"{s.name} {s.cidr}" for s in networks.subnets())


def _processes(deployment: Deployment) -> str:
    standing = deployment.supervision.standing()
    if not standing:
        raise Trouble("no process runs", "hydria up")
    down = [s.name for s in standing if not s.pid]
    if down:
        log = "\n".join(deployment.supervision.end_of_log(down[0]))
        raise Trouble(f"{', '.join(down)} does not run", "see the end of its log below; hydria down; hydria up", log)
    return ", ".join(s.name for s in standing)


def _api(deployment: Deployment) -> str:
    if not deployment.client().answers():
        raise Trouble(f"{deployment.url} does not answer", "hydria up")
    return deployment.url


def _load_balancers(deployment: Deployment) -> str:
    found = deployment.client("admin").call("GET", "/v2/lbaas/loadbalancers?limit=1000")["loadbalancers"]
    bad = [lb for lb in found if lb["provisioning_status"] == "ERROR"]
    if bad:
        first = bad[0]
        words = f"{first['id']}: {first.get('reason') or 'ERROR'}"
        raise Trouble(f"{len(bad)} of {len(found)} are in ERROR, the first: {words}", first.get("remedy") or "")
    return f"{len(found)}, none in ERROR"
