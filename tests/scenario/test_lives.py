"""A load balancer's life on a simulated cloud."""

import ipaddress

import msgspec
import pytest

from hydria.domain import kinds
from hydria.drivers import sim
from hydria.wire import identities
from tests.scenario.lab import BACK, MANAGEMENT, Cellar, Lab


@pytest.fixture
def lab(cellar: Cellar) -> Lab:
    return Lab(cellar)


def test_a_new_load_balancer_becomes_active_and_runs(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    picture = lab.picture(lb)
    assert set(picture["statuses"]) == {"ACTIVE"}
    assert picture["running"] == [(True, 2)]
    assert picture["leftovers"] == []


def test_every_load_balancer_has_an_amphora_with_a_management_address_of_its_own(lab: Lab) -> None:
    made = [lab.full() for _ in range(3)]
    for lb in made:
        lab.work(lb)
    worlds = [lab.world(lb) for lb in made]
    (management,) = (ipaddress.ip_network(s.cidr) for s in MANAGEMENT.subnets)
    addresses = {a.lb_network_ip for w in worlds for a in w.amphorae}
    assert [len(w.amphorae) for w in worlds] == [1, 1, 1]
    assert len(addresses) == len(made)
    assert all(ipaddress.ip_address(a) in management for a in addresses)
    assert addresses.isdisjoint(w.desired.loadbalancer.vip_address for w in worlds)


def test_an_amphora_is_given_its_name_and_certificates_and_nothing_of_the_database(lab: Lab) -> None:
    lab.work(lab.create())
    (machine,) = lab.cloud.machines.values()
    files = machine.order.files
    certificate, trust, settings = identities.FILES
    assert files.keys() == {certificate, trust, settings}
    places = {"certificate", "client_ca", "state_folder", "run_folder", "service_folder", "haproxy"}
    assert (
        msgspec.json.decode(files[settings]).keys() == {"amphora_id", "deployment", "bind_host", "bind_port"} | places
    )


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


def test_a_full_cloud_shows_error_with_reason_after_the_deadline_and_recovers(lab: Lab) -> None:
    lb = lab.create()
    lab.cloud.script("compute.create", sim.Full(), times=sim.ALWAYS)
    lab.work(lb)
    assert lab.status(lb)[lb] == "PENDING_CREATE"
    lab.cloud.turn(16)
    lab.work(lb)
    assert lab.status(lb)[lb] == "ERROR"
    progress = lab.progress(lb)
    assert (progress.step, bool(progress.reason), bool(progress.remedy)) == ("MakeServer", True, True)
    lab.cloud.forgive()
    lab.until_settled(lb)
    assert lab.status(lb)[lb] == "ACTIVE"
    lab.sweep()
    assert lab.leftovers() == []


def test_tries_become_rarer_but_never_end(lab: Lab) -> None:
    lb = lab.create()
    lab.cloud.script("network.create_port", sim.Refuse("no"), times=sim.ALWAYS)
    waits = []
    for _ in range(8):
        lab.work(lb)
        waits.append((lab.progress(lb).not_before - lab.now()) / 1e6)
        lab.cloud.turn(40)
    assert 0.9 <= waits[0] <= 1.1
    assert all(27 <= w <= 33 for w in waits[5:])


def test_a_machine_that_never_answers_is_replaced_by_a_new_one(lab: Lab) -> None:
    lb = lab.create()
    lab.cloud.boot_s = 1e9
    lab.work(lb)
    first = [m.name for m in lab.compute.list()]
    lab.cloud.boot_s = 0
    lab.until_settled(lb)
    assert len(first) == 1
    assert [m.name for m in lab.compute.list()] != first
    assert lab.status(lb)[lb] == "ACTIVE"


def test_a_user_s_delete_overtakes_a_creation_that_goes_on(lab: Lab) -> None:
    lb = lab.create()
    lab.cloud.on_effect = lambda name: lab.delete(lb) if name == "compute.create" else None
    lab.work(lb)
    lab.cloud.on_effect = lambda _: None
    lab.until_settled(lb)
    assert lab.picture(lb)["gone"]
    assert not lab.compute.list()
    assert not lab.network.list_ports()


def test_cards_that_vanished_bring_a_new_amphora(lab: Lab) -> None:
    lb = lab.full()
    lab.work(lb)
    old = lab.world(lb).amphorae[0]
    lab.cloud.machines[old.compute_id].plugged.clear()
    lab.amphorae.forget(lb)
    lab.suspect(lb, old.id, "missing")
    lab.until_settled(lb)
    assert lab.world(lb).amphorae[0].id != old.id
    assert lab.picture(lb)["running"] == [(True, 2)]
