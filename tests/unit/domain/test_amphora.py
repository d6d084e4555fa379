"""An amphora goes through its states as the table says, and never comes back from the dead."""

import itertools

import pytest

from hydria.domain import amphora
from hydria.domain.amphora import NEXT, AmphoraStatus

ALL = list(AmphoraStatus)


def test_the_table_speaks_of_every_state():
    assert set(NEXT) == set(ALL)


@pytest.mark.parametrize("now, then", list(itertools.product(ALL, ALL)))
def test_only_moves_of_the_table_are_made(now, then):
    if then is now or then in NEXT[now]:
        assert amphora.move(now, then) is then
    else:
        with pytest.raises(ValueError, match=f"{now} cannot become {then}"):
            amphora.move(now, then)


def reachable(start):
    found: set[AmphoraStatus] = set()
    todo = [start]
    while todo:
        for then in NEXT[todo.pop()] - found:
            found.add(then)
            todo.append(then)
    return found


@pytest.mark.parametrize("start", set(ALL) - {AmphoraStatus.DELETED})
def test_every_amphora_can_be_doomed(start):
    assert AmphoraStatus.DELETED in reachable(start)
    assert start is AmphoraStatus.PENDING_DELETE or AmphoraStatus.PENDING_DELETE in NEXT[start]


def test_what_is_doomed_is_never_used_again():
    assert reachable(AmphoraStatus.PENDING_DELETE) == {AmphoraStatus.DELETED}


def test_no_state_is_come_back_to():
    assert not [s for s in ALL if s in reachable(s)]
