"""The deployment of one machine: its folder, its keys, its users, and how it is brought up and taken down."""

import contextlib
import secrets
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydria.cli import checks, client
from hydria.cli.client import Client
from hydria.cli.parts import Parts
from hydria.cli.supervision import Supervision
from hydria.cli.trouble import Trouble
from hydria.kit.secret import Secret

START_S = 20.0
CLOUDS = """# How the openstack client reaches this deployment:
#   export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD=hydria
clouds:
{clouds}"""
CLOUD = """  {cloud}:
    auth:
      auth_url: {url}/identity/v3
      username: {user}
      password: {password}
      project_name: {project}
      user_domain_id: default
      project_domain_id: default
    region_name: RegionOne
    identity_api_version: 3
"""
USERS = (
    ("hydria", "demo", "demo", ("member", "reader")),
    ("hydria-admin", "admin", "admin", ("admin", "member", "reader")),
)
"""Cloud in clouds.yaml, user, project, roles."""


class Deployment:
    """One deployment on this machine."""

    def __init__(self, settings: Any, parts: Parts) -> None:
        self.settings = settings
        self.parts = parts
        self.supervision = Supervision(settings.run, settings.state / "log")

    @property
    def clouds(self) -> Path:
        """The file that tells clients how to reach us."""
        return Path(self.settings.state) / "clouds.yaml"

    @property
    def url(self) -> str:
        """Where the API is."""
        base = self.settings.option("api_settings", "api_base_uri")
        host, port = (self.settings.option("api_settings", f"bind_{n}") for n in ("host", "port"))
        return str(base or f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")  # noqa: S104

    def client(self, user: str = "demo") -> Client:
        """A client for a user of ours."""
        password = (self.settings.state / "passwords" / user).read_text().strip()
        return Client(self.url, user, password, user)

    # --- up

    def up(self) -> None:
        """Bring everything up; does nothing to what is up. Raises Trouble."""
        self._check()
        self._prepare()
        with _full_disk(self.settings.state):
            for database in self.parts.databases():
                self.parts.migrate(database)
                database.close()
        if self.settings.is_local():
            self.parts.fabric().up(self.parts.networks())
        if not self.supervision.names() or not self.is_up():
            self._free_ports()
        self.supervision.start({name: self._command(name) for name in self.parts.processes})
        self._await()

    def is_up(self) -> bool:
        """Whether every process runs."""
        standing = self.supervision.standing()
        return bool(standing) and all(s.pid for s in standing)

    def _check(self) -> None:
        checks.clock()
        checks.tools()
        if self.settings.is_local():
            checks.root()
            checks.haproxy()
        for folder in (self.settings.state, self.settings.run):
            checks.folder(folder)

    def _free_ports(self) -> None:
        host, number = (self.settings.option("api_settings", f"bind_{n}") for n in ("host", "port"))
        checks.port(host, number)
        address, datagrams = self.parts.health_address(), self.settings.option("health_manager", "bind_port")
        checks.port(address, datagrams, socket.SOCK_DGRAM)

    def _command(self, name: str) -> list[str]:
        path = str(Path(self.settings.path).absolute())
        return [
            "env",
            f"PYTHONPATH={Path(__file__).parents[2]}",
            self.parts.python,
            "-m",
            "hydria.main",
            "--config",
            path,
            name,
        ]

    def _prepare(self) -> None:
        """Make what is missing in the state folder: each file whole or not at all."""
        state = self.settings.state
        _once(state / "deployment", lambda: str(uuid.uuid4()))
        _once(state / "master.keys", lambda: f"1:{secrets.token_hex(32)}")
        passwords = state / "passwords"
        passwords.mkdir(exist_ok=True, mode=0o700)
        for _, user, _, _ in USERS:
            _once(passwords / user, lambda: secrets.token_urlsafe(12))
        known = {user: (passwords / user).read_text().strip() for _, user, _, _ in USERS}
        if not (state / "users.json").exists():
            users = self.parts.users()
            people = [
                users.NewUser(name=user, password=Secret(known[user].encode()), project=project, roles=roles)
                for _, user, project, roles in USERS
            ]
            users.create_file(state / "users.json", people)
        clouds = "".join(
            CLOUD.format(cloud=cloud, url=self.url, user=user, password=known[user], project=project)
            for cloud, user, project, _ in USERS
        )
        _write(self.clouds, CLOUDS.format(path=self.clouds, clouds=clouds))
        self.parts.issuer().controller_certificate("controller")

    def _await(self) -> None:
        """Until the API answers and every process runs; raises Trouble with the end of the log of the one that does not."""
        api = Client(self.url, "", "", "")
        if client.until(lambda: api.answers() and self.is_up() and self._hears(), START_S):
            return
        down = next(
            (s.name for s in self.supervision.standing() if not s.pid), "api" if not api.answers() else "worker"
        )
        log = "\n".join(self.supervision.end_of_log(down))
        raise Trouble(
            f"{down} did not come up within {START_S:.0f} s", "read its log; `hydria doctor` checks the rest", log
        )

    def _hears(self) -> bool:
        return any((self.settings.run / "nudge").glob("*.sock"))

    # --- down

    def down(self, *, everything: bool = False, purge: bool = False) -> list[str]:
        """Stop the controllers; with `everything` also amphorae and networks, with `purge` also the state. What was done."""
        done = [f"stopped {name}" for name in self.supervision.stop()]
        known = (self.settings.state / "deployment").exists()
        if (everything or purge) and known and self.settings.is_local():
            compute = self.parts.compute()
            machines = len(compute.list())
            compute.clear()
            self.parts.fabric().down(self.parts.networks())
            done.append(f"removed {machines} amphorae and the networks")
        if everything or purge:
            shutil.rmtree(self.settings.run, ignore_errors=True)
        if purge and self.settings.state.exists():
            shutil.rmtree(self.settings.state)
            done.append(f"removed {self.settings.state}")
        return done


@contextlib.contextmanager
def _full_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if "disk is full" in str(error) or "No space left" in str(error):
            raise Trouble(f"{path}: the disk is full", "make room, or set another state_path") from error
        raise


def _once(path: Path, text: Any) -> None:
    if not path.exists():
        _write(path, text())


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text + ("" if text.endswith("\n") else "\n"))
    fresh.rename(path)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def seconds(since: float) -> str:
    """How long it is since a monotonic moment, for people."""
    return f"{time.monotonic() - since:.1f} s"
