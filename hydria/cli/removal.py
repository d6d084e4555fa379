"""Taking a deployment down for good: what would be lost, whether that is wanted, and what stays on the machine."""

import sys
from collections.abc import Callable
from pathlib import Path

from hydria.cli import demo
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble

ROOT = Path(__file__).parents[2]


def losses(deployment: Deployment, *, purge: bool) -> list[str]:
    """What is lost when amphorae and networks go, and with `purge` the state; empty where there is nothing to lose."""
    if not deployment.known:
        return []
    machines = len(deployment.parts.compute().list()) if deployment.settings.is_local() else 0
    found = [_traffic(deployment)] if machines or purge else []
    found += (
        [f"{machines} {'amphora' if machines == 1 else 'amphorae'} and the networks of this machine"]
        if machines
        else []
    )
    if purge:
        found.append(f"{deployment.settings.state} with its users, passwords, keys, certificates and database")
    return [line for line in found if line]


def _traffic(deployment: Deployment) -> str:
    found = deployment.parts.owned()
    if found is None:
        return "every load balancer (how many there are cannot be read)"
    load_balancers, projects = found
    balancers = counted(load_balancers, "load balancer")
    return f"{balancers} of {counted(projects, 'project')}, and their traffic" if load_balancers else ""


def counted(number: int, what: str) -> str:
    """So many of something."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def agree(lost: list[str], command: str, ask: Callable[[str], str] = input) -> None:
    """Ask whoever is at the terminal; raises Trouble when nobody is there or the answer is not yes."""
    if not sys.stdin.isatty():
        raise Trouble(f"this removes {'; '.join(lost)}: nobody is here to be asked", f"{command} --yes")
    print("this removes", *lost, sep="\n  ")
    if ask("remove it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Trouble("nothing was changed", f"answer yes, or {command} --yes")


def down(deployment: Deployment, *, purge: bool) -> list[str]:
    """Take everything away; what was done."""
    demo.down(deployment)
    return deployment.down(everything=True, purge=purge)


def stays(deployment: Deployment) -> list[str]:
    """What is left on the machine when everything was purged, and how it goes."""
    packages = ROOT / "build/packages"
    names = sorted(set(packages.read_text().split())) if packages.exists() else []
    folders = [str(ROOT / name) for name in (".venv", "build") if (ROOT / name).exists()]
    found = [f"{len(names)} Debian packages (apt-get purge {' '.join(names)})"] if names else []
    found += [f"what was installed here (rm -r {' '.join(folders)})"] if folders else []
    servers = {str(one.engine.url) for one in deployment.parts.databases() if not one.sqlite}
    return [*found, *(f"the tables in {url}" for url in sorted(servers))]
