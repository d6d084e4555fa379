"""What a project has never passes what it may have, and a refused request takes nothing."""

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria.domain.refusals import Forbidden
from hydria.kit import ids
from hydria.storage import quotas, tables
from hydria.storage.lists import Asked


def take(db, project, n, most=-1, kind="pool"):
    db.write(lambda c: quotas.take(c, project, {kind: n}, {kind: most}))


def every(c):
    return quotas.page(c, {}, {}, Asked())


def used(db, project, kind="pool"):
    table = tables.QUOTA
    row = db.read(lambda c: c.execute(table.select().where(table.c.project_id == project)).first())
    return getattr(row, f"used_{kind}") if row else 0


@pytest.mark.parametrize("most, asked, fits", [(5, 5, True), (5, 6, False), (0, 1, False), (-1, 10_000, True)])
def test_a_limit_may_be_reached_and_not_passed(db, most, asked, fits):
    if fits:
        take(db, "p", asked, most)
    else:
        with pytest.raises(Forbidden, match="Quota has been met for resources: pool"):
            take(db, "p", asked, most)
    assert used(db, "p") == (asked if fits else 0)


@pytest.mark.parametrize(
    "own, default, fits", [(1, 9, False), (9, 1, True), (None, 1, False), (-1, 1, True), (0, 9, False)]
)
def test_a_project_s_own_limit_goes_before_the_default(db, own, default, fits):
    db.write(lambda c: quotas.limit(c, "p", {"pool": own}))
    if fits:
        take(db, "p", 2, default)
    else:
        with pytest.raises(Forbidden):
            take(db, "p", 2, default)


def test_a_request_that_passes_one_limit_takes_nothing_of_another(db):
    with pytest.raises(Forbidden):
        db.write(lambda c: quotas.take(c, "p", {"pool": 1, "member": 9}, {"pool": 5, "member": 8}))
    assert (used(db, "p", "pool"), used(db, "p", "member")) == (0, 0)


def test_projects_do_not_count_for_each_other(db):
    take(db, "p", 5, 5)
    take(db, "q", 5, 5)
    assert (used(db, "p"), used(db, "q")) == (5, 5)


def test_limits_are_told_and_given_back(db):
    assert set(db.read(lambda c: quotas.limits(c, "p")).values()) == {None}
    db.write(lambda c: quotas.limit(c, "p", {"pool": 7, "member": -1}))
    assert db.read(lambda c: quotas.limits(c, "p"))["pool"] == 7
    db.write(lambda c: quotas.limit(c, "p", {"pool": None, "member": None}))
    assert set(db.read(lambda c: quotas.limits(c, "p")).values()) == {None}


def test_nothing_freed_is_nothing_done(db):
    db.write(lambda c: quotas.free(c, "p", {}))
    db.write(lambda c: quotas.limit(c, "p", {}))
    assert used(db, "p") == 0


doings = st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=20)


@given(doings, st.integers(-1, 10))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_count_is_what_was_taken_and_not_given_back(db, steps, most):
    project, have = ids.new(), 0
    for is_taking, n in steps:
        if not is_taking:
            freed = min(n, have)
            db.write(partial(quotas.free, project_id=project, counts={"pool": freed}))
            have -= freed
        elif most < 0 or have + n <= most:
            take(db, project, n, most)
            have += n
        else:
            with pytest.raises(Forbidden):
                take(db, project, n, most)
    assert used(db, project) == have
