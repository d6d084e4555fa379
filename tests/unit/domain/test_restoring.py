"""What runs is written back into what is refused."""

import pytest

from hydria.domain import restoring
from hydria.domain.member import Member
from hydria.domain.refusals import Conflict
from hydria.domain.types import Address
from hydria.domain.verdict import Verdict
from hydria.kit import ids


def member(changed: int, weight: int, subnet: str | None = None) -> Member:
    return Member(
        id=ids.NIL,
        project_id="p",
        load_balancer_id=ids.NIL,
        pool_id=ids.NIL,
        born=1,
        changed=changed,
        touched=changed,
        created_at=0,
        address=Address("192.0.2.1"),
        protocol_port=80,
        weight=weight,
        subnet_id=subnet,
    )


def verdict(changed: int) -> Verdict:
    return Verdict(object_id=ids.NIL, kind="member", load_balancer_id=ids.NIL, changed=changed)


def test_what_may_be_changed_gets_the_values_that_run() -> None:
    values = restoring.values(member(2, 9), member(1, 3), verdict(2))
    assert values["weight"] == 3
    assert {"address", "protocol_port", "id", "changed"} & values.keys() == set()


def test_a_member_that_a_batch_has_moved_gets_back_to_its_subnet() -> None:
    assert restoring.values(member(2, 1, ids.new()), member(1, 1, ids.NIL), verdict(2))["subnet_id"] == ids.NIL


@pytest.mark.parametrize("standing", [None, verdict(1)])
def test_what_is_not_refused_cannot_be_restored(standing: Verdict | None) -> None:
    with pytest.raises(Conflict, match="nothing to restore"):
        restoring.values(member(2, 9), member(1, 3), standing)


def test_what_never_ran_cannot_be_restored() -> None:
    with pytest.raises(Conflict, match="change it or delete it"):
        restoring.values(member(2, 9), None, verdict(2))
