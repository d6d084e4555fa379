"""Bringing databases to this version's tables, and what is said when that cannot be."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from hydria.cli import tables
from hydria.cli.trouble import Trouble
from hydria.storage.database import Database
from hydria.storage.tables import INTENT

PAGE = 4096


def test_a_new_database_gets_its_tables_and_may_be_brought_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    for _ in range(2):
        tables.bring([Database(url, INTENT)])
    with contextlib.closing(Database(url, INTENT)) as db:
        assert db.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM load_balancer").scalar()) == 0


def test_a_database_of_a_newer_version_is_refused_with_a_remedy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    tables.bring([Database(url, INTENT)])
    newer = Database(url, INTENT)
    newer.write(lambda c: c.exec_driver_sql("UPDATE schema_intent SET version_num = 'later'").rowcount)
    with pytest.raises(Trouble, match="newer version") as trouble:
        tables.bring([newer])
    assert trouble.value.remedy == "run that version, or restore an older backup"


def test_a_database_that_cannot_be_opened_is_named() -> None:
    with pytest.raises(Trouble, match=r"/nowhere/a\.db: unable to open"):
        tables.bring([Database("sqlite:////nowhere/a.db", INTENT)])


def test_a_database_with_a_damaged_page_is_refused_with_a_remedy(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    tables.bring([Database(f"sqlite:///{file}", INTENT)])
    with contextlib.closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'member'").fetchone()[0]
    with file.open("r+b") as pages:
        pages.seek((page - 1) * PAGE)
        pages.write(b"\xa5" * PAGE)
    with pytest.raises(Trouble, match=r"a\.db: the database is damaged") as trouble:
        tables.bring([Database(f"sqlite:///{file}", INTENT)])
    assert trouble.value.remedy == "restore a backup"
