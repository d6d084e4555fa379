"""When certificates are renewed."""

import msgspec
import pytest

from hydria.control import rotation
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.kit import ids

DAY = 86400.0
END = 100 * DAY
AMPHORA = Amphora(id=ids.NIL, status=AmphoraStatus.ALLOCATED, created_at=0, cert_expiration=int(END * 1e6))


@pytest.mark.parametrize(("before_the_end_days", "due"), [(11, False), (9, True), (0, True), (-5, True)])
def test_a_certificate_is_renewed_at_two_thirds_of_its_life(before_the_end_days, due):
    assert rotation.is_due(AMPHORA, END - before_the_end_days * DAY) is due


def test_amphorae_made_together_are_not_renewed_together():
    crowd = [msgspec.structs.replace(AMPHORA, id=f"{n:02x}" * 16) for n in range(0, 256, 16)]
    crowd = [msgspec.structs.replace(a, id=f"{a.id[:8]}-{a.id[8:12]}-{a.id[12:16]}-{a.id[16:20]}-{a.id[20:]}") for a in crowd]
    due = [rotation.is_due(a, END - 10.5 * DAY + 1.25 * DAY) for a in crowd]
    assert {True, False} == set(due) or sum(due) in range(1, len(due))


def test_what_is_not_in_use_is_left_alone():
    dying = msgspec.structs.replace(AMPHORA, status=AmphoraStatus.PENDING_DELETE)
    assert not rotation.is_due(dying, END)
