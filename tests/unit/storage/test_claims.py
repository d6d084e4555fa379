"""One worker at a time is in charge of a load balancer, and whoever is not any more writes nothing."""

import concurrent.futures

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria.domain.tree import Tree
from hydria.kit import ids
from hydria.storage import claims, intents, outcomes, tables, worlds
from tests.unit.storage.making import load_balancer


def seen(db, lb):
    return db.read(lambda c: claims.seen(c, lb.id))


def claim(db, due, worker="w1"):
    return db.write(lambda c: claims.claim(c, due, worker))


def lose(db, lb):
    """Take the claim over; the epoch of whoever had it."""
    before = seen(db, lb)
    assert claim(db, before, "taker") == before.epoch + 1
    return before.epoch


@pytest.fixture
def epoch(db, lb):
    """The claim of w1."""
    return claim(db, seen(db, lb))


def test_what_was_created_is_due(db, lb):
    assert [due.load_balancer_id for due in db.read(lambda c: claims.due(c, 0))] == [lb.id]


def test_what_is_settled_and_held_by_nobody_is_not_due(db, lb, epoch):
    db.write(lambda c: claims.settle(c, lb.id, 1))
    assert db.write(lambda c: claims.release(c, lb.id, epoch))
    assert db.read(lambda c: claims.due(c, 0)) == []


def test_what_somebody_holds_is_seen_so_that_it_can_be_taken_over(db, lb, epoch):
    db.write(lambda c: claims.settle(c, lb.id, 1))
    assert [due.owner for due in db.read(lambda c: claims.due(c, 0))] == ["w1"]


def test_what_must_wait_is_not_due_before_its_time(db, lb, epoch):
    db.write(lambda c: claims.drop(c, lb.id, epoch, not_before=1000))
    assert db.read(lambda c: claims.due(c, 999)) == []
    assert len(db.read(lambda c: claims.due(c, 1000))) == 1


def test_a_suspicion_makes_it_due(db, lb, epoch):
    db.write(lambda c: claims.settle(c, lb.id, 1))
    db.write(lambda c: claims.release(c, lb.id, epoch))
    row = {"amphora_id": ids.new(), "load_balancer_id": lb.id, "what": "silent", "at": 1}
    db.write(lambda c: c.execute(tables.SUSPICION.insert().values(row)))
    assert len(db.read(lambda c: claims.due(c, 0))) == 1


def test_of_many_that_saw_the_same_one_is_in_charge(db, lb):
    due = seen(db, lb)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        epochs = list(pool.map(lambda n: claim(db, due, f"w{n}"), range(12)))
    assert [epoch for epoch in epochs if epoch] == [due.epoch + 1]


def test_a_claim_whose_holder_beats_is_not_taken_over(db, lb, epoch):
    before = seen(db, lb)
    db.write(lambda c: claims.beat(c, "w1", [lb.id]))
    assert claim(db, before, "w2") is None
    assert seen(db, lb).owner == "w1"


def test_a_claim_that_stands_still_is_taken_over(db, lb, epoch):
    assert claim(db, seen(db, lb), "w2") == epoch + 1
    assert seen(db, lb).owner == "w2"


def test_only_the_owner_beats(db, lb, epoch):
    before = seen(db, lb)
    db.write(lambda c: claims.beat(c, "w2", [lb.id]))
    assert seen(db, lb) == before


GUARDED = {
    "settle": lambda c, lb: claims.settle(c, lb.id, 1),
    "failed": lambda c, lb: claims.failed(c, lb.id, 1, reason="x"),
    "accept": lambda c, lb: outcomes.accept(c, lb.id, Tree(), 1, 1),
    "judge": lambda c, lb: outcomes.judge(c, lb.id, [], 1, None),
    "bury": lambda c, lb: worlds.bury(c, lb.id, 1),
}


@pytest.mark.parametrize("what", GUARDED)
def test_who_lost_the_claim_commits_nothing(db, lb, epoch, what):
    def commit(c):
        claims.hold(c, lb.id, epoch)
        GUARDED[what](c, lb)

    db.write(commit)
    lose(db, lb)
    before = everything(db)
    with pytest.raises(claims.LostClaim):
        db.write(commit)
    assert everything(db) == before


def test_who_lost_the_claim_cannot_give_it_back(db, lb, epoch):
    lose(db, lb)
    with pytest.raises(claims.LostClaim):
        db.write(lambda c: claims.release(c, lb.id, epoch))
    db.write(lambda c: claims.drop(c, lb.id, epoch))
    assert seen(db, lb).owner == "taker"


def test_a_claim_is_kept_while_more_is_wanted(db, lb, epoch):
    db.write(lambda c: claims.settle(c, lb.id, 1))
    db.write(lambda c: intents.lock(c, lb.id, 0))
    assert not db.write(lambda c: claims.release(c, lb.id, epoch))
    assert seen(db, lb).owner == "w1"


def test_failures_in_a_row_are_counted_until_one_succeeds(db, lb, epoch):
    fail = [db.write(lambda c: claims.failed(c, lb.id, epoch, reason="no answer")) for _ in range(3)]
    db.write(lambda c: claims.settle(c, lb.id, 1))
    assert fail == [1, 2, 3]
    row = db.read(lambda c: c.execute(tables.PROGRESS.select()).one())
    assert (row.attempts, row.reason, row.settled) == (0, None, 1)


doings = st.lists(st.tuples(st.sampled_from(["look", "claim", "beat", "write", "release"]), st.sampled_from("abc")))


@given(doings)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_can_write_is_the_last_that_claimed(db, steps):
    lb = load_balancer()
    db.write(lambda c: intents.create_root(c, lb))
    looked, held, last = {}, {}, None
    for what, worker in steps:
        if what == "look":
            looked[worker] = seen(db, lb)
        elif what == "claim" and worker in looked and (epoch := claim(db, looked[worker], worker)):
            held[worker], last = epoch, worker
        elif what == "beat":
            db.write(lambda c, w=worker: claims.beat(c, w, [lb.id]))
        elif what == "release" and worker == last:
            db.write(lambda c, w=worker: claims.drop(c, lb.id, held[w]))
        elif what == "write" and worker in held:
            assert can_write(db, lb, held[worker]) == (worker == last)


def can_write(db, lb, epoch):
    try:
        db.write(lambda c: claims.hold(c, lb.id, epoch))
    except claims.LostClaim:
        return False
    return True


def everything(db):
    """All rows of all tables."""
    return db.read(lambda c: {name: c.execute(table.select()).all() for name, table in tables.INTENT.tables.items()})
