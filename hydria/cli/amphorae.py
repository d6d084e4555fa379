"""What the doctor looks at of amphorae: whether they are heard, whether their machines run, their certificates."""

import time
from collections.abc import Iterator, Sequence

from hydria.cli.deployment import Deployment
from hydria.cli.findings import Concern
from hydria.cli.ground import SOON_S
from hydria.cli.trouble import Trouble
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.drivers import faults
from hydria.drivers.compute import Power
from hydria.storage import amphorae, database, observed

SILENT_S = 150.0
"""The health manager notes once a minute who is well, and at once who is late."""
NAMED = 5
"""Amphorae that are named; the others are counted."""


def well(ours: Deployment) -> str:
    """Every amphora in use is heard and its machine runs. Raises Concern for certificates that end soon."""
    if ours.settings.option("controller_worker", "amphora_driver") == "noop":
        return "none are made: amphora_driver = noop"
    found, heard = _stored(ours)
    used = [a for a in found if a.status is AmphoraStatus.ALLOCATED]
    told = {**_silent(used, heard), **_dead(ours, used)}
    told |= {a: "its making or its end failed" for a in found if a.status is AmphoraStatus.ERROR}
    if told:
        lines = [f"amphora {a.id} of load balancer {a.loadbalancer_id}: {why}" for a, why in told.items()]
        remedy = "see the logs of health and worker; openstack loadbalancer amphora failover ID makes another"
        raise Trouble(f"{len(told)} of {len(found)} are not well", remedy, "\n".join(_some(lines)))
    now = time.time()
    if soon := [a for a in used if a.cert_expiration and a.cert_expiration / 1e6 < now + SOON_S]:
        what = f"the certificates of {len(soon)} of {len(found)} end within {SOON_S / 86400:.0f} days"
        raise Concern(
            what, "housekeeping renews them: see its log", "\n".join(_some([f"amphora {a.id}" for a in soon]))
        )
    return f"{len(found)}, none silent"


def _stored(ours: Deployment) -> tuple[list[Amphora], dict[str, tuple[bool, int]]]:
    intent, seen = ours.parts.databases()
    try:
        return intent.read(amphorae.every), seen.read(observed.heard)
    except database.Unavailable as error:
        raise Trouble(" ".join(str(error).split()), "see the database") from error
    finally:
        intent.close()
        seen.close()


def _silent(used: Sequence[Amphora], heard: dict[str, tuple[bool, int]]) -> dict[Amphora, str]:
    now = time.time()
    told = {}
    for one in used:
        late, seen_at = heard.get(one.id, (False, one.created_at))
        quiet_s = now - seen_at / 1e6
        if late or quiet_s > SILENT_S:
            told[one] = f"nothing was heard of it for {quiet_s:.0f} s"
    return told


def _dead(ours: Deployment, used: Sequence[Amphora]) -> dict[Amphora, str]:
    """Those whose machine is known not to run; compute that does not answer is told by its own check."""
    if not ours.settings.is_local():
        return {}
    try:
        power = {machine.id: machine.power for machine in ours.parts.compute().list()}
    except faults.Fault as fault:
        raise Trouble(f"compute does not tell: {fault}", fault.remedy) from fault
    state = {a: power.get(a.compute_id or "", Power.GONE) for a in used}
    return {a: f"its machine is {found}" for a, found in state.items() if found is not Power.RUNNING}


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:NAMED]
    if len(lines) > NAMED:
        yield f"and {len(lines) - NAMED} more"
