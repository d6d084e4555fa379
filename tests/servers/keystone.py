"""A real Keystone for tests: its own environment (scripts/setup.sh --keystone), SQLite, one process of gunicorn on loopback."""

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import process

ENVIRONMENT = Path(__file__).parents[2] / "build/keystone"
PASSWORD = "a password of the tests"
REGION = "RegionOne"
DEFAULT = {"id": "default"}
SETTINGS = """[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.db
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[token]
expiration = {expiration}
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
"""
# Keystone reads the arguments of whoever loads it, so gunicorn is given none.
SERVING = """bind = "127.0.0.1:{port}"
wsgi_app = "keystone.wsgi.api:application"
threads = {threads}
loglevel = "warning"
control_socket_disable = True
"""


@dataclass
class Keystone:
    """One Keystone; `call` speaks as its administrator."""

    folder: Path
    port: int
    process: process.Process
    admin: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer of Keystone; fails where it refuses."""
        self.admin = self.admin or self.token("admin", "admin")
        code, answer, _ = self.ask(method, path, body, {"X-Auth-Token": self.admin, **headers})
        assert code < 300, (method, path, code, answer)
        return answer

    def ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, Any]:
        return ask(self.port, method, f"/v3{path}", body, headers)

    def token(self, user: str, project: str | None, **scope: Any) -> str:
        """A token for a project, or another scope."""
        person = {"name": user, "domain": DEFAULT, "password": PASSWORD}
        identity = {"methods": ["password"], "password": {"user": person}}
        wanted = {"project": {"name": project, "domain": DEFAULT}} if project else scope
        body = {"auth": {"identity": identity, "scope": wanted or "unscoped"}}
        code, answer, headers = self.ask("POST", "/auth/tokens", body, {})
        assert code == 201, (code, answer)
        return headers["X-Subject-Token"]

    def make(self, many: str, one: str, **values: Any) -> str:
        """The id of a thing with that name; made where there is none."""
        found = [t["id"] for t in self.call("GET", f"/{many}?name={values['name']}")[many]]
        return str(found[0] if found else self.call("POST", f"/{many}", {one: values})[one]["id"])

    def person(self, user: str, project: str, *roles: str) -> str:
        """A user with roles in a project; the project's id."""
        user_id = self.make("users", "user", name=user, password=PASSWORD)
        project_id = self.make("projects", "project", name=project)
        for role in roles:
            role_id = self.make("roles", "role", name=role)
            self.call("PUT", f"/projects/{project_id}/users/{user_id}/roles/{role_id}")
        return project_id

    def offer(self, kind: str, url: str) -> None:
        """Put a service into the catalogue."""
        service_id = self.call("POST", "/services", {"service": {"type": kind, "name": kind}})["service"]["id"]
        for interface in ("public", "internal", "admin"):
            endpoint = {"interface": interface, "service_id": service_id, "region_id": REGION, "url": url}
            self.call("POST", "/endpoints", {"endpoint": endpoint})

    def withdraw(self, kind: str) -> None:
        """Take a service out of the catalogue again."""
        for service in self.call("GET", f"/services?type={kind}")["services"]:
            self.call("DELETE", f"/services/{service['id']}")

    def settings(self, user: str = "hydria", **more: object) -> str:
        """What a service that asks this Keystone about tokens has in its settings file."""
        account = {"username": user, "password": PASSWORD, "project_name": "service"}
        domains = {"user_domain_id": "default", "project_domain_id": "default"}
        lines = {"auth_type": "password", "auth_url": self.url, **account, **domains, **more}
        return "\n".join(["[keystone_authtoken]", *(f"{name} = {value}" for name, value in lines.items()), ""])

    def environment(self, user: str, project: str) -> dict[str, str]:
        """What makes a client that user."""
        person = {"OS_USERNAME": user, "OS_PASSWORD": PASSWORD, "OS_PROJECT_NAME": project}
        domains = {"OS_USER_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_ID": "default"}
        return {"OS_AUTH_URL": self.url, "OS_IDENTITY_API_VERSION": "3", "OS_REGION_NAME": REGION, **person, **domains}


def ask(port: int, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, Any]:
    """One request to loopback: code, body, headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        raw = None if body is None else json.dumps(body)
        connection.request(method, path, raw, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None, answer.headers
    finally:
        connection.close()


@contextmanager
def running(threads: int = 8) -> Iterator[Keystone]:
    """A new Keystone with its administrator, and an account `hydria` for our own API.

    Whoever makes and removes people at once wants one thread: two that write to SQLite may meet, and Keystone says 500.
    """
    with process.folder("root") as folder:
        made = _prepared(folder, threads)
        with started(made):
            made.person("hydria", "service", "admin", "service")
            yield made


@contextmanager
def started(keystone: Keystone) -> Iterator[Keystone]:
    """Started, and ended."""
    try:
        keystone.process.start()
        yield keystone
    finally:
        keystone.process.stop()


def another(keystone: Keystone, expiration: int) -> Keystone:
    """A second process of the same Keystone, whose tokens end sooner."""
    port = process.free_port()
    (keystone.folder / f"{port}.conf").write_text(SETTINGS.format(folder=keystone.folder, expiration=expiration))
    return _serving(keystone.folder, port)


def _prepared(folder: Path, threads: int) -> Keystone:
    port = process.free_port()
    settings = folder / f"{port}.conf"
    settings.write_text(SETTINGS.format(folder=folder, expiration=3600))
    url = f"http://127.0.0.1:{port}/v3"
    interfaces = [word for name in ("public", "internal", "admin") for word in (f"--bootstrap-{name}-url", url)]
    _manage(settings, "db_sync")
    _manage(settings, "fernet_setup", "--keystone-user", "root", "--keystone-group", "root")
    _manage(settings, "bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION, *interfaces)
    return _serving(folder, port, threads)


def _manage(settings: Path, *words: str) -> None:
    line = [str(ENVIRONMENT / "bin/keystone-manage"), "--config-file", str(settings), *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=_quiet())
    assert done.returncode == 0, done.stderr


def _quiet(**more: str) -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONWARNINGS": "ignore", **more}


def _serving(folder: Path, port: int, threads: int = 8) -> Keystone:
    serving = folder / f"{port}.py"
    serving.write_text(SERVING.format(port=port, threads=threads))
    environment = _quiet(GUNICORN_CMD_ARGS=f"--config {serving}", OS_KEYSTONE_CONFIG_FILES=f"{folder}/{port}.conf")
    server = process.Process(
        (str(ENVIRONMENT / "bin/gunicorn"),),
        "root",
        folder / f"{port}.log",
        lambda: process.listens(port),
        end=signal.SIGQUIT,
        environment=environment,
    )
    return Keystone(folder, port, server)
