"""What operators ask is there until the generation it was asked in is settled."""

from hydria.domain.demands import What
from hydria.kit import ids
from hydria.storage import demands, worlds


def test_demands_are_part_of_the_world_and_go_when_they_are_settled(db, lb):
    first, second = ids.new(), ids.new()
    db.write(lambda c: demands.add(c, What.REPLACE, lb.id, 2, [first, second]))
    db.write(lambda c: demands.add(c, What.CONFIGURE, lb.id, 3, [second]))
    world = db.read(lambda c: worlds.read(c, lb.id))
    assert (world.asked(What.REPLACE), world.asked(What.CONFIGURE)) == ({first, second}, {second})
    db.write(lambda c: worlds.bury(c, lb.id, 2))
    assert [d.what for d in db.read(lambda c: demands.of(c, lb.id))] == [What.CONFIGURE]


def test_nothing_may_be_asked_of_nobody(db, lb):
    db.write(lambda c: demands.add(c, What.REPLACE, lb.id, 2, []))
    assert db.read(lambda c: demands.of(c, lb.id)) == ()
