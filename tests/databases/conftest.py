"""What tests of databases share: an empty one of each kind with a load balancer in it, and actors that use it at once."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hydria.domain import kinds
from hydria.domain.loadbalancer import LoadBalancer
from hydria.storage import intents, tables
from hydria.storage.database import Connection, Database
from tests.servers.databases import Shelf
from tests.unit.storage import making

ROOT = Path(__file__).parents[2]
Play = Callable[..., list[Any]]


@pytest.fixture
def url(kind_of_database: str, shelf: Shelf) -> str:
    return shelf.take(kind_of_database)


@pytest.fixture
def urls(url: str) -> list[str]:
    """Ways to the same database, of which each actor takes one."""
    return [url]


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    made = Database(url, tables.INTENT, durable=False)
    yield made
    made.close()


@pytest.fixture
def lb(db: Database) -> LoadBalancer:
    """A load balancer with a pool of five members."""
    made = making.load_balancer()

    def work(c: Connection) -> None:
        pool = making.part(kinds.POOL, made, 1)
        members = [making.part(kinds.MEMBER, made, 1, pool_id=pool.id) for _ in range(5)]
        intents.create_root(c, made)
        intents.add(c, pool)
        intents.add(c, *members)

    db.write(work)
    return made


@pytest.fixture
def play(urls: list[str]) -> Play:
    """Let actors begin at the same moment, each (role, times); what each of them says."""

    def played(lb_id: str, *roles: tuple[str, int]) -> list[Any]:
        line = (sys.executable, "-m", "tests.databases.actors")
        actors = [
            subprocess.Popen(
                (*line, urls[n % len(urls)], role, lb_id, f"{role}-{n}", str(times)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for n, (role, times) in enumerate(roles)
        ]
        for one in actors:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        for one in actors:
            assert one.stdin
            one.stdin.write("\n")
            one.stdin.flush()
        said = [one.communicate(timeout=60)[0] for one in actors]
        assert [one.returncode for one in actors] == [0] * len(actors)
        return [json.loads(text) for text in said]

    return played
