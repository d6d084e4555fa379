"""The reference on this machine: its API and one worker with its drivers that do nothing; needs scripts/setup.sh --reference."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.deployment import Stored
from bench.versus.side import API_PROCESSES, API_THREADS, Side
from tests.servers import process

ENVIRONMENT = Path(__file__).parents[2] / "build/reference"
SETTINGS = """[DEFAULT]
transport_url = {broker}
[api_settings]
auth_strategy = noauth
enabled_provider_drivers = amphora: works, octavia: the same, noop_driver: fills tables
[database]
connection = {database}
[controller_worker]
amphora_driver = amphora_noop_driver
compute_driver = compute_noop_driver
network_driver = network_noop_driver
image_driver = image_noop_driver
amp_boot_network_list = 00000000-0000-4000-8000-0000000000bb
client_ca = {folder}/ca.pem
[certificates]
cert_manager = noop_cert_manager
ca_certificate = {folder}/ca.pem
ca_private_key = {folder}/ca.key
"""
# The application reads the arguments of whoever loads it, so gunicorn is given none. Served as our own API is.
SERVING = """bind = "127.0.0.1:{port}"
wsgi_app = "octavia.wsgi.api:application"
worker_class = "gthread"
workers = {processes}
threads = {threads}
keepalive = 75
loglevel = "warning"
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
"""
CA = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=bench", "-days", "2")


@contextmanager
def running(servers: Stored) -> Iterator[Side]:
    """The reference with an empty database, migrated."""
    with process.folder("root") as folder:
        (folder / "octavia.conf").write_text(_settings(folder, servers))
        process.command(*CA, "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem", user="root")
        process.command(_program("octavia-db-manage"), *_named(folder), "upgrade", "head", user="root")
        port = process.free_port()
        api, worker = _api(folder, port), _worker(folder)
        try:
            for one in (api, worker):
                one.start()
            pids = {"api": api.pid, "worker": worker.pid, **servers.pids}
            yield Side("reference", f"http://127.0.0.1:{port}", pids, "noop_driver")
        finally:
            for one in (api, worker):
                one.stop()


def version() -> str:
    """Which release is installed."""
    found = next((ENVIRONMENT / "lib").glob("python3*/site-packages/octavia-*.dist-info"))
    return found.name.removeprefix("octavia-").removesuffix(".dist-info")


def _api(folder: Path, port: int) -> process.Process:
    serving = folder / "gunicorn.py"
    serving.write_text(SERVING.format(port=port, processes=API_PROCESSES, threads=API_THREADS))
    environment = _environment(HOME=str(folder), GUNICORN_CMD_ARGS=f"--config {serving}")
    return process.Process(
        (_program("gunicorn"),),
        "root",
        folder / "api.log",
        lambda: process.listens(port),
        end=signal.SIGQUIT,
        environment=environment,
    )


def _worker(folder: Path) -> process.Process:
    log = folder / "worker.log"
    return process.Process(
        (_program("octavia-worker"), *_named(folder)),
        "root",
        log,
        lambda: "Starting V2 consumer" in log.read_text(),
        end=signal.SIGTERM,
        environment=_environment(),
    )


def _program(name: str) -> str:
    return str(ENVIRONMENT / "bin" / name)


def _settings(folder: Path, servers: Stored) -> str:
    return SETTINGS.format(folder=folder, broker=servers.broker, database=servers.database)


def _named(folder: Path) -> tuple[str, str]:
    return "--config-file", str(folder / "octavia.conf")


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONWARNINGS": "ignore", **more}
