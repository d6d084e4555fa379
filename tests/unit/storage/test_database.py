"""Transactions: whole or not at all, tried again after a deadlock, one snapshot for a reader."""

import concurrent.futures
import sqlite3

import pytest
from sqlalchemy import create_engine, event, insert, select, update
from sqlalchemy.exc import IntegrityError

from hydria.kit import ids
from hydria.storage import database, tables

Q = tables.QUOTA
PROJECT = "p"


def used(db) -> int | None:
    return db.read(lambda c: c.execute(select(Q.c.used_pool).where(Q.c.project_id == PROJECT)).scalar())


def start(c):
    c.execute(insert(Q).values(project_id=PROJECT))


def more(c):
    c.execute(update(Q).values(used_pool=Q.c.used_pool + 1))


def crashing(db, moment, path):
    """The same database, used by a process that dies at that moment."""

    def notice(now):
        if now == moment:
            raise KeyboardInterrupt(now)

    return database.Database(f"sqlite:///{path}/hydria.db", tables.INTENT, durable=False, notice=notice)


@pytest.mark.parametrize("moment, kept", [("commit", None), ("committed", 0)])
def test_a_crash_around_a_commit_leaves_all_or_nothing(db, tmp_path, moment, kept):
    dying = crashing(db, moment, tmp_path)
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


def test_a_deadlock_is_tried_again_from_the_beginning(db, tmp_path):
    impatient = create_engine(f"sqlite:///{tmp_path}/hydria.db", connect_args={"timeout": 0.01})
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


def test_a_deadlock_that_stays_is_said(db, tmp_path):
    impatient = database.Database(f"sqlite:///{tmp_path}/hydria.db", tables.INTENT)
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


def test_no_write_of_many_is_lost(db, tmp_path):
    db.write(start)
    other = database.Database(f"sqlite:///{tmp_path}/hydria.db", tables.INTENT, durable=False)
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


def test_an_identifier_is_kept_in_sixteen_bytes_and_read_as_text(db, lb, tmp_path):
    raw = sqlite3.connect(f"{tmp_path}/hydria.db")
    stored = raw.execute("SELECT id FROM load_balancer").fetchone()[0]
    raw.close()
    assert stored == ids.raw(lb.id)
