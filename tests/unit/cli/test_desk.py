"""What the operator's command loads before it knows what it is to do."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_command_that_needs_no_database_does_not_load_it() -> None:
    line = (sys.executable, "-c", "import sys, hydria.main, hydria.cli.desk; print(*sys.modules)")
    loaded = set(subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split())
    assert "hydria.cli.users" in loaded
    assert loaded & {"sqlalchemy", "alembic", "falcon", "hydria.storage.database"} == set()
