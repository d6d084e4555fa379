"""Deadlocks, locks that are not given up, and servers that go away and come back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import event, insert, select, text, update

from hydria.storage import database, engines, tables
from hydria.worker.service import Service
from tests.scenario.lab import Cellar, Lab
from tests.servers import databases

Q = tables.QUOTA


def one_more(project):
    return update(Q).where(Q.c.project_id == project).values(used_pool=Q.c.used_pool + 1)


def used(db):
    return db.read(lambda c: list(c.execute(select(Q.c.used_pool).order_by(Q.c.project_id)).scalars()))


@pytest.fixture
def two(db):
    db.write(lambda c: c.execute(insert(Q), [{"project_id": "a"}, {"project_id": "b"}]))


def test_who_meets_a_deadlock_begins_anew(db, two):
    meeting, tries, errors = threading.Barrier(2), [], []
    event.listen(db.engine, "handle_error", lambda context: errors.append(engines.code(context.original_exception)))

    def work(c, first, second):
        tries.append(first)
        c.execute(one_more(first))
        with suppress(threading.BrokenBarrierError):
            meeting.wait(1)  # SQLite has one writer: there the other cannot come
        c.execute(one_more(second))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(db.write, lambda c, n=names: work(c, *n)) for names in ("ab", "ba")]:
            done.result()
    assert used(db) == [2, 2]
    assert len(tries) == 2 + len(errors)
    assert set(errors) <= {"40P01", 1213}
    assert db.sqlite or errors


class Asleep:
    """Somebody who holds a row and does not go on."""

    def __init__(self, url):
        self.db = database.Database(url, tables.INTENT, durable=False)
        self.holds, self.wake = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: self.db.write(self._work))
        self.thread.start()
        assert self.holds.wait(10)

    def _work(self, c):
        c.execute(one_more("a"))
        self.holds.set()
        self.wake.wait(20)

    def end(self):
        self.wake.set()
        self.thread.join()
        self.db.close()


def test_a_slow_writer_is_waited_for(db, url, two):
    slow = Asleep(url)
    threading.Timer(0.5, slow.wake.set).start()
    db.write(lambda c: c.execute(one_more("a")))
    slow.end()
    assert used(db) == [2, 0]


def impatient(url):
    """Where a wait for a row takes a moment."""
    if url.startswith("postgresql"):
        return url + "?options=-c%20lock_timeout%3D50ms"
    return url + "&init_command=SET%20SESSION%20innodb_lock_wait_timeout%3D0"


@pytest.fixture(scope="module")
def own(kind_of_server):
    """A server for these tests, as careful as one in production."""
    with databases.server(kind_of_server, careless=False) as server:
        yield server


@pytest.fixture
def home(own):
    name = f"home{time.monotonic_ns()}"
    url = own.url(name)
    made = database.Database(url, tables.INTENT)
    made.create_all()
    made.close()
    return url


def restarted(server):
    server.process.stop()
    server.process.start()


def test_a_row_that_is_never_given_up_is_said(home):
    db = database.Database(home, tables.INTENT)
    db.write(lambda c: c.execute(insert(Q).values(project_id="a")))
    slow, waiting = Asleep(home), database.Database(impatient(home), tables.INTENT)
    with pytest.raises(database.Unavailable):
        waiting.write(lambda c: c.execute(one_more("a")))
    slow.end()
    waiting.close()
    assert used(db) == [1]
    db.close()


def test_what_was_committed_outlives_the_server(own, home):
    db = database.Database(home, tables.INTENT)
    db.write(lambda c: c.execute(insert(Q).values(project_id="a")))
    own.process.stop()
    for use in (db.write, db.read):
        began = time.monotonic()
        with pytest.raises(database.Unavailable):
            use(lambda c: c.execute(select(Q)).all())
        assert time.monotonic() - began < 5
    own.process.start()
    db.write(lambda c: c.execute(one_more("a")))
    assert used(db) == [1]
    db.close()


def test_a_connection_that_was_lost_in_the_meantime_is_nobodys_trouble(own, home):
    db = database.Database(home, tables.INTENT)
    db.write(lambda c: c.execute(insert(Q).values(project_id="a")))
    restarted(own)
    db.write(lambda c: c.execute(one_more("a")))
    restarted(own)
    assert used(db) == [1]
    db.close()


def test_a_write_that_was_interrupted_is_done_once(own, home):
    db = database.Database(home, tables.INTENT)
    db.write(lambda c: c.execute(insert(Q).values(project_id="a")))
    tries = []

    def work(c):
        c.execute(one_more("a"))
        tries.append(1)
        if len(tries) == 1:
            restarted(own)
        c.execute(text("SELECT 1"))

    db.write(work)
    assert (len(tries), used(db)) == (2, [1])
    db.close()


def test_a_commit_that_was_not_answered_is_not_done_again(own, home):
    def notice(moment):
        if moment == "commit" and tries:
            restarted(own)

    db = database.Database(home, tables.INTENT, notice=notice)
    tries = []
    db.write(lambda c: c.execute(insert(Q).values(project_id="a")))

    def work(c):
        tries.append(1)
        c.execute(one_more("a"))

    with pytest.raises(database.Unsure):
        db.write(work)
    assert len(tries) == 1
    assert used(db) == [0]
    db.close()


class Deaf:
    """An inbox that nothing comes to."""

    def wait(self, seconds):
        time.sleep(min(seconds, 0.05))

    def close(self):
        """Nothing is open."""


def test_a_worker_survives_a_database_that_goes_away(own, home):
    lab = Lab(Cellar(home))
    service = Service(lab.tools(), Deaf(), "survivor")
    running = threading.Thread(target=service.run)
    running.start()
    first = settles(lab, lab.create())
    own.process.stop()
    time.sleep(2)
    own.process.start()
    second = settles(lab, lab.create())
    service.stop()
    running.join(20)
    assert (first, second, running.is_alive()) == (True, True, False)
    lab.database.close()


def settles(lab, lb_id, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = lab.progress(lb_id)
        if row.settled >= row.wanted:
            return True
        time.sleep(0.05)
    return False
