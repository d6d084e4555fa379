"""A write takes its load balancer first, and what it changes carries the generation of the write."""

import concurrent.futures
from typing import Any

import pytest

from hydria.domain import kinds
from hydria.domain.refusals import Conflict, NotFound
from hydria.kit import ids
from hydria.storage import claims, intents, rows, tables, worlds
from tests.servers.databases import heard
from tests.unit.storage.making import NOW, part


def desired(db, lb, *, deleted=False):
    return db.read(lambda c: worlds.desired(c, lb.id, deleted=deleted))


def settle(db, lb, generation):
    db.write(lambda c: claims.settle(c, lb.id, generation))


def add(db, lb, kind, **values):
    """Add an object as the API does."""

    def work(c):
        locked = intents.lock(c, lb.id, 0)
        made = part(kind, lb, locked.generation, **values)
        intents.add(c, made)
        return made

    return db.write(work)


def test_the_first_statement_of_a_write_raises_the_generation(db, lb):
    with heard(db) as said:
        db.write(lambda c: intents.lock(c, lb.id, 0))
    assert said[0].startswith("UPDATE load_balancer SET generation=(load_balancer.generation + ")


def test_a_creation_wants_work(db, lb):
    due = db.read(lambda c: claims.due(c, 0))
    assert [d.load_balancer_id for d in due] == [lb.id]
    assert desired(db, lb).loadbalancer == lb


def test_every_write_has_a_generation_of_its_own(db, lb):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        locked = list(pool.map(lambda _: db.write(lambda c: intents.lock(c, lb.id, 0)), range(20)))
    assert sorted(one.generation for one in locked) == list(range(2, 22))


def test_a_write_wants_work_at_once(db, lb):
    (due,) = db.read(lambda c: claims.due(c, 0))
    epoch = db.write(lambda c: claims.claim(c, due, "w"))
    db.write(lambda c: claims.drop(c, lb.id, epoch, not_before=10**18))
    db.write(lambda c: intents.lock(c, lb.id, 0))
    assert len(db.read(lambda c: claims.due(c, NOW))) == 1


def test_the_deadline_is_that_of_the_oldest_write_that_waits(db, lb):
    settle(db, lb, 1)
    assert db.write(lambda c: intents.lock(c, lb.id, 100)).load_balancer.due_at == 100
    assert db.write(lambda c: intents.lock(c, lb.id, 200)).load_balancer.due_at == 100
    settle(db, lb, 3)
    assert db.write(lambda c: intents.lock(c, lb.id, 300)).load_balancer.due_at == 300


def test_what_is_not_there_cannot_be_taken(db):
    with pytest.raises(NotFound):
        db.write(lambda c: intents.lock(c, ids.new(), 0))


def test_what_is_being_deleted_cannot_be_taken(db, lb):
    db.write(lambda c: intents.remove_tree(c, lb.id, intents.lock(c, lb.id, 0).generation))
    with pytest.raises(Conflict, match="immutable"):
        db.write(lambda c: intents.lock(c, lb.id, 0))


def test_a_refused_write_leaves_no_trace(db, lb):
    def work(c):
        intents.lock(c, lb.id, 0)
        raise Conflict

    with pytest.raises(Conflict):
        db.write(work)
    assert desired(db, lb).generation == 1


def test_a_change_is_stamped_and_touches_the_load_balancer_alone(db, lb):
    first, other = add(db, lb, kinds.POOL), add(db, lb, kinds.POOL)
    changed = db.write(lambda c: intents.change(c, first, intents.lock(c, lb.id, 0).generation, NOW, {"name": "x"}))
    tree = desired(db, lb)
    assert tree.pools[first.id] == changed
    assert (changed.name, changed.changed, changed.touched, changed.born) == ("x", 4, 4, 2)
    assert tree.pools[other.id] == other
    assert (tree.loadbalancer.touched, tree.loadbalancer.changed) == (4, 1)


def test_objects_are_changed_in_one_go_each_by_what_is_wanted_of_it(db, lb):
    first, second, other = (add(db, lb, kinds.POOL) for _ in range(3))
    listener = add(db, lb, kinds.LISTENER)
    third: dict[str, Any] = {"name": "z", "connection_limit": 7}
    wanted = [(first, {"name": "x"}), (second, {"name": "y"}), (listener, third)]
    changed = db.write(lambda c: intents.change_all(c, wanted, intents.lock(c, lb.id, 0).generation, NOW))
    tree = desired(db, lb)
    assert changed == [tree.pools[first.id], tree.pools[second.id], tree.listeners[listener.id]]
    assert [(p.name, p.changed) for p in changed] == [("x", 6), ("y", 6), ("z", 6)]
    assert tree.listeners[listener.id].connection_limit == 7
    assert tree.pools[other.id] == other


def test_what_is_above_a_change_is_touched_and_not_changed(db, lb):
    pool = add(db, lb, kinds.POOL)
    db.write(lambda c: intents.touch(c, intents.lock(c, lb.id, 0).generation, kinds.POOL, [pool.id]))
    touched = desired(db, lb).pools[pool.id]
    assert (touched.touched, touched.changed) == (3, 2)


def test_what_is_deleted_is_hidden_and_kept_until_that_is_settled(db, lb):
    pool = add(db, lb, kinds.POOL)
    here = tables.TREE["pool"].c.id == pool.id
    marked = db.write(lambda c: intents.remove(c, intents.lock(c, lb.id, 0).generation, kinds.POOL, here))
    assert (marked, desired(db, lb).pools) == (1, {})
    assert desired(db, lb, deleted=True).pools[pool.id].deleted == 3
    db.write(lambda c: worlds.bury(c, lb.id, 2))
    assert desired(db, lb, deleted=True).pools
    db.write(lambda c: worlds.bury(c, lb.id, 3))
    assert not desired(db, lb, deleted=True).pools


def test_a_tree_goes_with_its_load_balancer(db, lb):
    add(db, lb, kinds.MEMBER, pool_id=add(db, lb, kinds.POOL).id)
    add(db, lb, kinds.LISTENER)
    db.write(lambda c: intents.remove_tree(c, lb.id, intents.lock(c, lb.id, 0).generation))
    db.write(lambda c: worlds.bury(c, lb.id, 5))
    assert (
        db.read(lambda c: [name for name, table in tables.INTENT.tables.items() if c.execute(table.select()).first()])
        == []
    )


def test_a_refused_creation_is_forgotten(db, lb):
    db.write(lambda c: intents.forget_root(c, lb.id))
    assert db.read(lambda c: rows.one(c, kinds.LOADBALANCER, lb.id)) is None
    assert db.read(lambda c: claims.due(c, 0)) == []
