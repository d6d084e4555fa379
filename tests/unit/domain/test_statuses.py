"""The provisioning status follows from generations, verdict and deadline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.domain import statuses
from hydria.domain.pool import Pool
from hydria.domain.statuses import Provisioning
from tests.unit.control.growing import part

NONE = None


def pool(born=1, changed=1, touched=1, deleted=0):
    return part(Pool, "p", changed, born=born, touched=touched, deleted=deleted)


def status(one, settled, refused_at=None, *, overdue=False):
    return statuses.provisioning(one, settled, refused_at=refused_at, overdue=overdue)


@pytest.mark.parametrize(
    "one, settled, refused_at, overdue, expected",
    [
        (pool(), 0, NONE, False, Provisioning.PENDING_CREATE),
        (pool(), 1, NONE, False, Provisioning.ACTIVE),
        (pool(1, 3, 3), 2, NONE, False, Provisioning.PENDING_UPDATE),
        (pool(1, 1, 3), 2, NONE, False, Provisioning.PENDING_UPDATE),  # beneath it
        (pool(3, 4, 4), 2, NONE, False, Provisioning.PENDING_CREATE),  # changed before it was made
        (pool(1, 3, 3, 3), 2, NONE, False, Provisioning.PENDING_DELETE),
        (pool(3, 4, 4, 4), 2, NONE, False, Provisioning.PENDING_DELETE),  # deleted before it was made
        (pool(), 0, NONE, True, Provisioning.ERROR),
        (pool(), 1, NONE, True, Provisioning.ACTIVE),  # another object is late
        (pool(1, 3, 3), 3, 3, False, Provisioning.ERROR),
        (pool(1, 4, 4), 4, 3, False, Provisioning.ACTIVE),  # the verdict is about an earlier write
        (pool(1, 4, 4), 3, 3, False, Provisioning.PENDING_UPDATE),
    ],
)
def test_where_an_object_stands(one, settled, refused_at, overdue, expected):
    assert status(one, settled, refused_at, overdue=overdue) is expected


generations = st.integers(1, 6)


@given(generations, generations, generations, st.integers(0, 7), st.none() | generations, st.booleans())
def test_nothing_is_pending_once_it_is_settled_nor_after_its_deadline(born, changed, touched, settled, refused, late):
    one = pool(born, max(born, changed), max(born, changed, touched))
    found = status(one, settled, refused, overdue=late)
    assert found.startswith("PENDING") == (one.touched > settled and not late)


@pytest.mark.parametrize(
    "generation, settled, due_at, now, overdue",
    [(2, 1, 10, 11, True), (2, 1, 10, 10, False), (2, 2, 10, 11, False), (2, 1, 0, 11, False)],
)
def test_work_is_overdue_only_while_it_is_wanted(generation, settled, due_at, now, overdue):
    assert statuses.is_overdue(generation, settled, due_at, now) is overdue
