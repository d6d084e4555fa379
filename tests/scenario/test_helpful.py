"""What the owner of a load balancer reads of a driver's trouble: what failed, at which step, what to do; and then no more."""

from typing import Any

import pytest

from hydria.domain import kinds
from hydria.drivers import faults, sim
from hydria.storage import shown
from tests.scenario.lab import Cellar, Lab

TROUBLE = ("reason", "failed_step", "remedy")
WORDS = "project 7 has 3 of its 3"

FATES: dict[str, tuple[sim.Fate, str, str]] = {
    "refused": (sim.Refuse(WORDS), WORDS, faults.Refused.remedy),
    "out of resources": (sim.Full(), "no room", faults.OutOfResources.remedy),
    "no answer": (sim.LoseAnswer(), "no answer", faults.Fault.remedy),
    "late": (sim.Late(after_s=90), "no answer", faults.Fault.remedy),
}
STEPS = {
    "network.create_port": "MakePort",
    "compute.create": "MakeServer",
    "compute.plug": "Plug",
    "amphora.node": "Boot",
    "amphora.apply": "Push",
}


def seen(lab: Lab, lb: str) -> dict[str, Any]:
    """The load balancer as its owner sees it."""
    found = lab.database.read(lambda c: shown.one(c, kinds.LOADBALANCER, lb, lab.now()))
    assert found
    return found.body


@pytest.mark.parametrize("call", STEPS)
@pytest.mark.parametrize("fate", FATES)
def test_trouble_is_told_while_it_lasts(cellar: Cellar, call: str, fate: str) -> None:
    lab = Lab(cellar)
    lb = lab.full()
    met, words, remedy = FATES[fate]
    lab.cloud.script(call, met, times=sim.ALWAYS)
    lab.work(lb)
    for status in ("PENDING_CREATE", "ERROR"):
        body = seen(lab, lb)
        assert (body["provisioning_status"], body["failed_step"], words in body["reason"]) == (
            status,
            STEPS[call],
            True,
        )
        assert body["remedy"] == remedy
        lab.cloud.turn(16)
        lab.work(lb)
    lab.cloud.forgive()
    lab.until_settled(lb)
    body = seen(lab, lb)
    assert (body["provisioning_status"], set(TROUBLE) & set(body)) == ("ACTIVE", set())


@pytest.mark.parametrize("call", STEPS)
def test_slowness_shows_error_only_while_the_work_lasts(cellar: Cellar, call: str) -> None:
    lab = Lab(cellar)
    lb = lab.full()
    lab.cloud.script(call, sim.Slow(takes_s=20))
    during = []
    lab.cloud.on_effect = lambda name: during.append(seen(lab, lb)) if name == call else None
    lab.work(lb)
    body = during[0]
    assert (body["provisioning_status"], body["failed_step"]) == ("ERROR", "wait")
    assert all(body[name] for name in TROUBLE)
    assert (seen(lab, lb)["provisioning_status"], lab.leftovers()) == ("ACTIVE", [])


def test_what_is_incomplete_is_made_and_waits(cellar: Cellar) -> None:
    lab = Lab(cellar)
    lb = lab.create()
    lab.listener(lb)
    lab.monitor(lb, lab.pool(lb))
    lab.work(lb)
    assert set(lab.status(lb).values()) == {"ACTIVE"}
    assert lab.picture(lb)["running"] == [(True, 1)]
