"""When certificates are renewed: at two thirds of their life, and not all together."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.control import rotation
from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.kit import ids
from hydria.wire.identities import CERTIFICATE_S

END = 1_800_000_000.0
AMPHORA = Amphora(id=ids.NIL, status=AmphoraStatus.ALLOCATED, created_at=0, cert_expiration=int(END * 1e6))
identifiers = st.binary(min_size=16, max_size=16).map(ids.text)
parts = st.floats(-1, 2)  # of a life, from the issue on


def is_due(amphora, part):
    """Whether it is due when this part of the certificate's life is over."""
    return rotation.is_due(amphora, END - CERTIFICATE_S * (1 - part))


@given(identifiers)
def test_a_certificate_is_renewed_soon_after_two_thirds_of_its_life(amphora_id):
    amphora = msgspec.structs.replace(AMPHORA, id=amphora_id)
    assert not is_due(amphora, 0.66)
    assert is_due(amphora, 0.66 + rotation.JITTER + 0.01)


@given(identifiers, parts, parts)
def test_what_is_due_stays_due(amphora_id, one, other):
    amphora = msgspec.structs.replace(AMPHORA, id=amphora_id)
    assert is_due(amphora, min(one, other)) <= is_due(amphora, max(one, other))


def test_amphorae_made_together_are_renewed_one_by_one():
    crowd = [msgspec.structs.replace(AMPHORA, id=ids.text(bytes([n]) + bytes(15))) for n in range(256)]
    due = [sum(is_due(a, 2 / 3 + rotation.JITTER * tenth / 10) for a in crowd) for tenth in range(11)]
    steps = [after - before for before, after in itertools.pairwise(due)]
    assert max(steps) < 30
    assert due[-1] >= 255


@pytest.mark.parametrize("status", set(AmphoraStatus) - {AmphoraStatus.ALLOCATED})
def test_what_is_not_in_use_is_left_alone(status):
    assert not is_due(msgspec.structs.replace(AMPHORA, status=status), 1.0)


def test_what_has_no_certificate_of_its_own_yet_is_left_alone():
    assert not is_due(msgspec.structs.replace(AMPHORA, cert_expiration=None), 1.0)
