"""A nudge reaches every worker of the machine, never waits and never fails."""

import pytest

from hydria.kit import ids
from hydria.messaging.local import LocalInbox, LocalNudge

LB = ids.new()
NOW = 0.001


@pytest.fixture
def nudge(tmp_path):
    made = LocalNudge(tmp_path)
    yield made
    made.close()


@pytest.fixture
def inboxes(tmp_path):
    made = [LocalInbox(tmp_path, f"worker-{n}") for n in range(2)]
    yield made
    for one in made:
        one.close()


def test_every_worker_hears_it(nudge, inboxes):
    nudge.nudge(LB)
    assert [one.wait(5) for one in inboxes] == [LB, LB]


def test_who_waits_in_vain_hears_nothing(inboxes):
    assert inboxes[0].wait(NOW) is None


def test_without_a_worker_it_is_lost(nudge):
    nudge.nudge(LB)


def test_a_worker_that_ended_leaves_no_socket(nudge, inboxes, tmp_path):
    inboxes[0].close()
    nudge.nudge(LB)
    assert inboxes[1].wait(5) == LB
    assert [p.name for p in tmp_path.iterdir()] == ["worker-1.sock"]


def test_the_socket_of_a_worker_that_was_killed_is_removed(nudge, inboxes, tmp_path):
    inboxes[0]._socket.close()
    nudge.nudge(LB)
    assert [p.name for p in tmp_path.iterdir()] == ["worker-1.sock"]


def test_a_worker_that_does_not_listen_is_not_waited_for(nudge, inboxes):
    for _ in range(5000):
        nudge.nudge(LB)
    assert inboxes[0].wait(5) == LB


@pytest.mark.parametrize("noise", [b"", b"x", b"x" * 17])
def test_noise_is_no_nudge(nudge, inboxes, noise):
    nudge._socket.sendto(noise, str(inboxes[0]._path))
    assert inboxes[0].wait(5) is None


def test_a_socket_left_by_a_worker_of_that_name_is_replaced(tmp_path, nudge):
    LocalInbox(tmp_path, "w")._socket.close()
    again = LocalInbox(tmp_path, "w")
    nudge.nudge(LB)
    assert again.wait(5) == LB
    again.close()
