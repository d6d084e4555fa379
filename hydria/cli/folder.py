"""The state folder of a deployment: who it is, its keys, its users, how clients reach it; each file whole or not at all."""

import contextlib
import secrets
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hydria.cli import clouds
from hydria.cli.parts import Parts
from hydria.cli.trouble import Trouble
from hydria.kit.secret import Secret

OPENRC = """# For a shell: `. {path}` puts `openstack` and `hydria` on its path.
export OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD={cloud}
export PATH={root}/build/client/bin:{root}/.venv/bin:$PATH
"""
ROOT = Path(__file__).parents[2]
RESTORE = "put it back from the last backup, see docs/backup.md"
USERS = (
    ("hydria", "demo", "demo", ("member", "reader")),
    ("hydria-admin", "admin", "admin", ("admin", "member", "reader")),
)
"""Cloud in clouds.yaml, user, project, roles."""


def refuse_lost(settings: Any, parts: Parts) -> None:
    """Names and keys that what runs was made with are there and whole: others would make strangers of it. Raises Trouble."""
    refuse_nameless(settings.state)
    if not (settings.state / "deployment").exists():
        return
    _read(settings.state / "master.keys", _first_key)
    if settings.is_self_contained():
        refuse_lost_users(settings, parts)


def refuse_lost_users(settings: Any, parts: Parts) -> None:
    """Users of a file that is made anew would be others, in other projects. Raises Trouble."""
    if any((settings.state / name).exists() for name in ("passwords", "users.json")):
        _read(settings.state / "users.json", parts.users().read)


def refuse_nameless(state: Path) -> None:
    """A deployment that has made certificates has a name; raises Trouble."""
    if (state / "certificates").exists() and not (state / "deployment").exists():
        raise Trouble(f"{state}/deployment is not there: the name of all that was made", RESTORE)


def _read(path: Path, reader: Callable[[Path], object]) -> None:
    try:
        reader(path)
    except FileNotFoundError as error:
        raise Trouble(f"{path} is not there", RESTORE) from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise Trouble(f"{path} is damaged", RESTORE) from error


def _first_key(path: Path) -> bytes:
    _, key = path.read_text().partition("\n")[0].split(":")
    return bytes.fromhex(key)


def prepare(settings: Any, parts: Parts) -> None:
    """Make what is missing; what is there stays as it is, save what tells clients where the API is now. Raises Trouble."""
    state = settings.state
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    _once(state / "master.keys", lambda: f"1:{secrets.token_hex(32)}")
    if not settings.is_behind_keystone():
        (state / "passwords").mkdir(exist_ok=True, mode=0o700)
        for _, user, _, _ in USERS:
            _once(state / "passwords" / user, lambda: secrets.token_urlsafe(12))
        _users(state / "users.json", _passwords(state), parts)
    # Last of what is made once: where it is, nothing of that may be missing. Whoever was killed before goes on here.
    _once(state / "deployment", lambda: str(uuid.uuid4()))
    _tell_clients(settings)
    parts.issuer().controller_certificate("controller")


def remember(settings: Any, user: str, password: str) -> None:
    """Keep the new password of one of our own users, for commands and clients of this machine."""
    _write(settings.state / "passwords" / user, password)
    _tell_clients(settings)


def _tell_clients(settings: Any) -> None:
    clouds_file, openrc = (settings.state / name for name in ("clouds.yaml", "openrc"))
    if known := _known(settings):
        _write(clouds_file, clouds.text(clouds_file, known))
        _write(openrc, OPENRC.format(path=openrc, clouds=clouds_file, cloud=next(iter(known)), root=ROOT))
    else:
        for file in (clouds_file, openrc):  # of an earlier setting
            file.unlink(missing_ok=True)


def _known(settings: Any) -> dict[str, Any]:
    """What stands in clouds.yaml, as far as it works as it is written."""
    url = settings.own_uri()
    if settings.is_behind_keystone():
        return clouds.behind_keystone(settings, url)
    if settings.is_open():
        return clouds.opened(url)
    known = _passwords(settings.state)
    users = {cloud: (user, known[user], project) for cloud, user, project, _ in USERS}
    return clouds.local(url, users, public=settings.public_uri())


def _passwords(state: Path) -> dict[str, str]:
    return {user: (state / "passwords" / user).read_text().strip() for _, user, _, _ in USERS}


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
    except UnicodeDecodeError as error:
        raise Trouble(f"{path}: a file of it is damaged: {error}", "put it back from a backup") from error
    except PermissionError as error:
        raise Trouble(f"{error.filename or path}: permission denied", "become root and run it again") from error
    except OSError as error:
        where = error.filename or path
        raise Trouble(f"{where}: {error.strerror}", "see that the disk has room and can be written") from error
