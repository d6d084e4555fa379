"""haproxy's numbers for members."""

import uuid

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hydria.render.haproxy import servers
from tests.golden.trees import member

CALM = member()
MEMBERS = st.lists(st.uuids() | st.integers(0, 9).map(lambda i: uuid.UUID(int=i * servers.NUMBERS)), unique=True).map(
    lambda found: [msgspec.structs.replace(CALM, id=str(one)) for one in found]
)


@given(MEMBERS)
def test_every_member_has_a_number_of_its_own_that_the_hash_tells_apart(members):
    numbers = servers.numbers(members)
    assert len(set(numbers)) == len(members)
    assert all(1 <= number <= servers.NUMBERS for number in numbers)


@given(MEMBERS, st.integers(0, 5))
def test_a_younger_member_changes_no_number(members, cut):
    assert servers.numbers(members[:cut]) == servers.numbers(members)[:cut]
