"""A write that the database undoes because of others (deadlock, conflict found at commit, wait too long) is done again, unseen."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from tests.unit.api.conftest import Service

TIMES = 3
POSTGRESQL = """
CREATE FUNCTION undoes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('undone') <= {times} THEN RAISE EXCEPTION 'undone' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$
"""
AT_ONCE = "CREATE TRIGGER undoes BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION undoes()"
AT_COMMIT = """
CREATE CONSTRAINT TRIGGER undoes AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION undoes()
"""
MARIADB = """
CREATE TRIGGER undoes BEFORE INSERT ON journal FOR EACH ROW BEGIN
    IF NEXTVAL(undone) <= {times} THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'undone'; END IF;
END
"""
CODES: dict[str, tuple[str | int, ...]] = {"postgresql": ("40001", "40P01", "55P03"), "mariadb": (1213, 1205)}
WAYS: dict[str, list[tuple[str, ...]]] = {
    "postgresql": [(POSTGRESQL, AT_ONCE), (POSTGRESQL, AT_COMMIT)],
    "mariadb": [(MARIADB,)],
}
"""How a database undoes the first transactions that write to the journal. A sequence counts them: it is not undone."""
NOTHING = {
    "postgresql": ("DROP TRIGGER IF EXISTS undoes ON journal", "DROP FUNCTION IF EXISTS undoes"),
    "mariadb": ("DROP TRIGGER IF EXISTS undoes",),
}
CLEAN = "DROP SEQUENCE undone"


def say(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture(scope="module")
def kind_of_database(kind_of_server: str) -> str:
    """SQLite has one writer, whom nobody undoes."""
    return kind_of_server


@contextmanager
def undoing(api: Service, kind: str, way: tuple[str, ...], code: str | int) -> Iterator[None]:
    """The database undoes what is written first."""
    engine = api.context.database.engine
    say(engine, "CREATE SEQUENCE undone", *(words.format(times=TIMES, code=code) for words in way))
    try:
        yield
    finally:
        say(engine, *NOTHING[kind], CLEAN)


def test_what_the_database_undoes_is_done_again_and_once(api: Service, kind_of_server: str) -> None:
    lb = api.load_balancer()["id"]
    pool = api.make("/pools", "pool", loadbalancer_id=lb, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
    tried = list(itertools.product(WAYS[kind_of_server], CODES[kind_of_server]))
    for n, (way, code) in enumerate(tried):
        with undoing(api, kind_of_server, way, code):
            api.make(f"/pools/{pool}/members", "member", address=f"192.0.2.{n + 1}", protocol_port=80)
        with undoing(api, kind_of_server, way, code):
            assert api.load_balancer(name=f"{n}")["name"] == f"{n}"
    members = api.get(f"/pools/{pool}/members", "members")
    assert sorted(m["address"] for m in members) == [f"192.0.2.{n + 1}" for n in range(len(tried))]
    events = api.get(f"/loadbalancers/{lb}/events", "events")
    assert [e["generation"] for e in events] == list(range(len(tried) + 2, 0, -1))
    assert len(api.get("/loadbalancers", "loadbalancers")) == len(tried) + 1


def test_what_is_undone_for_ever_is_said_and_leaves_nothing(api: Service, kind_of_server: str) -> None:
    lb = api.load_balancer()["id"]
    way, code = WAYS[kind_of_server][-1], CODES[kind_of_server][0]
    pool = {"loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    with undoing(api, kind_of_server, tuple(words.replace("{times}", "1000") for words in way), code):
        result = api.ask("POST", "/pools", {"pool": pool})
    assert (result.status_code, result.headers["Retry-After"]) == (503, "2")
    assert result.json["faultstring"].endswith("Nothing was changed; try again in a moment.")
    assert api.get("/pools", "pools") == []
    assert [e["generation"] for e in api.get(f"/loadbalancers/{lb}/events", "events")] == [1]
