"""A run: it ends settled or with a reason, gives its claim back, and stops where somebody else is in charge."""

import dataclasses
import itertools

import pytest

from hydria.control.steps import Step
from hydria.domain import kinds
from hydria.drivers import sim
from hydria.storage import claims, intents, journal, rows, tables
from hydria.storage.database import Database
from hydria.worker import run as runs
from hydria.worker import runner
from hydria.worker.do.table import DO
from hydria.worker.run import Run


def runs_of(lab, lb):
    return [e for e in lab.database.read(lambda c: journal.of(c, lb)) if e.entry == "run"]


def run_of(lab, lb, sure=lambda: True):
    """A claim in hand."""
    due = lab.database.read(lambda c: claims.seen(c, lb))
    epoch = lab.database.write(lambda c: claims.claim(c, due, "w"))
    made = Run(lab.tools(), lb, epoch, sure)
    made.look()
    return made


def test_every_step_is_done_by_somebody():
    assert set(DO) == set(Step.__subclasses__())


def test_what_is_settled_is_in_the_journal_with_its_steps(lab):
    lb = lab.create()
    lab.work(lb)
    (entry,) = runs_of(lab, lb)
    assert (entry.outcome, entry.generation) == ("settled", 1)
    assert [(s["step"], s["outcome"]) for s in entry.changes][-2:] == [("Boot", "done"), ("Push", "done")]


def test_a_run_with_nothing_to_do_leaves_no_line(lab):
    lb = lab.create()
    lab.work(lb)
    before = runs_of(lab, lb)
    lab.work(lb)
    assert runs_of(lab, lb) == before


def test_a_failure_names_its_step_reason_and_remedy_and_gives_the_claim_back(lab):
    lb = lab.create()
    lab.cloud.script("compute.create", sim.Full())
    lab.work(lb)
    progress = lab.progress(lb)
    assert (progress.step, progress.owner, progress.attempts) == ("MakeServer", "", 1)
    assert "no room" in progress.reason
    assert progress.remedy
    assert progress.not_before > lab.now()


def test_a_failure_among_branches_names_the_one_that_failed(lab):
    lb = lab.full()
    lab.work(lb)
    twice = lab.world(lb).amphorae[0]
    lab.cloud.kill(twice.compute_id)
    lab.suspect(lb, twice.id)
    lab.cloud.script("network.destroy_port", sim.LoseRequest())
    lab.work(lb)
    assert lab.progress(lb).step == "Destroy"


def test_a_defect_is_shown_as_one_and_tried_again(lab):
    lb = lab.create()

    def break_down(_):
        raise ZeroDivisionError

    lab.cloud.on_effect = break_down
    lab.work(lb)
    assert "defect" in lab.progress(lb).reason
    assert lab.progress(lb).owner == ""
    lab.cloud.on_effect = lambda _: None
    lab.cloud.turn(60)
    lab.until_settled(lb)


def test_the_waits_between_failures_grow(lab):
    lb = lab.create()
    lab.cloud.script("compute.create", sim.Full(), times=sim.ALWAYS)
    waits = []
    for _ in range(8):
        lab.work(lb)
        waits.append((lab.progress(lb).not_before - lab.now()) / 1e6)
        lab.cloud.turn(60)
    assert waits[0] < 1.2
    assert 25 < waits[-1] < 34


def test_while_the_api_is_busy_with_the_vip_it_comes_back_in_a_moment(lab):
    lb = lab.create(vip=False)
    assert not lab.work(lb)
    progress = lab.progress(lb)
    assert (progress.owner, progress.attempts) == ("", 0)
    assert progress.not_before == lab.now() + runner.LATER_US


def test_a_hot_load_balancer_lets_others_have_their_turn(lab):
    lb = lab.create()
    pool = lab.pool(lb)
    lab.work(lb)
    addresses = itertools.count(10)

    def write(name):
        if name == "amphora.apply":
            lab.member(lb, pool, f"192.0.2.{next(addresses)}")

    lab.member(lb, pool, "192.0.2.9")
    lab.cloud.on_effect = write
    assert lab.work(lb)
    assert lab.progress(lb).owner == ""
    assert next(addresses) == 10 + runner.ROUNDS


def test_who_is_late_to_claim_does_nothing(lab):
    lb = lab.create()
    stale = lab.database.read(lambda c: claims.seen(c, lb))
    lab.database.write(lambda c: claims.claim(c, stale, "quicker"))
    before = list(lab.cloud.effects)
    assert not lab.worker().work(stale, lambda _: lambda: True)
    assert lab.cloud.effects == before


def test_what_is_gone_is_no_trouble(lab):
    lb = lab.create()
    due = lab.database.read(lambda c: claims.seen(c, lb))
    lab.delete(lb)
    lab.until_settled(lb)
    assert not lab.worker().work(due, lambda _: lambda: True)


# --- the guard before every effect


def test_the_guard_lets_the_holder_pass(lab):
    run_of(lab, lab.create()).check()


@pytest.mark.parametrize("why", ["unsure", "taken over"])
def test_the_guard_stops_who_may_not_be_the_holder(lab, why):
    lb = lab.create()
    one = run_of(lab, lb, sure=lambda: why != "unsure")
    if why == "taken over":
        run_of(lab, lb)
    with pytest.raises(claims.LostClaim):
        one.check()


def test_the_guard_stops_who_makes_what_is_being_deleted(lab):
    lb = lab.create()
    one = run_of(lab, lb)
    lab.delete(lb)
    with pytest.raises(runs.Superseded):
        one.check()
    one.look()
    one.check()


def test_nothing_is_committed_after_the_claim_is_lost(lab):
    lb = lab.create()
    one = run_of(lab, lb)
    run_of(lab, lb)
    done: list[object] = []
    with pytest.raises(claims.LostClaim):
        one.commit(done.append)
    assert done == []


def test_fresh_identifiers_are_fresh():
    assert len(set(itertools.islice(runs.fresh(), 1000))) == 1000


def test_a_member_whose_subnet_does_not_exist_is_told_to_its_owner(lab):
    lb = lab.full()
    pool = next(iter(lab.world(lb).desired.pools))
    lab.member(lb, pool, "192.0.2.8", "00000000-0000-4000-8000-00000000dead")
    lab.work(lb)
    assert "dead of a member does not exist" in lab.progress(lb).reason
    assert "create the member anew" in lab.progress(lb).remedy


def test_a_card_that_a_held_deletion_needs_stays(lab):
    lb = lab.full()
    lab.work(lb)
    listener = next(iter(lab.world(lb).desired.listeners))
    lab.amphorae.poison.add("maxconn 4711")

    def delete_pool(c, locked):
        g, changed = locked.generation, {"connection_limit": 4711, "default_pool_id": None}
        before = rows.one(c, kinds.LISTENER, listener)
        assert before
        intents.change(c, before, g, lab.now(), changed)
        for kind in (kinds.POOL, kinds.MEMBER, kinds.HEALTHMONITOR):
            intents.remove(c, g, kind, tables.TREE[kind.table].c.load_balancer_id == lb)

    lab.write(lb, delete_pool)
    lab.work(lb)
    assert lab.world(lb).accepted.members
    assert [x.purpose for x in lab.world(lb).externals].count("member") == 1
    lab.amphorae.poison.clear()
    lab.change(lb, kinds.LISTENER, listener, connection_limit=12)
    lab.until_settled(lb)
    assert [x.purpose for x in lab.world(lb).externals].count("member") == 0


def test_a_claim_that_the_database_does_not_answer_is_left(lab, tmp_path):
    due = lab.database.read(lambda c: claims.seen(c, lab.create()))
    away = Database(f"sqlite:///{tmp_path}/no/such/folder", tables.INTENT)
    lost = runner.Runner(dataclasses.replace(lab.tools(), database=away), "w")
    assert not lost.work(due, lambda _: lambda: True)
    away.close()
