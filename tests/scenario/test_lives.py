"""A load balancer's life on a simulated cloud."""

from pathlib import Path

import pytest

from hydria.domain import kinds
from tests.scenario.lab import BACK, Cellar, Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(Cellar(tmp_path))


def test_a_new_load_balancer_becomes_active_and_runs(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    picture = lab.picture(lb)
    assert set(picture["statuses"]) == {"ACTIVE"}
    assert picture["running"] == [(True, 2)]
    assert picture["leftovers"] == []


def test_deleting_leaves_nothing(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    lab.delete(lb)
    lab.work(lb)
    assert lab.picture(lb)["gone"]
    assert not any(lab.picture(lb)["used"])
    assert not lab.compute.list()
    assert not lab.network.list_ports()


def test_many_writes_become_one_push(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    pool = next(iter(lab.world(lb).desired.pools))
    before = lab.amphorae.pushes[lb]
    for n in range(100):
        lab.member(lb, pool, f"192.0.2.{n + 10}")
    lab.work(lb)
    assert lab.amphorae.pushes[lb] == before + 1
    assert set(lab.status(lb).values()) == {"ACTIVE"}


def test_a_card_comes_with_the_first_member_of_a_subnet_and_goes_with_the_last(lab: Lab) -> None:
    lb = lab.create()
    pool = lab.pool(lb)
    lab.work(lb)
    member = lab.member(lb, pool, "10.88.12.9", BACK.subnets[0].id)
    lab.work(lb)
    assert [x.purpose for x in lab.world(lb).externals].count("member") == 1
    lab.remove(lb, kinds.MEMBER, member)
    lab.work(lb)
    assert [x.purpose for x in lab.world(lb).externals].count("member") == 0
    assert lab.leftovers() == []


def test_a_member_that_haproxy_refuses_harms_nobody_else(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    pool = next(iter(lab.world(lb).desired.pools))
    lab.amphorae.poison.add("192.0.2.66")
    bad = lab.member(lb, pool, "192.0.2.66")
    good = lab.member(lb, pool, "192.0.2.67")
    lab.work(lb)
    status = lab.status(lb)
    assert status.pop(bad) == "ERROR"
    assert set(status.values()) == {"ACTIVE"}
    running = next(iter(lab.amphorae.running(lb).values()))
    assert good in running.files["haproxy.cfg"]
    assert "192.0.2.66" in lab.world(lb).verdicts[bad].reason


def test_a_refusal_falls_when_its_object_is_deleted(lab: Lab) -> None:
    lb = lab.full()
    pool = next(iter(lab.world(lb).desired.pools))
    lab.amphorae.poison.add("192.0.2.66")
    bad = lab.member(lb, pool, "192.0.2.66")
    lab.work(lb)
    lab.remove(lb, kinds.MEMBER, bad)
    lab.work(lb)
    assert set(lab.status(lb).values()) == {"ACTIVE"}
    assert lab.world(lb).verdicts == {}


def test_an_api_killed_before_the_vip_is_finished_by_the_worker(lab: Lab) -> None:
    lb = lab.create(vip=False)
    lab.until_settled(lb)
    world = lab.world(lb)
    assert world.desired.loadbalancer.vip_address
    lab.sweep()
    assert lab.leftovers() == []


def test_a_dead_machine_is_replaced(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    old = lab.world(lb).amphorae[0]
    lab.cloud.kill(old.compute_id)
    lab.suspect(lb, old.id)
    lab.until_settled(lb)
    world = lab.world(lb)
    assert [a.status for a in world.amphorae] == ["ALLOCATED"]
    assert world.amphorae[0].id != old.id
    assert lab.picture(lb)["running"] == [(True, 2)]
    assert lab.leftovers() == []


def test_a_silent_machine_that_compute_calls_running_is_left_alone(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    old = lab.world(lb).amphorae[0]
    lab.cloud.hush(old.compute_id)
    lab.suspect(lb, old.id)
    for _ in range(5):
        lab.work(lb)
        lab.cloud.turn(40)
    assert lab.world(lb).amphorae[0].id == old.id
    lab.cloud.hush(old.compute_id, silent=False)
    lab.until_settled(lb)
    assert lab.world(lb).amphorae[0].id == old.id
    assert lab.world(lb).suspicions == ()


def test_a_rebooted_machine_is_told_again_and_runs_again(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    old = lab.world(lb).amphorae[0]
    lab.cloud.reboot(old.compute_id)
    lab.suspect(lb, old.id)
    lab.until_settled(lb)
    assert lab.world(lb).amphorae[0].session != old.session
    assert lab.picture(lb)["running"] == [(True, 2)]
