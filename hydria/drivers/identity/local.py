"""Users of one machine: a file with their passwords (scrypt), and signed tokens that every process can check.

The file is JSON, mode 0600: `{"key": hex, "users": [{id, name, password, project_id, project_name, roles}], "projects":
{name: id}}`. A user has one project; a project keeps its id when its last user goes. Revoked tokens are lines of a file
beside it. Both are read again when they change.
"""

import base64
import fcntl
import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hydria.drivers.identity import EMPTY, Caller
from hydria.kit import clock, ids
from hydria.kit.secret import Secret

LIFE_S = 3600 * 12
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the file; `password` is the salt and the hash, never the password."""

    id: str
    name: str
    password: str
    project_id: str
    project_name: str
    roles: list[str]
    since: int = 0
    """Tokens that were issued before this second are worth nothing."""


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user to put into a file."""

    name: str
    password: Secret
    project: str = "default"
    roles: tuple[str, ...] = ("member", "reader")


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """The file."""

    key: str
    users: list[User]
    projects: dict[str, str] = {}
    """Ids of projects that may have no user any more."""

    def project(self, name: str) -> str:
        """The id of a project, for ever the same; a new one where the name is new."""
        known = {user.project_name: user.project_id for user in self.users}
        return self.projects.get(name) or known.get(name) or ids.new()

    def with_user(self, new: NewUser) -> "Users":
        """The same with one more user."""
        user = User(
            id=ids.new(),
            name=new.name,
            password=hashed(new.password.reveal()),
            project_id=self.project(new.project),
            project_name=new.project,
            roles=sorted(new.roles),
        )
        return self.replaced([*self.users, user])

    def replaced(self, users: list[User]) -> "Users":
        """The same with other users; projects are never forgotten."""
        known = {user.project_name: user.project_id for user in (*self.users, *users)}
        return msgspec.structs.replace(self, users=users, projects=known | self.projects)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    id: str
    user_id: str
    project_id: str
    issued_at: int
    expires_at: int


def create_file(path: Path, users: Iterable[NewUser]) -> None:
    """Write a new file of users, readable by its owner only; raises FileExistsError."""
    made = Users(key=os.urandom(32).hex(), users=[])
    for user in users:
        made = made.with_user(user)
    _write(path, made)


def change(path: Path, edit: Callable[[Users], Users]) -> None:
    """Write the file of users anew, whole or not at all; who changes it at the same time waits."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)  # of a command that was killed
        _write(fresh, edit(read(path)))
        fresh.rename(path)
    finally:
        os.close(folder)


def read(path: Path) -> Users:
    """What a file of users says."""
    return msgspec.json.decode(path.read_bytes(), type=Users)


def _write(path: Path, users: Users) -> None:
    raw = msgspec.json.format(msgspec.json.encode(users))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw + b"\n")
        file.flush()
        os.fsync(file.fileno())


def hashed(password: bytes, salt: bytes | None = None) -> str:
    """Salt and hash of a password."""
    salt = salt or os.urandom(16)
    return f"{salt.hex()}${hashlib.scrypt(password, salt=salt, **SCRYPT).hex()}"


def matches(kept: str, password: bytes) -> bool:
    """Whether this is the password that was hashed."""
    salt = bytes.fromhex(kept.partition("$")[0])
    return hmac.compare_digest(hashed(password, salt), kept)


class LocalIdentity:
    """Identity from a file."""

    challenge = "Keystone"

    def __init__(self, path: Path, time: clock.Clock) -> None:
        self._path = path
        self._revocations = path.with_name(path.name + ".revoked")
        self._time = time
        self._lock = threading.Lock()
        self._seen: tuple[object, object] | None = None
        self._users = Users(key="", users=[])
        self._revoked: frozenset[str] = frozenset()
        self._refresh()

    def users(self) -> list[User]:
        """Everybody in the file."""
        self._refresh()
        return self._users.users

    def log_in(self, user: str, password: str) -> User | None:
        """The user with that name or id, if the password is theirs."""
        found = next((u for u in self.users() if user in (u.name, u.id)), None)
        # An unknown name costs as much time as a known one.
        kept = found.password if found else hashed(b"", b"\0" * 16)
        return found if matches(kept, password.encode()) and found else None

    def issue(self, user: User) -> tuple[str, Token]:
        """A new token, and what it says."""
        now = max(int(self._time.now()), user.since)
        said = Token(id=ids.new(), user_id=user.id, project_id=user.project_id, issued_at=now, expires_at=now + LIFE_S)
        body = base64.urlsafe_b64encode(msgspec.msgpack.encode(said))
        return f"{body.decode()}.{self._signature(body)}", said

    def opened(self, token: str) -> tuple[User, Token] | None:
        """Whose token this is and what it says; None when it is worth nothing."""
        self._refresh()
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(self._signature(body.encode()), signature.encode("ascii", "replace").decode()):
            return None
        said = msgspec.msgpack.decode(base64.urlsafe_b64decode(body), type=Token)
        if said.expires_at <= self._time.now() or said.id in self._revoked:
            return None
        user = next((u for u in self._users.users if u.id == said.user_id and u.project_id == said.project_id), None)
        return (user, said) if user and said.issued_at >= user.since else None

    def revoke(self, token: Token) -> None:
        """Make a token worthless, in every process."""
        with os.fdopen(os.open(self._revocations, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(f"{token.id}\n")

    def caller(self, token: str | None, environ: Mapping[str, Any] = EMPTY) -> Caller | None:
        opened = self.opened(token) if token else None
        if opened is None:
            return None
        user, _ = opened
        return Caller(user.id, user.project_id, frozenset(user.roles))

    def _signature(self, body: bytes) -> str:
        return hmac.digest(bytes.fromhex(self._users.key), body, "sha256").hex()

    def _refresh(self) -> None:
        seen = (_changed(self._path), _changed(self._revocations))
        if seen == self._seen:
            return
        with self._lock:
            self._users = read(self._path)
            lines = self._revocations.read_text().split() if seen[1] else []
            self._revoked = frozenset(lines)
            self._seen = seen


def _changed(path: Path) -> tuple[int, int, int] | None:
    """What differs when a file was written anew, also within one tick of its clock; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
