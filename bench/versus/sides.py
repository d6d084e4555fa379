"""All sides at once: the reference on MariaDB, Hydria on MariaDB, PostgreSQL and SQLite; each with servers of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import deployment
from bench.versus import reference
from bench.versus.side import API_PROCESSES, API_THREADS, Side

API = f"auth_strategy = noauth\nworkers = {API_PROCESSES}\nthreads = {API_THREADS}"
OURS = ("mariadb", "postgresql", "sqlite")


@contextmanager
def all_running() -> Iterator[list[Side]]:
    """The reference first, then ours by database."""
    with ExitStack() as stack:
        servers = stack.enter_context(deployment.stored("mariadb"))
        yield [
            stack.enter_context(reference.running(servers)),
            *(stack.enter_context(_hydria(kind)) for kind in OURS),
        ]


@contextmanager
def _hydria(kind: str) -> Iterator[Side]:
    with (
        tempfile.TemporaryDirectory() as folder,
        deployment.stored(kind) as servers,
        deployment.running(Path(folder), servers, API) as house,
    ):
        pids = {name: house.pid(name) for name in ("api", "worker")}
        yield Side(kind, house.deployment.url, {**pids, **servers.pids})
