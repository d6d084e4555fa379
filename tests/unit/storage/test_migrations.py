"""Migrations from nothing end where the declarations are, quickly, and whoever else migrates at the same time."""

import contextlib
import io
import pathlib
import re
import subprocess
import sys
import time

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import String, Text, inspect, text
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from hydria.domain import kinds
from hydria.kit import ids
from hydria.storage import database, intents, migrate, rows, tables
from tests.unit.storage import making

CHAINS = pytest.mark.parametrize("chain", migrate.CHAINS)


@pytest.fixture
def opened():
    """Makes databases, and closes them whatever becomes of the test: a connection left open fails a later one."""
    with contextlib.ExitStack() as made:

        def open_(*words, **more):
            return made.enter_context(contextlib.closing(database.Database(*words, **more)))

        yield open_


@pytest.fixture
def db(chain: str, empty_url: str, opened):
    return opened(empty_url, migrate.CHAINS[chain])


@pytest.fixture
def one_file(chain: str, tmp_path: pathlib.Path, opened):
    """The same in a file, for what can be shown with SQLite alone."""
    return opened(f"sqlite:///{tmp_path}/{chain}.db", migrate.CHAINS[chain])


def differences(db: database.Database, chain: str) -> list[tuple[str, ...]]:
    """What is declared and not in the database, or the other way round."""
    options = {"version_table": f"schema_{chain}", "compare_type": True, "compare_server_default": True}
    return db.read(lambda c: compare_metadata(MigrationContext.configure(c, opts=options), db.metadata))


@CHAINS
def test_from_nothing_they_end_where_the_declarations_are(db, chain):
    migrate.upgrade(db)
    found = differences(db, chain)
    assert found == [], 'run scripts/migration "What is true afterwards"'


@CHAINS
def test_they_make_what_the_declarations_would(one_file, opened, tmp_path):
    db = one_file
    declared = opened(f"sqlite:///{tmp_path}/declared.db", db.metadata)
    declared.create_all()
    migrate.upgrade(db)
    tables = [
        other.read(lambda c: {name: inspect(c).get_columns(name) for name in sorted(db.metadata.tables)})
        for other in (db, declared)
    ]
    assert str(tables[0]) == str(tables[1])


@CHAINS
def test_a_new_database_is_ready_in_a_moment(one_file):
    began = time.perf_counter()
    migrate.upgrade(one_file)
    assert time.perf_counter() - began < 0.3


@CHAINS
def test_once_done_nothing_is_done_again(one_file, chain):
    db = one_file
    migrate.upgrade(db)
    before = db.read(lambda c: c.execute(text("PRAGMA schema_version")).scalar())
    migrate.upgrade(db)
    assert db.read(lambda c: c.execute(text("PRAGMA schema_version")).scalar()) == before


@CHAINS
def test_a_database_of_a_newer_version_is_left_alone(db, chain):
    migrate.upgrade(db)
    db.write(lambda c: c.execute(text(f"UPDATE schema_{chain} SET version_num = '9999'")))
    with pytest.raises(migrate.TooNew, match=chain):
        migrate.upgrade(db)


@CHAINS
def test_a_migration_that_is_interrupted_leaves_nothing(chain, opened, tmp_path):
    def crash(moment):
        raise KeyboardInterrupt(moment)

    url = f"sqlite:///{tmp_path}/{chain}.db"
    crashing = opened(url, migrate.CHAINS[chain], notice=crash)
    with pytest.raises(KeyboardInterrupt):
        migrate.upgrade(crashing)
    assert crashing.read(lambda c: inspect(c).get_table_names()) == []


def test_an_upgrade_that_was_killed_on_its_way_is_finished(empty_url, opened):
    db = opened(empty_url, tables.INTENT)
    db.write(lambda c: command.upgrade(migrate.settings("intent", c), "0001"))
    db.write(lambda c: c.execute(text("ALTER TABLE member ADD COLUMN address_spelled VARCHAR(64)")))
    migrate.upgrade(db)
    assert differences(db, "intent") == []


MAPPED = "UPDATE member SET address = '::ffff:c000:201', monitor_address = '::ffff:0:c000:201'"
"""As versions before wrote these addresses; only the first of them holds one of IPv4."""


def test_an_ipv4_address_kept_as_an_ipv6_one_gets_the_form_it_is_compared_in(empty_url, opened):
    db, lb = opened(empty_url, tables.INTENT), making.load_balancer()
    migrate.upgrade(db)
    member = making.part(kinds.MEMBER, lb, 1, pool_id=ids.new())
    db.write(lambda c: intents.add(c, member))
    for statement in (MAPPED, "UPDATE schema_intent SET version_num = '0001'"):
        db.write(lambda c, words=statement: c.execute(text(words)))
    migrate.upgrade(db)
    kept = db.read(lambda c: rows.one(c, kinds.MEMBER, member.id))
    assert (kept.address, kept.monitor_address) == ("::ffff:192.0.2.1", "::ffff:0:c000:201")


def test_processes_may_migrate_at_once(empty_url):
    code = (
        "import sys; from hydria.storage import database, migrate, tables;"
        "db = database.Database(sys.argv[1], tables.INTENT); migrate.upgrade(db); db.close()"
    )
    command = [sys.executable, "-c", code, empty_url]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[1] for process in running] == [""] * 3


def test_both_chains_may_share_a_database(empty_url, opened):
    for chain, metadata in migrate.CHAINS.items():
        db = opened(empty_url, metadata)
        migrate.upgrade(db)
        assert [row for row in differences(db, chain) if "remove" not in str(row[0])] == []


@pytest.mark.parametrize("dialect", [postgresql.dialect(), mysql.dialect()], ids=lambda d: d.name)
@pytest.mark.parametrize("metadata", migrate.CHAINS.values(), ids=migrate.CHAINS)
def test_every_table_can_be_said_to_other_databases(dialect, metadata):
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert len(index.name) <= 63, "PostgreSQL cuts longer names"
            assert "INDEX" in str(CreateIndex(index).compile(dialect=dialect))


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@CHAINS
def test_every_migration_can_be_said_to_other_databases(chain, dialect):
    said = io.StringIO()
    settings = migrate.settings(chain, None)
    settings.attributes["configure"] |= {"connection": None, "dialect_name": dialect, "output_buffer": said}
    command.upgrade(settings, "head", sql=True)
    assert set(re.findall(r"CREATE TABLE `?(\w+)", said.getvalue())) == {
        *migrate.CHAINS[chain].tables,
        f"schema_{chain}",
    }


@pytest.mark.parametrize("table", [t for m in migrate.CHAINS.values() for t in m.sorted_tables], ids=str)
def test_a_row_fits_in_what_mariadb_allows(table):
    strings = [c.type for c in table.columns if isinstance(c.type, String) and not isinstance(c.type, Text)]
    assert sum(4 * (string.length or 0) + 2 for string in strings) + 20 * len(table.columns) < 65_535
