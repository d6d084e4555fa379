"""Certificates signed here: two roots in a folder that all controllers of a machine share.

`<root>.pem` holds every root of a kind with its key, newest first. All are in the trust bundle; the newest that has been
there for a day signs, since by then every amphora has heard of it. So a root rolls over by `roll` alone.
"""

import contextlib
import fcntl
import os
import pathlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

from hydria.drivers import faults
from hydria.drivers.certificates import signing
from hydria.kit import clock, ids
from hydria.wire import identities

AMPHORAE = "amphorae"
CONTROLLERS = "controllers"

ROOT_S = 10 * 365 * 86400.0
SPREAD_S = 86400.0
"""How long a new root is only trusted before it signs."""

CONTROLLER_S = 30 * 86400
"""How long a controller's certificate is good for; it is renewed at two thirds of that."""

_RENEW_AT = 2 / 3

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class _Roots:
    """What a file of roots held when it was last read."""

    stamp: Stamp
    roots: list[signing.Root]
    bundle: bytes

    def signer(self, now: float) -> signing.Root:
        """The newest root that everybody knows by now, else the oldest."""
        return next((root for root in self.roots if now >= root.begins + SPREAD_S), self.roots[-1])


class LocalIssuer:
    """Signs with keys in a folder. Safe to use from many threads, and from many processes on one folder."""

    def __init__(self, folder: pathlib.Path, deployment: str, time: clock.Clock) -> None:
        self._folder = folder
        self._deployment = deployment
        self._time = time
        self._turn = threading.Lock()
        self._known: dict[str, _Roots] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with self._alone():
            for name in (AMPHORAE, CONTROLLERS):
                self._prepare(name)

    def sign_amphora(self, csr: bytes, amphora_id: str, seconds: int) -> bytes:
        subject = self._subject(identities.AMPHORA, amphora_id)
        key = signing.requested_key(csr)
        now = self._time.now()
        return signing.certify(self._roots(AMPHORAE).signer(now), key, subject, now, seconds)

    def bootstrap(self, amphora_id: str, seconds: int) -> bytes:
        return self._made(AMPHORAE, self._subject(identities.AMPHORA, amphora_id), seconds)

    def trust_of_amphorae(self) -> bytes:
        return self._roots(AMPHORAE).bundle

    def trust_of_controllers(self) -> bytes:
        return self._roots(CONTROLLERS).bundle

    def controller_certificate(self, name: str) -> pathlib.Path:
        """A file with the certificate and key of a controller; ask again before each use, it may have been renewed."""
        subject = self._subject(identities.CONTROLLER, name)
        path = self._folder / f"controller-{name}.pem"
        if not self._is_good(path, subject):
            with self._alone():
                if not self._is_good(path, subject):
                    _write(path, self._made(CONTROLLERS, subject, CONTROLLER_S))
        return path

    def roll(self, name: str) -> None:
        """Add a root (`amphorae` or `controllers`): trusted now, signing a day from now."""
        with self._alone():
            self._add(name, self._roots(name).roots)

    def _made(self, name: str, subject: signing.Subject, seconds: int) -> bytes:
        key, now = signing.new_key(), self._time.now()
        certificate = signing.certify(self._roots(name).signer(now), key.public_key(), subject, now, seconds)
        return certificate + signing.pem_of_key(key)

    def _subject(self, role: str, name: str) -> signing.Subject:
        uri = identities.uri(self._deployment, role, name)
        if identities.parse(uri) is None:
            message = f"{name!r} cannot be named in a certificate; use up to 64 letters, digits, dots and dashes"
            raise faults.Refused(message)
        usages = signing.SERVER_AND_CLIENT if role == identities.AMPHORA else signing.CLIENT
        return signing.Subject(uri, name, usages)

    def _is_good(self, path: pathlib.Path, subject: signing.Subject) -> bool:
        """Whether a controller's certificate is ours, younger than two thirds of its life, and of a root that is trusted."""
        try:
            found = x509.load_pem_x509_certificate(path.read_bytes())
            names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
            return False
        begins, ends = found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
        is_young = begins <= self._time.now() < begins + (ends - begins) * _RENEW_AT
        is_ours = names.get_values_for_type(x509.UniformResourceIdentifier) == [subject.uri]
        return is_young and is_ours and any(_signed(root, found) for root in self._roots(CONTROLLERS).roots)

    def _roots(self, name: str) -> _Roots:
        # Another process may have added a root: one look at the file's stamp tells.
        stamp = _stamp(self._folder / f"{name}.pem")
        known = self._known.get(name)
        if known is None or known.stamp != stamp:
            known = self._known[name] = self._read(name)
        return known

    def _read(self, name: str) -> _Roots:
        path = self._folder / f"{name}.pem"
        stamp = _stamp(path)
        roots = signing.load(path.read_bytes())
        if not roots:
            message = f"{path} holds no root; restore it from a backup"
            raise ValueError(message)
        return _Roots(stamp, roots, b"".join(signing.pem(root.certificate) for root in roots))

    def _prepare(self, name: str) -> None:
        if not (self._folder / f"{name}.pem").exists():
            self._add(name, [])
            return
        newest = self._roots(name).roots[0]
        if self._time.now() > newest.begins + ROOT_S * _RENEW_AT:
            self._add(name, self._roots(name).roots)

    def _add(self, name: str, roots: list[signing.Root]) -> None:
        now = self._time.now()
        # Roots of one kind have different names, or a verifier would try the wrong one first.
        fresh = signing.new_root(f"hydria {name} {ids.new()[:8]}", now, ROOT_S)
        kept = [root for root in roots if root.ends > now]
        _write(self._folder / f"{name}.pem", signing.dump([fresh, *kept]))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread or process writes here meanwhile."""
        with self._turn:
            lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)


def _signed(root: signing.Root, certificate: x509.Certificate) -> bool:
    return certificate.issuer == root.certificate.subject


def _stamp(path: pathlib.Path) -> Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


def _write(path: pathlib.Path, text: bytes) -> None:
    """Whole or not at all, also when the machine dies; readable by the owner only."""
    fresh = path.with_name(f".{path.name}.{ids.new()}")
    written = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(written, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
