"""Real amphorae: the agent in each is spoken to over mutual TLS, as `wire.documents` says.

Every request may be sent twice: documents carry epochs, and the rest says what shall be, not what to do. So no answer
is always Temporary, and a kept connection that turns out to be dead is replaced once without a word.
"""

import pathlib
import ssl
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import h11
import msgspec

from hydria import amphora
from hydria.amphora import Contact, connections, trust
from hydria.amphora.connections import Settings
from hydria.drivers import certificates, faults
from hydria.kit import clock
from hydria.wire import identities
from hydria.wire.documents import Applied, Facts, Fault, NodeDocument, PlacementDocument, Proof

T = TypeVar("T")

"""How long an amphora's certificate is good for."""

_BUSY = frozenset({408, 425, 429})


class AgentAmphorae:
    """`amphora.Amphorae`, for amphorae that exist. Safe to use from many threads."""

    def __init__(
        self,
        issuer: certificates.Issuer,
        certificate: Callable[[], pathlib.Path],
        deployment: str,
        time: clock.Clock,
        settings: Settings,
    ) -> None:
        self._issuer = issuer
        self._settings = settings
        self._connections = connections.Connections(trust.Trust(issuer, certificate, deployment), time, settings)

    def enroll(self, contact: Contact) -> float:
        request = self._ask(contact, "GET", "/v1/csr", Csr)
        chain = self._issuer.sign_amphora(request.csr.encode(), contact.amphora_id, identities.CERTIFICATE_S)
        self._tell(contact, "PUT", "/v1/certificate", {"chain": chain.decode()})
        self._connections.forget(contact)
        return self._shown(contact, ssl.PEM_cert_to_DER_cert(_first(chain.decode())))

    def node(self, contact: Contact, document: NodeDocument) -> Facts:
        return self._ask(contact, "PUT", "/v1/node", Facts, document)

    def facts(self, contact: Contact) -> Facts:
        return self._ask(contact, "GET", "/v1/facts", Facts)

    def prove(self, contact: Contact, document: PlacementDocument) -> Proof:
        return self._ask(contact, "POST", f"/v1/placements/{document.load_balancer_id}/prove", Proof, document)

    def apply(self, contact: Contact, document: PlacementDocument) -> Applied:
        return self._ask(contact, "PUT", f"/v1/placements/{document.load_balancer_id}", Applied, document)

    def retire(self, contact: Contact, load_balancer_id: str, epoch: int) -> int:
        target = f"/v1/placements/{load_balancer_id}/retire"
        try:
            return self._ask(contact, "POST", target, Open, {"epoch": epoch}).connections
        except _Absent:  # it was removed, or the amphora has booted: nobody is inside
            return 0

    def remove(self, contact: Contact, load_balancer_id: str, epoch: int) -> None:
        self._tell(contact, "DELETE", f"/v1/placements/{load_balancer_id}?epoch={epoch}")

    def close(self) -> None:
        """Close every connection that is kept."""
        self._connections.close()

    def _shown(self, contact: Contact, certificate: bytes) -> float:
        """When the certificate ends that the amphora shows now; it must be this one."""
        connection = self._open(contact)
        shown, details = connection.sock.getpeercert(binary_form=True), connection.sock.getpeercert()
        if shown != certificate or details is None:
            connection.close()
            message = f"{_who(contact)} does not use its new certificate yet"
            raise faults.Temporary(message)
        self._connections.keep(contact, connection)
        return float(ssl.cert_time_to_seconds(str(details["notAfter"])))

    def _ask(self, contact: Contact, method: str, target: str, kind: type[T], content: Any = None) -> T:
        """Send a request and read its answer."""
        body = self._tell(contact, method, target, content)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            message = f"{_who(contact)} answered {method} {target} with something else than was asked for: {error}"
            raise faults.Temporary(message) from error

    def _tell(self, contact: Contact, method: str, target: str, content: Any = None) -> bytes:
        """Send a request; the body of its answer, unread."""
        body = b"" if content is None else msgspec.json.encode(content)
        answer = self._exchange(contact, _request(contact, method, target, len(body)), body)
        if answer.status >= 300:
            _raise(contact, answer)
        return answer.body

    def _exchange(self, contact: Contact, request: h11.Request, body: bytes) -> connections.Answer:
        kept = self._connections.kept(contact)
        if kept is not None:
            try:
                return self._on(kept, contact, request, body)
            except connections.Broken as error:
                if not error.is_dead:
                    raise _silent(contact, error) from error
        try:
            return self._on(self._open(contact), contact, request, body)
        except connections.Broken as error:
            raise _silent(contact, error) from error

    def _on(
        self, connection: connections.Connection, contact: Contact, request: h11.Request, body: bytes
    ) -> connections.Answer:
        try:
            answer = connection.ask(request, body, self._settings.answer_s)
        except BaseException:
            connection.close()
            raise
        self._connections.keep(contact, connection)
        return answer

    def _open(self, contact: Contact) -> connections.Connection:
        try:
            return self._connections.open(contact)
        except (OSError, trust.Stranger) as error:
            # Also when somebody else answers: addresses are used again, the amphora may come back.
            raise _silent(contact, error) from error


class _Absent(faults.Refused):
    """The amphora knows no such thing."""


class Csr(msgspec.Struct, frozen=True):
    """A signing request."""

    csr: str


class Open(msgspec.Struct, frozen=True):
    """Connections that are still open."""

    connections: int


def _request(contact: Contact, method: str, target: str, size: int) -> h11.Request:
    host = f"[{contact.address}]" if ":" in contact.address else contact.address
    headers = [("Host", host), ("Content-Type", "application/json"), ("Content-Length", str(size))]
    return h11.Request(method=method, target=target, headers=headers)


def _raise(contact: Contact, answer: connections.Answer) -> NoReturn:
    """What an answer means that is not the one hoped for."""
    try:
        fault = msgspec.json.decode(answer.body, type=Fault)
    except msgspec.DecodeError:
        fault = Fault(error=answer.body[:200].decode(errors="replace"))
    if answer.status == 409:
        raise amphora.Stale(fault.error)
    if answer.status == 422 and fault.proof:
        raise amphora.RefusedDocument(fault.proof)
    message = f"{_who(contact)} answered {answer.status}: {fault.error}"
    if answer.status >= 500 or answer.status in _BUSY:
        raise faults.Temporary(message)
    raise (_Absent if answer.status == 404 else faults.Refused)(message)


def _silent(contact: Contact, error: Exception) -> faults.Temporary:
    return faults.Temporary(f"{_who(contact)}: {error}")


def _who(contact: Contact) -> str:
    return f"amphora {contact.amphora_id} at {contact.address}"


def _first(chain: str) -> str:
    end = "-----END CERTIFICATE-----"
    return chain[: chain.index(end) + len(end)]
