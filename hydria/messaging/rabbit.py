"""Nudges over RabbitMQ, for controllers on several machines: each goes to one of the workers, through a quorum queue."""

import contextlib
import logging
import queue
import threading
import time
from typing import Any

import oslo_messaging
from oslo_config import cfg

from hydria.kit import ids, log

EXCHANGE = "hydria"
TOPIC = "hydria-work"
QUEUE = f"{TOPIC}.info"
"""The library names the queue so."""
WAITING = 1000
"""Nudges that wait to be sent or heard; what is more is dropped: workers find the work by looking."""
PAUSE_S = 1.0
"""Between two tries while the broker is away."""
END_S = 2.0
QUIET_S = 60.0
"""Between two lines that tell of a broker that is away."""
CHOSEN = {
    "rabbit_quorum_queue": True,
    "rabbit_retry_interval": 1,
    "rabbit_retry_backoff": 1,
    "rabbit_interval_max": 5,
    "kombu_reconnect_delay": 0.5,
    "heartbeat_timeout_threshold": 10,
}
OFF = (("oslo_messaging_metrics", "metrics_enabled"), ("oslo_messaging_tracing", "tracing_enabled"))
"""What the library looks up and registers for the settings of a whole process only."""


class Complaints(logging.Handler):
    """What the library complains of, as a warning of ours once in a while: with a broker away it speaks with every message."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._quiet_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_S
            log.get().warning("nudges.broker_away", why=record.getMessage(), remedy="workers find the work by looking")


def transport(url: str) -> Any:
    """The way to the broker at rabbit://user:password@host:port/virtual_host; connected when it is first used."""
    conf = cfg.ConfigOpts()
    conf([], project="hydria", default_config_files=[], default_config_dirs=[])
    for group, option in OFF:
        conf.register_opt(cfg.BoolOpt(option, default=False), group=group)
    library = logging.getLogger("oslo_messaging")
    library.propagate = False
    library.handlers = library.handlers or [Complaints()]
    oslo_messaging.set_transport_defaults(EXCHANGE)
    made = oslo_messaging.get_notification_transport(conf, url=url)
    for name, value in CHOSEN.items():
        conf.set_override(name, value, group="oslo_messaging_rabbit")
    return made


def notifier(way: Any) -> Any:
    """Who sends. Not a remote call: that would leave a queue behind for every worker there ever was."""
    return oslo_messaging.Notifier(way, publisher_id="hydria", driver="messaging", topics=[TOPIC], retry=0)


class RabbitNudge:
    """Sends from a thread of its own, so that nobody waits for a broker."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: queue.Queue[str | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._sender: threading.Thread | None = None

    def nudge(self, load_balancer_id: str) -> None:
        """Never raises and never waits."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(load_balancer_id)
        if self._sender is None:
            self._start()

    def _start(self) -> None:
        with self._lock:  # with the first nudge: before it this process may still fork
            if self._sender is None:
                self._sender = threading.Thread(target=self._send, name="nudges", daemon=True)
                self._sender.start()

    def _send(self) -> None:
        way = transport(self._url)
        sender = notifier(way)
        while (load_balancer_id := self._waiting.get()) is not None:
            message = {"load_balancer_id": load_balancer_id, "action": "converge", "journal_id": None}
            sender.info({}, "work", message)  # a message that cannot be sent is dropped there
        way.cleanup()

    def close(self) -> None:
        """Send what waits, for a moment, and stop."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        if self._sender is not None:
            self._sender.join(END_S)


class RabbitInbox:
    """Where a worker hears nudges; workers share them. While the broker is away it is tried again and again."""

    def __init__(self, url: str, worker: str) -> None:
        self._url = url
        self._heard: queue.Queue[str] = queue.Queue(WAITING)
        self._closing = threading.Event()
        self._way: Any = None
        self._listener: Any = None
        threading.Thread(target=self._listen, name=f"hears-{worker}", daemon=True).start()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                self._way = transport(self._url)
                target = oslo_messaging.Target(topic=TOPIC)
                self._listener = oslo_messaging.get_notification_listener(self._way, [target], [self])
                self._listener.start()  # waits for the broker
            except Exception as error:  # noqa: BLE001  (libraries below raise kinds of their own; no broker may end a worker)
                log.get().warning("nudges.not_heard", error=str(error), remedy="workers find the work by looking")
                self._closing.wait(PAUSE_S)
            else:
                log.get().info("nudges.heard", queue=QUEUE)
                return

    def info(self, _context: Any, _publisher: str, _event: str, payload: Any, _metadata: Any) -> None:
        """A nudge has come. The name is the library's."""
        load_balancer_id = payload.get("load_balancer_id") if isinstance(payload, dict) else None
        if isinstance(load_balancer_id, str) and ids.is_id(load_balancer_id):
            with contextlib.suppress(queue.Full):
                self._heard.put_nowait(load_balancer_id)

    def wait(self, seconds: float) -> str | None:
        """The id of a load balancer that wants work, or None when nothing came in time."""
        try:
            return self._heard.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        ender = threading.Thread(target=self._end, daemon=True)  # without its broker the library takes its time
        ender.start()
        ender.join(END_S)

    def _end(self) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener.wait()
            self._way.cleanup()
