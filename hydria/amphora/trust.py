"""Whom a controller believes: TLS that accepts amphorae only, and of them only the one that was meant."""

import pathlib
import ssl
import threading
from collections.abc import Callable

from hydria.amphora import Contact
from hydria.drivers import certificates
from hydria.wire import identities

Key = tuple[bytes, pathlib.Path, int, int]


class Stranger(Exception):
    """Whoever answered is not the amphora that was meant."""


class Trust:
    """TLS contexts made of the trust bundle and our own certificate; made anew when either has changed.

    `certificate` gives the file with this controller's certificate and key, renewed when it was time.
    """

    def __init__(self, issuer: certificates.Issuer, certificate: Callable[[], pathlib.Path], deployment: str) -> None:
        self._issuer = issuer
        self._certificate = certificate
        self._deployment = deployment
        self._turn = threading.Lock()
        self._made: tuple[Key, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """The context for the next connection."""
        with self._turn:
            bundle, path = self._issuer.trust_of_amphorae(), self._certificate()
            found = path.stat()
            key = (bundle, path, found.st_mtime_ns, found.st_ino)
            if self._made is None or self._made[0] != key:
                self._made = (key, _context(bundle.decode(), path))
            return self._made[1]

    def check(self, peer: ssl.SSLSocket, contact: Contact) -> None:
        """Raises Stranger unless the other end's one name is that of the amphora."""
        wanted = (self._deployment, identities.AMPHORA, contact.amphora_id)
        found = identities.of_peer(peer.getpeercert())
        if found != wanted:
            name = identities.uri(*found) if found else "no name of ours"
            message = f"has {name} in its certificate"
            raise Stranger(message)


def _context(bundle: str, certificate: pathlib.Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # an amphora is known by its URI name, which `check` compares; addresses come and go
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=bundle)
    context.load_cert_chain(certificate)
    return context
