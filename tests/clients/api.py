"""The real API in a process of its own: gunicorn, SQLite in a folder, a network that makes nothing.

python -m tests.clients.api FOLDER PORT
"""

import sys
from pathlib import Path

from hydria.api import app, server
from hydria.api.context import ApiSettings, Context
from hydria.drivers.identity import local
from hydria.drivers.network import noop
from hydria.kit import log
from hydria.kit.clock import SystemClock
from hydria.kit.secret import Secret
from hydria.messaging.local import LocalNudge
from hydria.render import unsupported
from hydria.storage import tables
from hydria.storage.database import Database

PASSWORD = "a password of the tests"


def databases(folder: Path) -> tuple[Database, Database]:
    """What is wanted and what is observed."""
    intent = Database(f"sqlite:///{folder}/intent.sqlite", tables.INTENT, durable=False)
    return intent, Database(f"sqlite:///{folder}/observed.sqlite", tables.OBSERVED, durable=False)


def prepare(folder: Path) -> None:
    """Make tables and users."""
    for database in databases(folder):
        database.create_all()
        database.close()
    admin = local.NewUser(
        name="admin", password=Secret(PASSWORD.encode()), project="demo", roles=("admin", "member", "reader")
    )
    other = local.NewUser(name="other", password=Secret(PASSWORD.encode()), project="other")
    local.create_file(folder / "users.json", [admin, other])


def serve(folder: Path, port: int) -> None:
    """Serve until killed."""
    log.setup("api")
    clock = SystemClock()
    intent, observed = databases(folder)
    identity = local.LocalIdentity(folder / "users.json", clock)
    context = Context(
        database=intent,
        observed=observed,
        network=noop.NoopNetwork(clock),
        nudge=LocalNudge(folder / "nudges"),
        identity=identity,
        local=identity,
        clock=clock,
        settings=ApiSettings(public_url=f"http://127.0.0.1:{port}"),
        unsupported=unsupported.unsupported,
    )
    server.serve(lambda: app.create(context), "127.0.0.1", port, workers=1, threads=8)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
