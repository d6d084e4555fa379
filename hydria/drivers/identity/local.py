"""Users of one machine: a file with their passwords (scrypt), and signed tokens that every process can check.

The file is JSON, mode 0600: `{"key": hex, "users": [{id, name, password, project_id, project_name, roles}]}`. A user has
one project. Revoked tokens are lines of a file beside it. Both are read again when they change.
"""

import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Iterable, Mapping
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


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    id: str
    user_id: str
    project_id: str
    issued_at: int
    expires_at: int


def create_file(path: Path, users: Iterable[NewUser]) -> None:
    """Write a new file of users, readable by its owner only; raises FileExistsError."""
    projects: dict[str, str] = {}
    made = [
        User(
            id=ids.new(),
            name=u.name,
            password=hashed(u.password.reveal()),
            project_id=projects.setdefault(u.project, ids.new()),
            project_name=u.project,
            roles=sorted(u.roles),
        )
        for u in users
    ]
    raw = msgspec.json.format(msgspec.json.encode(Users(key=os.urandom(32).hex(), users=made)))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw + b"\n")


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
        self._read: tuple[float, float] = (-1.0, -1.0)
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
        now = int(self._time.now())
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
        return (user, said) if user else None

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
        return hmac.new(bytes.fromhex(self._users.key), body, hashlib.sha256).hexdigest()

    def _refresh(self) -> None:
        seen = (_changed(self._path), _changed(self._revocations))
        if seen == self._read:
            return
        with self._lock:
            self._users = msgspec.json.decode(self._path.read_bytes(), type=Users)
            lines = self._revocations.read_text().split() if seen[1] else []
            self._revoked = frozenset(lines)
            self._read = seen


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
