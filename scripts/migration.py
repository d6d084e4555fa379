"""Write migrations: what `scripts/migration` runs."""

import pathlib
import subprocess
import sys
import tempfile
from typing import Any

from alembic import command
from sqlalchemy import Connection

from hydria.storage import database, migrate

INITIAL = "Initial"


def main(arguments: list[str]) -> int:
    """Write what is missing in each chain, and say which files were written."""
    if len(arguments) != 1:
        print(__doc__, 'Usage: scripts/migration "What is true afterwards" | --initial', file=sys.stderr)
        return 2
    message = arguments[0]
    if message == "--initial":
        message = INITIAL
        for old in migrate.VERSIONS.glob("*/r*.py"):
            old.unlink()
    for chain in migrate.CHAINS:
        print(f"{chain}: {_write(chain, message) or 'nothing to write'}")
    return 0


def _write(chain: str, message: str) -> pathlib.Path | None:
    """The migration of one chain from where its migrations end to what is declared."""
    with tempfile.TemporaryDirectory() as folder:
        db = database.Database(f"sqlite:///{folder}/migration.db", migrate.CHAINS[chain], durable=False)
        migrate.upgrade(db)
        written = db.read(lambda c: _revision(chain, message, c))
        db.close()
    if written is not None:
        subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", written], check=True)
        subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", written], check=True)
    return written


def _revision(chain: str, message: str, connection: Connection) -> pathlib.Path | None:
    settings = migrate.settings(chain, connection)
    settings.attributes["configure"]["process_revision_directives"] = _without_empty
    number = len(list((migrate.VERSIONS / chain).glob("r*.py"))) + 1
    made = command.revision(settings, message, autogenerate=True, rev_id=f"{number:04}")
    scripts = [script for script in (made if isinstance(made, list) else [made]) if script]
    return pathlib.Path(scripts[0].path) if scripts else None


def _without_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """No file where nothing has changed."""
    if directives[0].upgrade_ops.is_empty():
        directives.clear()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
