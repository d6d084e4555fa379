"""Several processes use one database at the same moment: nothing is torn, lost, won twice or out of order."""

from sqlalchemy import func, select

from hydria.storage import tables, worlds

J, Q = tables.JOURNAL, tables.QUOTA


def test_a_reader_sees_one_generation_whole(lb, play):
    _, _, *looks = play(lb.id, ("stamp", 40), ("stamp", 40), ("look", 60), ("look", 60))
    seen = [(generation, marks) for look in looks for generation, marks in look]
    assert len({generation for generation, _ in seen}) > 10
    assert [one for one in seen if one[0] > 1 and one[1] != [[one[0] % 256, one[0]]]] == []


def test_no_update_is_lost(lb, play):
    counted = play(lb.id, *[("append", 30)] * 4)
    assert sorted(n for one in counted for n in one) == list(range(1, 121))


def test_every_epoch_has_one_winner(lb, play):
    won = [epoch for one in play(lb.id, *[("claim", 50)] * 4) for epoch in one]
    assert sorted(won) == list(range(1, len(won) + 1))
    assert len(won) >= 50


def test_a_quota_is_met_exactly(db, play):
    made = play("37", *[("take", 15)] * 4)
    used, stored = db.read(
        lambda c: (
            c.execute(select(Q.c.used_load_balancer)).scalar(),
            c.execute(select(func.count()).select_from(tables.PROGRESS)).scalar(),
        )
    )
    assert (sum(made), used, stored) == (37, 37, 37)


def test_whoever_writes_the_tree_stays_closed_and_the_journal_in_order(db, lb, play, soak):
    times = 400 if soak else 40
    accepted = [g for one in play(lb.id, *[("write", times)] * 4) for g in one]
    assert sorted(accepted) == list(range(2, len(accepted) + 2))
    world = db.read(lambda c: worlds.read(c, lb.id))
    tree = world.desired
    assert world.generation == len(accepted) + 1
    assert {m.pool_id for m in tree.members.values()} <= tree.pools.keys()
    noted = db.read(lambda c: c.execute(select(J.c.generation).order_by(J.c.id)).scalars().all())
    assert noted == sorted(accepted)


def test_a_worker_settles_what_users_go_on_writing(db, lb, play):
    *written, settled = play(lb.id, *[("write", 40)] * 3, ("settle", 60))
    assert settled == sorted(settled)
    accepted = sorted(g for one in written for g in one)
    assert accepted == list(range(2, 122))
    world = db.read(lambda c: worlds.read(c, lb.id))
    assert (world.generation, world.settled) == (121, settled[-1])
    left = db.read(lambda c: worlds.desired(c, lb.id, deleted=True))
    assert [p for p in left.parts() if 0 < p.deleted <= settled[-1]] == []
