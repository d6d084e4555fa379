"""Nudges over RabbitMQ, for controllers on several machines: each goes to one of the workers, through quorum queues."""

import contextlib
import queue
import threading
from typing import Any

import oslo_messaging
from oslo_config import cfg

from hydria.kit import ids, log

TOPIC = "hydria-work"
WAITING = 1000
"""Nudges that wait to be sent or heard; what is more is dropped: workers find the work by looking."""
END_S = 2.0
CHOSEN = {
    "rabbit_quorum_queue": True,
    "rabbit_transient_quorum_queue": True,
    "use_queue_manager": False,
    "rabbit_retry_interval": 1,
    "rabbit_retry_backoff": 1,
    "rabbit_interval_max": 5,
    "kombu_reconnect_delay": 0.5,
    "heartbeat_timeout_threshold": 10,
}

OFF = (("oslo_messaging_metrics", "metrics_enabled"), ("oslo_messaging_tracing", "tracing_enabled"))
"""What the library looks up and registers for the settings of a whole process only."""


def transport(url: str) -> Any:
    """The way to the broker at rabbit://user:password@host:port/virtual_host; connected when it is first used."""
    conf = cfg.ConfigOpts()
    conf([], project="hydria", default_config_files=[], default_config_dirs=[])
    for group, option in OFF:
        conf.register_opt(cfg.BoolOpt(option, default=False), group=group)
    made = oslo_messaging.get_rpc_transport(conf, url=url)
    for name, value in CHOSEN.items():
        conf.set_override(name, value, group="oslo_messaging_rabbit")
    return made


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
        client = oslo_messaging.get_rpc_client(way, oslo_messaging.Target(topic=TOPIC), retry=0)
        said = False
        while (load_balancer_id := self._waiting.get()) is not None:
            try:
                client.cast({}, "work", load_balancer_id=load_balancer_id, action="converge", journal_id=None)
                said = False
            except Exception as error:  # noqa: BLE001  (libraries below raise kinds of their own; the loop must not die)
                if not said:
                    log.get().warning("nudges.not_sent", error=str(error), remedy="workers find the work by looking")
                said = True
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
        self._worker = worker
        self._heard: queue.Queue[str] = queue.Queue(WAITING)
        self._server: Any = None
        threading.Thread(target=self._listen, name="hears-nudges", daemon=True).start()

    def _listen(self) -> None:
        target = oslo_messaging.Target(topic=TOPIC, server=self._worker)
        self._server = oslo_messaging.get_rpc_server(transport(self._url), target, [self])
        self._server.start()  # waits for the broker
        log.get().info("nudges.heard", topic=TOPIC)

    def work(self, _context: Any, load_balancer_id: str, **_more: Any) -> None:
        """A nudge has come."""
        if ids.is_id(load_balancer_id):
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
        ender = threading.Thread(target=self._end, daemon=True)  # without its broker the library takes its time
        ender.start()
        ender.join(END_S)

    def _end(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server.wait()
            self._server.transport.cleanup()
