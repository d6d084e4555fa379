"""The journal forgets runs after a week and writes after three months."""

import pytest

from hydria.housekeeping.journal import DAY_US, Journal
from hydria.kit import ids
from hydria.storage import journal
from hydria.storage.journal import Entry


def entry(lab, kind, age_days, lb=ids.NIL):
    at = lab.now() - int(age_days * DAY_US)
    more = {"action": "x", "kind": "load_balancer", "object_id": lb, "who": "w"}
    return Entry(at=at, load_balancer_id=lb, project_id="p", generation=1, entry=kind, **more)


def left(lab):
    return sorted(
        (e.entry, (lab.now() - e.at) // DAY_US) for e in lab.database.read(lambda c: journal.of(c, ids.NIL, 9999))
    )


@pytest.mark.parametrize(
    "kind, age_days, stays", [("run", 6, True), ("run", 8, False), ("write", 89, True), ("write", 91, False)]
)
def test_lines_stay_as_long_as_they_are_promised(lab, kind, age_days, stays):
    lab.database.write(lambda c: journal.add(c, entry(lab, kind, age_days)))
    assert Journal(lab.database, lab.clock).look() == (0 if stays else 1)
    assert bool(left(lab)) is stays


def test_many_are_removed_in_bites_of_a_thousand(lab):
    old = [entry(lab, "run", 30) for _ in range(2500)]
    lab.database.write(lambda c: journal.add(c, *old, entry(lab, "run", 1), entry(lab, "write", 30)))
    lab.kill_at = 1_000_000
    assert Journal(lab.database, lab.clock).look() == 2500
    assert lab.passed.count("committed") == 3 + len(["nothing more of runs", "nothing of writes"])
    assert left(lab) == [("run", 1), ("write", 30)]


def test_a_bite_takes_the_oldest(lab):
    lab.database.write(lambda c: journal.add(c, *(entry(lab, "run", 30 - n) for n in range(5))))
    before = lab.now()
    assert lab.database.write(lambda c: journal.trim(c, "run", before, 2)) == 2
    assert left(lab) == [("run", 26), ("run", 27), ("run", 28)]
