"""A world is everything known of one load balancer and nothing of another, read in a fixed number of statements."""

import pytest

from hydria.control.world import External, Placement, Purpose
from hydria.domain import kinds
from hydria.domain.amphora import Amphora, AmphoraStatus, Role
from hydria.domain.suspicions import What
from hydria.domain.tree import Tree
from hydria.domain.verdict import Verdict
from hydria.kit import ids
from hydria.storage import amphorae, claims, intents, ledger, outcomes, quotas, suspicions, tables, worlds
from hydria.storage.suspicions import Raised
from tests.servers.databases import heard
from tests.unit.storage.making import NOW, PROJECT, load_balancer, part


def read(db, lb):
    return db.read(lambda c: worlds.read(c, lb.id))


def fill(c, lb, parts=1):
    """Something of everything; the amphora."""
    locked = intents.lock(c, lb.id, 0)
    pools = [part(kinds.POOL, lb, locked.generation) for _ in range(parts)]
    intents.add(c, *pools)
    amphora = Amphora(id=ids.new(), loadbalancer_id=lb.id, role=Role.STANDALONE, created_at=NOW)
    amphorae.add(c, amphora)
    own = {"load_balancer_id": lb.id, "amphora_id": amphora.id, "created_at": NOW}
    ledger.plan(c, *(External(name=ids.new(), kind="port", purpose=Purpose.VRRP, **own) for _ in range(parts)))
    verdict = Verdict(
        object_id=pools[0].id, kind="pool", load_balancer_id=lb.id, changed=locked.generation, reason="no"
    )
    outcomes.judge(c, lb.id, [verdict], NOW, None)
    outcomes.accept(c, lb.id, Tree(loadbalancer=locked.load_balancer), 1, 7)
    suspicions.write(c, [Raised(amphora.id, lb.id, What.SILENT, "5 s")], NOW)
    return amphora


def test_what_was_written_is_read(db, lb):
    amphora = db.write(lambda c: fill(c, lb))
    world = read(db, lb)
    assert (world.generation, world.settled, world.deleted) == (2, 0, False)
    assert world.amphorae == (amphora,)
    assert world.placements == {amphora.id: Placement(amphora_id=amphora.id, load_balancer_id=lb.id)}
    assert [x.purpose for x in world.things(amphora.id)] == [Purpose.VRRP]
    assert (world.accepted.generation, world.accepted_generation, world.accepted_revision) == (2, 1, 7)
    assert [v.reason for v in world.verdicts.values()] == ["no"]
    assert [s.what for s in world.suspicions] == [What.SILENT]


def test_a_new_one_has_nothing_accepted(db, lb):
    world = read(db, lb)
    assert (world.accepted, world.accepted_generation, world.desired.loadbalancer) == (Tree(), 0, lb)


def test_another_s_things_are_not_in_it(db, lb):
    other = load_balancer()
    db.write(lambda c: intents.create_root(c, other))
    before = read(db, lb)
    db.write(lambda c: fill(c, other))
    assert read(db, lb) == before


def test_what_is_not_there_has_no_world(db):
    assert db.read(lambda c: worlds.read(c, ids.new())) is None


def statements(db, lb):
    """How many it takes to read a world."""
    with heard(db) as said:
        read(db, lb)
    return len(said)


def test_it_takes_the_same_number_of_statements_whatever_its_size(db, lb):
    db.write(lambda c: fill(c, lb))
    before = statements(db, lb)
    db.write(lambda c: fill(c, lb, 40))
    assert before == statements(db, lb) < 20


def test_what_is_being_deleted_is_not_wanted_any_more(db, lb):
    db.write(lambda c: intents.remove_tree(c, lb.id, intents.lock(c, lb.id, 0).generation))
    world = read(db, lb)
    assert (world.deleted, world.desired) == (True, Tree())


def delete_pool(c, lb):
    g = intents.lock(c, lb.id, 0).generation
    intents.remove(c, g, kinds.POOL, tables.TREE["pool"].c.load_balancer_id == lb.id)
    return g


@pytest.mark.parametrize("early, left", [(0, 0), (1, 1)])
def test_only_what_was_settled_is_buried_and_gives_its_quota_back(db, lb, early, left):
    db.write(lambda c: quotas.take(c, PROJECT, {"pool": 1, "load_balancer": 1}, {}))
    db.write(lambda c: fill(c, lb))
    generation = db.write(lambda c: delete_pool(c, lb))
    db.write(lambda c: worlds.bury(c, lb.id, generation - early))
    assert len(db.read(lambda c: worlds.desired(c, lb.id, deleted=True)).pools) == left
    used = db.read(lambda c: c.execute(tables.QUOTA.select()).one())
    assert (used.used_pool, used.used_load_balancer) == (left, 1)


def test_a_load_balancer_that_is_buried_leaves_its_journal_alone(db, lb):
    db.write(lambda c: quotas.take(c, PROJECT, {"pool": 1, "load_balancer": 1}, {}))
    amphora = db.write(lambda c: fill(c, lb))
    generation = db.write(lambda c: intents.lock(c, lb.id, 0).generation)
    db.write(lambda c: intents.remove_tree(c, lb.id, generation))
    db.write(lambda c: amphorae.forget(c, amphora.id))
    db.write(lambda c: worlds.bury(c, lb.id, generation))
    left = db.read(lambda c: {t.name for t in tables.INTENT.sorted_tables if c.execute(t.select()).first()})
    assert left == {"quota"}
    used = db.read(lambda c: c.execute(tables.QUOTA.select()).one())
    assert (used.used_pool, used.used_load_balancer) == (0, 0)


def test_a_settled_tree_forgets_why_it_failed(db, lb):
    db.write(lambda c: claims.failed(c, lb.id, 0, reason="no"))
    db.write(lambda c: claims.settle(c, lb.id, 1))
    assert read(db, lb).settled == 1


# --- amphorae


def test_an_amphora_is_read_with_the_words_of_the_domain(db, lb):
    amphora = db.write(lambda c: fill(c, lb))
    found = db.read(lambda c: amphorae.one(c, amphora.id))
    assert isinstance(found.status, AmphoraStatus)
    assert isinstance(found.role, Role)
    assert found == amphora


def test_what_is_learned_is_kept_and_dated(db, lb):
    amphora = db.write(lambda c: fill(c, lb))
    db.write(lambda c: amphorae.note(c, amphora.id, NOW + 1, status=AmphoraStatus.BOOTING, vrrp_ip="10.0.0.3"))
    found = db.read(lambda c: amphorae.one(c, amphora.id))
    assert (found.status, found.vrrp_ip, found.updated_at) == (AmphoraStatus.BOOTING, "10.0.0.3", NOW + 1)


def test_a_status_that_may_not_follow_is_not_written(db, lb):
    amphora = db.write(lambda c: fill(c, lb))
    with pytest.raises(ValueError, match="cannot become ALLOCATED"):
        db.write(lambda c: amphorae.note(c, amphora.id, NOW + 1, status=AmphoraStatus.ALLOCATED, boot_id="x"))
    assert db.read(lambda c: amphorae.one(c, amphora.id)) == amphora


def test_what_was_applied_is_kept_for_that_placement_alone(db, lb):
    one, other = (db.write(lambda c: fill(c, lb)) for _ in range(2))
    placed = Placement(amphora_id=one.id, load_balancer_id=lb.id, epoch=3, generation=2, digest="d", start="s")
    db.write(lambda c: amphorae.placed(c, placed))
    bare = Placement(amphora_id=other.id, load_balancer_id=lb.id)
    assert read(db, lb).placements == {one.id: placed, other.id: bare}


def test_a_forgotten_amphora_takes_its_placement_along(db, lb):
    amphora = db.write(lambda c: fill(c, lb))
    db.write(lambda c: amphorae.forget(c, amphora.id))
    assert (read(db, lb).amphorae, read(db, lb).placements) == ((), {})
    assert db.read(amphorae.every) == []


# --- outcomes


def test_the_accepted_tree_is_replaced(db, lb):
    for generation in (1, 2):
        db.write(lambda c, g=generation: outcomes.accept(c, lb.id, Tree(loadbalancer=lb), g, 1))
    assert db.read(lambda c: worlds.accepted(c, lb.id)) == (Tree(loadbalancer=lb), 2, 1)


def test_verdicts_are_replaced_whole(db, lb):
    db.write(lambda c: fill(c, lb))
    own = {"kind": "listener", "load_balancer_id": lb.id, "changed": 1}
    new = [Verdict(object_id=ids.new(), held=held, because=None, **own) for held in (True, False)]
    db.write(lambda c: outcomes.judge(c, lb.id, new, NOW, "req-1"))
    assert read(db, lb).verdicts == {v.object_id: v for v in new}
    db.write(lambda c: outcomes.judge(c, lb.id, [], NOW, None))
    assert read(db, lb).verdicts == {}


def test_only_what_was_looked_into_is_taken_away(db, lb):
    db.write(lambda c: (fill(c, lb), fill(c, lb)))
    first, second = read(db, lb).suspicions
    db.write(lambda c: outcomes.looked(c, [first.id]))
    assert read(db, lb).suspicions == (second,)
