"""Databases that were really damaged, and those that are of another version."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from hydria.kit import ids
from hydria.storage import database, integrity, migrate, tables
from hydria.storage.database import Database

PAGE = 4096
Q = tables.QUOTA


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and a thousand rows."""
    file = tmp_path_factory.mktemp("whole") / "hydria.db"
    db = database.Database(f"sqlite:///{file}", tables.INTENT)
    migrate.upgrade(db)
    db.write(lambda c: c.execute(insert(Q), [{"project_id": ids.new()} for _ in range(1000)]))
    db.write(lambda c: c.execute(text("ANALYZE")))
    with db.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    db.close()
    return file


@pytest.fixture
def file(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(template, tmp_path / "hydria.db"))


@pytest.fixture
def db(file: Path) -> Iterator[Database]:
    made = database.Database(f"sqlite:///{file}", tables.INTENT)
    yield made
    made.close()


def damage(file: Path, kept: int = 1) -> None:
    """Overwrite every page but the first ones."""
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(kept * PAGE)
        raw.write(b"\xa5" * (size - kept * PAGE))


def count(db: Database) -> int:
    return len(db.read(lambda c: c.execute(select(Q.c.project_id)).all()))


def test_a_whole_database_is_told_with_its_revision(db: Database) -> None:
    assert integrity.look(db, 5) == f"whole, revision {integrity.head(db)}"


def test_damaged_pages_are_found(file: Path, db: Database) -> None:
    damage(file)
    with pytest.raises(database.Damaged, match=r"^the database is damaged \(.*\); restore a backup$"):
        integrity.look(db, 5)


def test_a_read_of_a_damaged_page_says_that_a_backup_is_needed(file: Path, db: Database) -> None:
    damage(file)
    with pytest.raises(database.Damaged, match=r"restore a backup"):
        count(db)


def test_a_file_that_is_no_database_is_damaged(file: Path, db: Database) -> None:
    file.write_bytes(b"\xa5" * PAGE * 10)
    with pytest.raises(database.Damaged, match=r"not a database"):
        count(db)


def test_looking_through_a_large_file_ends_in_time(db: Database) -> None:
    assert integrity.look(db, -1).startswith(("whole as far as", "whole, "))


def test_tables_of_another_version_are_told(db: Database) -> None:
    db.write(lambda c: c.execute(text("UPDATE schema_intent SET version_num = '0999'")))
    with pytest.raises(integrity.Foreign, match=rf"at revision 0999, and this version wants {integrity.head(db)}"):
        integrity.look(db, 5)


def test_a_database_without_tables_is_told(tmp_path: Path) -> None:
    db = database.Database(f"sqlite:///{tmp_path}/new.db", tables.INTENT)
    with pytest.raises(integrity.Foreign, match="revision none"):
        integrity.look(db, 5)
    db.close()
