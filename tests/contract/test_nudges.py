"""What is promised of nudges, on one machine and over RabbitMQ: heard at once, never waited for, never an error."""

import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest

from hydria.cli import client
from hydria.kit import ids
from hydria.messaging import broker as reachable
from hydria.messaging import local, rabbit
from tests.servers import rabbit as servers

LB = ids.new()
SOON = 10.0
# The library leaves the sockets of a broker that died to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def broker() -> Iterator[servers.Rabbit]:
    with servers.broker() as made:
        yield made


class Post:
    """How nudges go, and who hears them."""

    def __init__(self, nudge: Callable[[], Any], inbox: Callable[[str], Any]) -> None:
        self.nudge, self._inbox = nudge(), inbox
        self._open = [self.nudge]

    def inbox(self, worker: str) -> Any:
        made = self._inbox(worker)
        self._open.append(made)
        return made

    def close(self) -> None:
        for one in reversed(self._open):
            one.close()


@pytest.fixture(params=["local", "rabbit"])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    if request.param == "local":
        made = Post(lambda: local.LocalNudge(tmp_path), lambda worker: local.LocalInbox(tmp_path, worker))
    else:
        url = request.getfixturevalue("broker").url
        made = Post(lambda: rabbit.RabbitNudge(url), lambda worker: rabbit.RabbitInbox(url, worker))
    yield made
    made.close()


def heard(inbox: Any, nudge: Any, what: str = LB, seconds: float = 20) -> bool:
    """Whether it hears, from some moment on: what is sent before it listens may be lost."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        nudge.nudge(what)
        if inbox.wait(0.5) == what:
            return True
    return False


def among(what: str, inboxes: list[Any]) -> bool:
    """Whether one of them hears it now."""
    return what in [inbox.wait(0.01) for inbox in inboxes]


def drained(*inboxes: Any) -> None:
    for inbox in inboxes:
        while inbox.wait(0.3):
            pass


def test_a_worker_hears_at_once(post: Post) -> None:
    inbox = post.inbox("w1")
    assert heard(inbox, post.nudge)
    drained(inbox)
    began = time.monotonic()
    post.nudge.nudge(LB)
    assert inbox.wait(SOON) == LB
    assert time.monotonic() - began < 1


def test_who_waits_in_vain_hears_nothing(post: Post) -> None:
    inbox = post.inbox("w1")
    heard(inbox, post.nudge)
    drained(inbox)
    assert inbox.wait(0.01) is None


def test_every_nudge_reaches_a_worker(post: Post) -> None:
    inboxes = [post.inbox("w1"), post.inbox("w2")]
    assert all(heard(inbox, post.nudge) for inbox in inboxes)
    drained(*inboxes)
    for _ in range(30):
        one = ids.new()
        post.nudge.nudge(one)
        assert client.until(functools.partial(among, one, inboxes), SOON, 0)


def test_nobody_waits_when_nobody_hears(post: Post) -> None:
    began = time.monotonic()
    for _ in range(3000):
        post.nudge.nudge(LB)
    assert time.monotonic() - began < 1


def test_noise_is_no_nudge(broker: servers.Rabbit) -> None:
    inbox = rabbit.RabbitInbox(broker.url, "w1")
    nudge = rabbit.RabbitNudge(broker.url)
    assert heard(inbox, nudge)
    drained(inbox)
    way = rabbit.transport(broker.url)
    for noise in ({"load_balancer_id": "no id"}, "noise", {}):
        rabbit.notifier(way).info({}, "work", noise)
    nudge.nudge(LB)
    assert inbox.wait(SOON) == LB
    way.cleanup()
    nudge.close()
    inbox.close()


def test_the_queue_is_a_quorum_queue(broker: servers.Rabbit) -> None:
    inbox, nudge = rabbit.RabbitInbox(broker.url, "w1"), rabbit.RabbitNudge(broker.url)
    assert heard(inbox, nudge)
    with amqp.Connection(f"127.0.0.1:{broker.port}") as connection:
        classic = {"x-queue-type": "classic"}
        with pytest.raises(amqp.PreconditionFailed, match="quorum"):
            connection.channel().queue_declare(rabbit.QUEUE, durable=True, auto_delete=False, arguments=classic)
    nudge.close()
    inbox.close()


def test_a_broker_that_dies_stops_nobody_and_is_found_again(broker: servers.Rabbit) -> None:
    inbox, nudge = rabbit.RabbitInbox(broker.url, "w1"), rabbit.RabbitNudge(broker.url)
    assert heard(inbox, nudge)
    broker.kill()
    began = time.monotonic()
    for _ in range(3000):
        nudge.nudge(LB)
    assert time.monotonic() - began < 1
    drained(inbox)
    assert inbox.wait(0.01) is None
    broker.start()
    assert heard(inbox, nudge, ids.new(), 30)
    nudge.close()
    inbox.close()


def test_a_worker_may_start_before_the_broker(broker: servers.Rabbit) -> None:
    broker.kill()
    inbox, nudge = rabbit.RabbitInbox(broker.url, "w1"), rabbit.RabbitNudge(broker.url)
    nudge.nudge(LB)
    assert inbox.wait(0.01) is None
    broker.start()
    assert heard(inbox, nudge, ids.new(), 30)
    nudge.close()
    inbox.close()


def test_whether_a_broker_lets_us_in_is_told_before_anything_is_sent(broker: servers.Rabbit) -> None:
    reachable.reach(broker.url)
    for url, why in (
        (broker.url.replace("guest:guest", "guest:wrong"), "ACCESS_REFUSED"),
        (f"{broker.url}nowhere", "vhost nowhere not found|NOT_ALLOWED"),
        ("rabbit://guest:guest@127.0.0.1:1/", "refused"),
    ):
        with pytest.raises(OSError, match=why) as error:
            reachable.reach(url)
        assert "wrong" not in str(error.value)
