"""The control plane alone, with drivers that do nothing, on a database of a chosen kind; a broker where it is not SQLite."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import databases, process, rabbit
from tests.system.house import House

NOOP = """[controller_worker]
compute_driver = noop
network_driver = noop
amphora_driver = noop
"""


@dataclass(frozen=True)
class Stored:
    """The URLs of an empty database and of a broker, and the processes of both; empty where SQLite needs none."""

    database: str = ""
    broker: str = ""
    pids: Mapping[str, int] = field(default_factory=dict)


@contextmanager
def stored(kind: str) -> Iterator[Stored]:
    """New servers. What they acknowledge is on the disk, as it is for an operator."""
    if kind == "sqlite":
        yield Stored()
        return
    with databases.server(kind, careless=False) as server, rabbit.broker() as broker:
        pids = {"database": server.process.pid, "broker": broker.process.pid}
        yield Stored(server.url("bench"), broker.url, pids)


@contextmanager
def running(folder: Path, servers: Stored, api: str = "") -> Iterator[House]:
    """A deployment. `api`: more lines for [api_settings]."""
    ports = process.free_port(), process.free_port()
    more = f"{NOOP}[health_manager]\nbind_port = {ports[1]}\n"
    stored_in = {"database": servers.database, "transport": servers.broker}
    house = House(folder, port=ports[0], more=more, api=api, **stored_in)
    try:
        house.up()
        house.subnets = {"demo": "00000000-0000-4000-8000-0000000000aa"}
        yield house
    finally:
        house.down()
