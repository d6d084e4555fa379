"""Failovers on a simulated cloud: what is asked while another is under way, and what runs meanwhile."""

import pytest

from hydria.drivers import sim
from tests.scenario.lab import Cellar, Lab

POINTS = 60  # more than a failover has


def failing_over(cellar: Cellar) -> tuple[Lab, str]:
    lab = Lab(cellar)
    lb = lab.full()
    lab.work(lb)
    lab.cloud.turn(1)
    lab.demand(lb)
    return lab, lb


@pytest.mark.parametrize("point", range(1, POINTS, 3))
def test_whoever_serves_when_a_failover_is_asked_for_is_replaced(cellar: Cellar, point: int) -> None:
    lab, lb = failing_over(cellar)
    asked: set[str] = set()

    def again() -> None:
        if not asked and lab.passed[-1] != "commit":  # inside a transaction nobody else writes
            asked.update(a.id for a in lab.world(lb).amphorae)
            lab.demand(lb)

    lab.sleep_at(point, again)
    lab.work(lb)
    lab.cloud.turn(7)
    lab.until_settled(lb)
    assert not asked & {a.id for a in lab.world(lb).amphorae}
    assert (len(lab.amphorae.running(lb)), lab.leftovers()) == (1, [])


def test_the_old_one_runs_while_no_new_one_can_be_had(cellar: Cellar) -> None:
    lab, lb = failing_over(cellar)
    old = lab.amphorae.running(lb)
    lab.cloud.script("compute.create", sim.LoseRequest(), times=sim.ALWAYS)
    lab.work(lb)
    assert lab.amphorae.running(lb) == old
    lab.cloud.forgive()
    lab.cloud.turn(7)
    lab.until_settled(lb)
    assert not old.keys() & lab.amphorae.running(lb).keys()
