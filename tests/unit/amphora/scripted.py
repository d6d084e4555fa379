"""An agent that answers as a test says: TLS and HTTP/1.1 on a loopback port."""

import contextlib
import dataclasses
import pathlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import h11
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from hydria.amphora import Contact
from hydria.drivers.certificates import local, signing
from hydria.wire.documents import Facts


@dataclasses.dataclass
class Asked:
    """A request that came."""

    method: str
    target: str
    body: bytes


@dataclasses.dataclass(frozen=True)
class Reply:
    """What is answered; `raw` instead of HTTP, `closes` after it."""

    status: int = 200
    content: Any = None
    raw: bytes | None = None
    closes: bool = False


class Silence(Exception):
    """Say nothing and keep the connection."""


class Agent:
    """Listens until `stop`. `answer` is what the test wants to be answered; `asked` is what came."""

    def __init__(self, issuer: local.LocalIssuer, contact: Contact, folder: pathlib.Path) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.answer: Callable[[Asked], Reply] = lambda _: Reply(content=facts(contact))
        self._folder, self._issuer = folder, issuer
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.key = signing.new_key()
        self.show(issuer.bootstrap(contact.amphora_id, 3600))
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    def show(self, chain: bytes) -> None:
        """Use this certificate and key from the next connection on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=self._issuer.trust_of_controllers().decode())
        (self._folder / "shown.pem").write_bytes(chain)
        context.load_cert_chain(self._folder / "shown.pem")
        self._context = context

    def enrolled(self, asked: Asked) -> Reply:
        """Answer as an agent does that takes its new certificate."""
        if asked.target == "/v1/csr":
            return Reply(content={"csr": self._request().decode()})
        if asked.target == "/v1/certificate":
            self.show(msgspec.json.decode(asked.body)["chain"].encode() + signing.pem_of_key(self.key))
        return Reply(204)

    def hang_up(self) -> None:
        """Close every connection, as an agent does that restarts."""
        while self._open:
            sock = self._open.pop()
            with sock, contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def _request(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agent")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(sock.dup())
                thread = threading.Thread(target=self._serve, args=(sock,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError, EOFError), self._context.wrap_socket(sock, server_side=True) as secured:
            self.connections += 1
            http = h11.Connection(h11.SERVER)
            while self._one(secured, http):
                http.start_next_cycle()
            secured.shutdown(socket.SHUT_RDWR)

    def _one(self, sock: ssl.SSLSocket, http: h11.Connection) -> bool:
        asked = _read(sock, http)
        self.asked.append(asked)
        try:
            reply = self.answer(asked)
        except Silence:
            sock.recv(1)
            return False
        sock.sendall(_spoken(http, reply))
        return reply.raw is None and not reply.closes


def facts(contact: Contact) -> Facts:
    return Facts(
        amphora_id=contact.amphora_id,
        boot_id="b",
        node_epoch=1,
        session="",
        haproxy="2.6",
        memory_mb=1,
        descriptors=1,
        nics=(),
        placements=(),
    )


def _read(sock: ssl.SSLSocket, http: h11.Connection) -> Asked:
    asked = Asked("", "", b"")
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            data = sock.recv(65536)
            if not data:
                raise EOFError
            http.receive_data(data)
        elif isinstance(event, h11.Request):
            asked.method, asked.target = event.method.decode(), event.target.decode()
        elif isinstance(event, h11.Data):
            asked.body += event.data
        else:
            return asked


def _spoken(http: h11.Connection, reply: Reply) -> bytes:
    if reply.raw is not None:
        return reply.raw
    body = b"" if reply.content is None else msgspec.json.encode(reply.content)
    headers = [("Content-Length", str(len(body)))] if reply.status != 204 else []
    headers += [("Connection", "close")] if reply.closes else []
    events = [h11.Response(status_code=reply.status, headers=headers), h11.Data(data=body), h11.EndOfMessage()]
    return b"".join(http.send(event) or b"" for event in events)
