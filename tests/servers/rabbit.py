"""RabbitMQ for tests: a broker and the daemon that names it, both on loopback, both ended by process id."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import process

USER = "rabbitmq"
PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"


class Rabbit:
    """One broker that can be killed and started again; what was in its queues stays."""

    def __init__(self, where: Path) -> None:
        self._base = where / "mnesia"
        self.port = process.free_port()
        names, distribution = process.free_port(), process.free_port()
        (where / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{self.port}\nlog.file = false\n")
        (where / "plugins").write_text("[].\n")
        environment = {
            "HOME": str(where),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"hydria{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self._base),
            "RABBITMQ_LOG_BASE": str(where),
            "RABBITMQ_CONFIG_FILE": str(where / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(where / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(where / "plugins"),
            "RABBITMQ_ALLOW_INPUT": "1",  # then the script becomes the broker, and its id is the broker's
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        }
        self.names = process.Process(
            ("epmd", "-address", "127.0.0.1", "-port", str(names)),
            USER,
            where / "epmd.log",
            lambda: process.listens(names),
            environment=environment,
        )
        self.process = process.Process(
            (PROGRAM,),
            USER,
            where / "log",
            lambda: process.listens(self.port),
            environment=environment,
        )

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"rabbit://guest:guest@127.0.0.1:{self.port}/"

    def has_written(self, queue: str) -> bool:
        """Whether it is on the disk where a queue's log is. A broker that dies before has a queue without a leader for ever."""
        return any(queue.encode() in file.read_bytes() for file in self._base.glob("*/quorum/*/names.dets"))

    def start(self) -> None:
        """Start the broker."""
        self.process.start()

    def kill(self) -> None:
        """kill -9."""
        self.process.stop(signal.SIGKILL)


@contextmanager
def broker() -> Iterator[Rabbit]:
    """A broker, gone at the end with all it held."""
    with process.folder(USER) as where:
        made = Rabbit(where)
        try:
            made.names.start()
            made.start()
            yield made
        finally:
            made.process.stop()
            made.names.stop()
