"""Servers that all take writes: what two of them accept at the same time is found at the commit, and done again."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from hydria.storage import database, tables, worlds
from tests.servers import galera

J, Q = tables.JOURNAL, tables.QUOTA


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[galera.Node]]:
    with galera.cluster() as made:
        yield made


@pytest.fixture
def urls(nodes: list[galera.Node]) -> list[str]:
    """A new database, through each server."""
    name = f"cluster{time.monotonic_ns()}"
    nodes[0].create(name)
    urls = [node.url(name) for node in nodes]
    for metadata in (tables.INTENT, tables.OBSERVED):
        made = database.Database(urls[0], metadata)
        made.create_all()
        made.close()
    return urls


@pytest.fixture
def url(urls: list[str]) -> str:
    return urls[0]


@pytest.fixture
def times(soak: bool) -> int:
    """How often each of the actors does what it does."""
    return 400 if soak else 10


def test_no_update_is_lost_between_servers(lb, play, times):
    counted = play(lb.id, *[("append", times)] * 4)
    assert sorted(n for one in counted for n in one) == list(range(1, 4 * times + 1))


def test_every_epoch_has_one_winner_on_all_servers(lb, play, times):
    won = [epoch for one in play(lb.id, *[("claim", times)] * 4) for epoch in one]
    assert sorted(won) == list(range(1, len(won) + 1))
    assert len(won) >= times


def test_a_quota_is_met_exactly_on_all_servers(db, play):
    assert sum(play("17", *[("take", 8)] * 4)) == 17
    assert db.read(lambda c: c.execute(select(Q.c.used_load_balancer)).scalar()) == 17


def test_trees_stay_closed_and_the_journal_in_order_on_all_servers(db, lb, play, times):
    accepted = [g for one in play(lb.id, *[("write", times)] * 4) for g in one]
    assert sorted(accepted) == list(range(2, len(accepted) + 2))
    tree = db.read(lambda c: worlds.desired(c, lb.id))
    assert {m.pool_id for m in tree.members.values()} <= tree.pools.keys()
    noted = db.read(lambda c: c.execute(select(J.c.generation).order_by(J.c.id)).scalars().all())
    assert noted == sorted(accepted)
