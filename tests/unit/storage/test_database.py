"""Transactions: whole or not at all, tried again after a deadlock, one snapshot for a reader."""

import concurrent.futures
import sqlite3

import pytest
from sqlalchemy import LargeBinary, create_engine, event, insert, select, type_coerce, update
from sqlalchemy.exc import DataError, IntegrityError

from hydria.kit import ids
from hydria.storage import database, quotas, tables

Q = tables.QUOTA
PROJECT = "p"


def used(db) -> int | None:
    return db.read(lambda c: c.execute(select(Q.c.used_pool).where(Q.c.project_id == PROJECT)).scalar())


def start(c):
    c.execute(insert(Q).values(project_id=PROJECT))


def more(c):
    c.execute(update(Q).values(used_pool=Q.c.used_pool + 1))


def crashing(url, moment):
    """The same database, used by a process that dies at that moment."""

    def notice(now):
        if now == moment:
            raise KeyboardInterrupt(now)

    return database.Database(url, tables.INTENT, durable=False, notice=notice)


@pytest.mark.parametrize("moment, kept", [("commit", None), ("committed", 0)])
def test_a_crash_around_a_commit_leaves_all_or_nothing(db, url, moment, kept):
    dying = crashing(url, moment)
    with pytest.raises(KeyboardInterrupt):
        dying.write(start)
    dying.close()
    assert used(db) == kept
    db.write(lambda c: c.execute(insert(Q).values(project_id="another")))


def test_what_raises_writes_nothing(db):
    def work(c):
        start(c)
        raise ValueError

    with pytest.raises(ValueError):
        db.write(work)
    assert used(db) is None


def test_a_deadlock_is_tried_again_from_the_beginning(one_file):
    db = database.Database(one_file, tables.INTENT, durable=False)
    impatient = create_engine(one_file, connect_args={"timeout": 0.01})
    tries = []

    def work(c):
        start(c)
        tries.append(1)
        if len(tries) < 3:  # what we hold, another connection wants, and we wait for it
            with impatient.connect() as other:
                other.exec_driver_sql("BEGIN IMMEDIATE")

    db.write(work)
    impatient.dispose()
    assert (len(tries), used(db)) == (3, 0)
    db.close()


def test_a_deadlock_that_stays_is_said(one_file, tmp_path):
    impatient = database.Database(one_file, tables.INTENT)
    event.listen(impatient.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 1"))
    holder = sqlite3.connect(f"{tmp_path}/hydria.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(database.Unavailable, match="locked"):
        impatient.write(start)
    holder.close()
    impatient.close()


def test_a_broken_rule_is_not_tried_again(db):
    db.write(start)
    with pytest.raises(IntegrityError):
        db.write(start)


def test_no_write_of_many_is_lost(db, url):
    db.write(start)
    other = database.Database(url, tables.INTENT, durable=False)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(which.write, more) for which in [db, other] * 50]:
            done.result()
    other.close()
    assert used(db) == 100


def test_a_reader_sees_one_moment(db):
    db.write(start)

    def work(c):
        before = c.execute(select(Q.c.used_pool)).scalar()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(db.write, more).result()
        return before, c.execute(select(Q.c.used_pool)).scalar()

    assert db.read(work) == (0, 0)
    assert used(db) == 1


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path):
    nowhere = database.Database(f"sqlite:///{tmp_path}/no/such/folder/hydria.db", tables.INTENT)
    with pytest.raises(database.Unavailable, match="unable to open"):
        nowhere.read(lambda c: c.execute(select(Q)))
    with pytest.raises(database.Unavailable, match="unable to open"):
        nowhere.write(start)
    nowhere.close()


def test_an_identifier_is_kept_in_sixteen_bytes_and_read_as_text(db, lb):
    root = tables.TREE["load_balancer"].c
    stored, read = db.read(lambda c: c.execute(select(type_coerce(root.id, LargeBinary), root.id)).one())
    assert (bytes(stored), read) == (ids.raw(lb.id), lb.id)


def test_text_is_compared_as_it_is_written(db):
    db.write(lambda c: c.execute(insert(Q), [{"project_id": name} for name in ("p", "P", "p ", "\u00fc", "u")]))
    found = db.read(lambda c: c.execute(select(Q.c.project_id).where(Q.c.project_id == "p")).scalars().all())
    assert found == ["p"]


def test_text_that_does_not_fit_is_refused_or_kept_whole(db):
    long = "x" * 37
    try:
        db.write(lambda c: c.execute(insert(Q).values(project_id=long)))
    except DataError:
        return
    assert db.read(lambda c: c.execute(select(Q.c.project_id)).scalars().all()) == [long]


def test_of_many_first_takers_of_a_quota_none_is_lost(db, url):
    other = database.Database(url, tables.INTENT, durable=False)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        taking = [
            pool.submit(which.write, lambda c: quotas.take(c, PROJECT, {"pool": 1}, {})) for which in [db, other] * 8
        ]
        for done in taking:
            done.result()
    other.close()
    assert used(db) == 16
