"""The doctor: looks at everything that has to be right, and says what to do about what is not."""

import json
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from hydria.cli import amphorae, checks, findings, folder, ground, loadbalancers, services
from hydria.cli.deployment import Deployment
from hydria.cli.findings import Check, Finding

LIMIT_S = 8.0
"""For all checks together."""
BALANCERS_S = 4.0
MARKS = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "wrong": "[red]wrong[/]  "}


def examine(deployment: Deployment, console: Console, *, as_json: bool = False) -> int:
    """Print what was found of each thing; 1 when something is wrong, else 0.

    As JSON: {"ok": bool, "checks": [{"name", "state": "ok|warning|wrong", "found", "reason", "remedy", "details": [line]}]}
    """
    found = []
    for finding in findings.examine(list(_checks(deployment)), LIMIT_S):
        found.append(finding)
        if not as_json:
            _show(finding, console)
    is_ok = all(finding.state != "wrong" for finding in found)
    if as_json:
        print(json.dumps({"ok": is_ok, "checks": [finding.told() for finding in found]}, indent=2))
    return 0 if is_ok else 1


def _show(finding: Finding, console: Console) -> None:
    words = finding.found or finding.reason
    console.print(f"{MARKS[finding.state]} {finding.name}" + (f": {escape(words)}" if words else ""))
    if finding.remedy:
        console.print(f"        remedy: {escape(finding.remedy)}")
    for line in finding.details:
        console.print(f"        {line}", markup=False)


def _checks(ours: Deployment) -> list[Check]:
    """Everything, causes before what they explain."""
    settings = ours.settings
    never, away = ("deployment",), ("deployment", "database", "Keystone", "processes", "API")
    local = [Check("haproxy", lambda: checks.haproxy(settings.option("haproxy_amphora", "haproxy_cmd")))]

    def of(look: Callable[[Deployment], str]) -> Callable[[], str]:
        return lambda: _told(ours, look)

    return [
        Check("clock", of(ground.clock)),
        Check("programs", checks.tools),
        *(local if settings.is_local() else []),
        Check("disk", of(ground.disk)),
        Check("open files", ground.descriptors),
        Check("deployment", of(ground.deployment)),
        Check("secrets", of(ground.secrets), never),
        Check("certificates", of(ground.certificates), never),
        Check("database", of(services.databases), never),
        Check("broker", of(services.broker)),
        Check("Keystone", of(services.identity)),
        Check("networks", of(ground.networks), never),
        Check("processes", of(services.processes), never),
        Check("code and settings", of(services.code), never),
        Check("metrics", of(services.metrics), ("processes",)),
        Check("API", of(services.api), (*never, "processes")),
        Check("work", of(services.work), (*never, "database", "processes")),
        Check("amphorae", of(amphorae.well), (*never, "database")),
        Check("load balancers", of(lambda o: loadbalancers.well(o, BALANCERS_S)), away),
    ]


def _told(ours: Deployment, look: Callable[[Deployment], str]) -> str:
    with folder.told(ours.settings.state):
        return look(ours)
