"""The state folder of a deployment: who it is, its keys, its users, how clients reach it; each file whole or not at all."""

import contextlib
import secrets
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from hydria.cli.parts import Parts
from hydria.cli.trouble import Trouble
from hydria.kit.secret import Secret

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
OPENRC = """# For a shell: `. {path}` puts `openstack` and `hydria` on its path, as the user demo of this deployment.
export OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD=hydria
export PATH={root}/build/client/bin:{root}/.venv/bin:$PATH
"""
ROOT = Path(__file__).parents[2]
USERS = (
    ("hydria", "demo", "demo", ("member", "reader")),
    ("hydria-admin", "admin", "admin", ("admin", "member", "reader")),
)
"""Cloud in clouds.yaml, user, project, roles."""


def prepare(state: Path, url: str, parts: Parts) -> None:
    """Make what is missing; what is there stays as it is, save clouds.yaml, which says where the API is now."""
    passwords = state / "passwords"
    for path in (state, passwords):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    _once(state / "deployment", lambda: str(uuid.uuid4()))
    _once(state / "master.keys", lambda: f"1:{secrets.token_hex(32)}")
    for _, user, _, _ in USERS:
        _once(passwords / user, lambda: secrets.token_urlsafe(12))
    known = {user: (passwords / user).read_text().strip() for _, user, _, _ in USERS}
    _users(state / "users.json", known, parts)
    _tell_clients(state, url, known)
    parts.issuer().controller_certificate("controller")


def remember(state: Path, user: str, password: str, url: str) -> None:
    """Keep the new password of one of our own users, for commands and clients of this machine."""
    _write(state / "passwords" / user, password)
    _tell_clients(state, url, {name: (state / "passwords" / name).read_text().strip() for _, name, _, _ in USERS})


def _tell_clients(state: Path, url: str, passwords: dict[str, str]) -> None:
    clouds = "".join(
        CLOUD.format(cloud=cloud, url=url, user=user, password=passwords[user], project=project)
        for cloud, user, project, _ in USERS
    )
    file = state / "clouds.yaml"
    _write(file, CLOUDS.format(path=file, clouds=clouds))
    _write(state / "openrc", OPENRC.format(path=state / "openrc", clouds=file, root=ROOT))


def _users(path: Path, passwords: dict[str, str], parts: Parts) -> None:
    if path.exists():
        return
    users = parts.users()
    people = [
        users.NewUser(name=user, password=Secret(passwords[user].encode()), project=project, roles=roles)
        for _, user, project, roles in USERS
    ]
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)  # of a command that was killed
    users.create_file(fresh, people)
    fresh.rename(path)


def _once(path: Path, text: Callable[[], str]) -> None:
    if not path.exists():
        _write(path, text())


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text + ("" if text.endswith("\n") else "\n"))
    fresh.rename(path)


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """What the system refuses below, as Trouble that names the file."""
    try:
        yield
    except FileNotFoundError as error:
        where = error.filename or path
        raise Trouble(f"{where} is not there", "hydria up makes what is missing") from error
    except PermissionError as error:
        raise Trouble(f"{error.filename or path}: permission denied", "become root and run it again") from error
    except OSError as error:
        where = error.filename or path
        raise Trouble(f"{where}: {error.strerror}", "see that the disk has room and can be written") from error
