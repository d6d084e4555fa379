"""Load balancers as the commands of this machine see them: page by page, those that need attention first, and why."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hydria.cli import keystone
from hydria.cli.client import Client
from hydria.cli.deployment import Deployment
from hydria.cli.findings import Concern
from hydria.cli.trouble import Trouble
from hydria.kit import ids

LB = "/v2/lbaas/loadbalancers"
PAGE = 1000
FIELDS = "id,name,project_id,vip_address,provisioning_status,operating_status,reason,remedy"
ILL = ("ERROR", "DEGRADED")
LOOKED_INTO = 10
"""Load balancers whose members are looked at."""
NAMED = 20
"""Lines that name something; the rest is counted."""
SEE_ALL = "openstack role add --user {user} --project {project} admin"
UNSEEN = "its account may not list the load balancers of all projects: it lacks the role admin"


@dataclass
class Seen:
    """What a list held: how many, in which states, and those that need attention, worst first."""

    total: int = 0
    operating: Counter[str] = field(default_factory=Counter)
    ill: list[dict[str, Any]] = field(default_factory=list)
    well: list[dict[str, Any]] = field(default_factory=list)
    is_whole: bool = True
    unseen: str = ""

    def take(self, lb: dict[str, Any], most: int) -> None:
        """One more; of those that are well only so many are remembered."""
        self.total += 1
        self.operating[lb["operating_status"]] += 1
        if is_ill(lb):
            self.ill.append(lb)
        elif len(self.well) < most:
            self.well.append(lb)


def is_ill(lb: dict[str, Any]) -> bool:
    """Whether its users feel something, or what they want is not done."""
    return lb["provisioning_status"] == "ERROR" or lb["operating_status"] in ILL


def look(client: Client, *, project: str = "", most: int = 0, seconds: float = 30.0) -> Seen:
    """Every load balancer that may be seen, of one project where one is named; begins no page after so many seconds.

    Raises Trouble.
    """
    seen, until, marker = Seen(), time.monotonic() + seconds, ""
    while True:
        code, body, _ = client.request("GET", _page(project, marker))
        if code == 403:
            seen.unseen, seen.is_whole = UNSEEN, False
            break
        if code >= 400:
            raise Trouble(f"the API does not list load balancers: {code}: {body.get('faultstring') or body}")
        found = body["loadbalancers"]
        for lb in found:
            seen.take(lb, most)
        marker = found[-1]["id"] if found else ""
        if not any(link["rel"] == "next" for link in body.get("loadbalancers_links", ())):
            break
        if time.monotonic() > until:
            seen.is_whole = False
            break
    if not seen.unseen and not project and not _sees_all(client):
        seen.unseen = UNSEEN
    seen.ill.sort(key=lambda lb: (lb["operating_status"] != "ERROR", lb["provisioning_status"] != "ERROR"))
    return seen


def _page(project: str, marker: str) -> str:
    named = f"&project_id={quote(project, safe='')}" if project else ""
    return f"{LB}?limit={PAGE}&fields={FIELDS}{named}" + (f"&marker={marker}" if marker else "")


def _sees_all(client: Client) -> bool:
    """Whether what nobody owns may be asked for: only who may list all projects is answered."""
    return client.request("GET", f"{LB}?limit=1&project_id={ids.NIL}")[0] != 403


def well(ours: Deployment, seconds: float) -> str:
    """Every load balancer and its members are well. Raises Trouble that names what is not."""
    client = ours.client("admin", seconds=seconds)
    began = time.monotonic()
    seen = look(client, seconds=seconds / 2)
    counted = f"{seen.total}" + ("" if seen.is_whole else " looked at in time")
    if seen.ill:
        left = seconds - (time.monotonic() - began)
        lines = [*some([sick(lb) for lb in seen.ill]), *some(list(members(client, seen.ill, left)))]
        refused = sum(lb["provisioning_status"] == "ERROR" for lb in seen.ill)
        states = [f"{seen.operating[state]} {state}" for state in ILL if seen.operating[state]]
        states += [f"{refused} not as wanted"] if refused else []
        what = f"{len(seen.ill)} of {counted} need attention: {', '.join(states)}"
        raise Trouble(what, _remedy(seen.ill), "\n".join(lines))
    if seen.unseen:
        raise Concern(f"{counted} seen, none ill; {seen.unseen}", _grant(ours))
    return f"{counted}, all well"


def _remedy(ill: Sequence[dict[str, Any]]) -> str:
    told = next((lb["remedy"] for lb in ill if lb.get("remedy")), "")
    return told or "see that the members named below run, are reached and answer the check of their pool's monitor"


def _grant(ours: Deployment) -> str:
    if not ours.settings.is_behind_keystone():
        return "give the user admin its role admin again, in users.json"
    user, project = keystone.account(ours.settings).names()
    return SEE_ALL.format(user=user, project=project)


def sick(lb: dict[str, Any]) -> str:
    """A load balancer that is not well, in a line."""
    name = f" ({lb['name']})" if lb["name"] else ""
    why = f": {lb['reason']}" if lb.get("reason") else ""
    states = f"{lb['provisioning_status']}, {lb['operating_status']}"
    return f"load balancer {lb['id']}{name} of project {lb['project_id']}: {states}{why}"


def members(client: Client, ill: Sequence[dict[str, Any]], seconds: float) -> Iterator[str]:
    """A line for each member that is down, of the first load balancers that are ill."""
    until = time.monotonic() + seconds
    for lb in ill[:LOOKED_INTO]:
        if time.monotonic() > until:
            return
        code, body, _ = client.request("GET", f"{LB}/{lb['id']}/status")
        if code == 200:
            yield from _down(lb, body["statuses"]["loadbalancer"])


def _down(lb: dict[str, Any], tree: dict[str, Any]) -> Iterator[str]:
    pools = {pool["id"]: pool for listener in tree["listeners"] for pool in listener["pools"]}
    for pool in pools.values():
        for member in pool["members"]:
            if member["operating_status"] == "ERROR":
                where = f"{member['address']}:{member['protocol_port']}"
                of = f"pool {pool['name'] or pool['id']} of load balancer {lb['name'] or lb['id']}"
                yield f"member {member['id']} {where} of {of}, project {lb['project_id']}: ERROR"


def some(lines: Sequence[str]) -> list[str]:
    """The first lines, and how many more there are."""
    return [*lines[:NAMED], *([f"and {len(lines) - NAMED} more"] if len(lines) > NAMED else [])]
