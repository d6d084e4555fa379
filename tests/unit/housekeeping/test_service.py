"""Chores are done in turn, again and again, whatever one of them does."""

import threading

import pytest

from hydria.housekeeping.service import Service
from hydria.storage import database

SOON_S = 10


class Chore:
    """Counts its turns; its third one is an event."""

    def __init__(self, fault=None):
        self.turns, self.third, self._fault = 0, threading.Event(), fault

    def __call__(self):
        self.turns += 1
        if self.turns == 3:
            self.third.set()
        if self._fault:
            raise self._fault


def run(*chores, every_s=0.001):
    service = Service(chores, every_s)
    thread = threading.Thread(target=service.run)
    thread.start()
    return service, thread


def test_chores_that_need_the_database_are_put_off_while_it_is_away():
    first, second = Chore(database.Unavailable("away")), Chore()
    service, thread = run(first, second)
    assert first.third.wait(SOON_S)
    service.stop()
    thread.join(SOON_S)
    assert second.turns == 0


@pytest.mark.parametrize("fault", [None, ValueError("bug")])
def test_every_chore_has_its_turn_again_and_again(fault):
    chores = (Chore(), Chore(fault), Chore())
    service, thread = run(*chores)
    done = [one.third.wait(SOON_S) for one in chores]
    service.stop()
    thread.join(SOON_S)
    assert done == [True] * 3
    assert not thread.is_alive()
    assert max(c.turns for c in chores) - min(c.turns for c in chores) <= 1


def test_it_ends_without_waiting_for_the_next_turn():
    service, thread = run(Chore(), every_s=3600)
    service.stop()
    thread.join(SOON_S)
    assert not thread.is_alive()
