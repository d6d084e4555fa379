"""Roots and what they sign: X.509 of P-256 keys. Reads no clock and touches no file."""

import datetime as dt
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hydria.drivers import faults

BACKDATED_S = 86400.0
"""Certificates begin in the past: the clock of whoever looks at one may be behind, or be set back by hours."""

SERVER_AND_CLIENT = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)

_PAIR = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclass(frozen=True)
class Root:
    """A root and its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def begins(self) -> float:
        """When it was made, seconds since 1970."""
        return self.certificate.not_valid_before_utc.timestamp() + BACKDATED_S

    @property
    def ends(self) -> float:
        """When it ends, seconds since 1970."""
        return self.certificate.not_valid_after_utc.timestamp()


@dataclass(frozen=True)
class Subject:
    """Whom a certificate is for: one URI name, a short name for people, what it may be used for."""

    uri: str
    name: str
    usages: tuple[x509.ObjectIdentifier, ...]


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key."""
    return ec.generate_private_key(ec.SECP256R1())


def new_root(name: str, now: float, seconds: float) -> Root:
    """A fresh root, good for signing certificates and nothing else."""
    key = new_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _builder(_named(name), _named(name), key.public_key(), now, now + seconds)
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_usage(signs_certificates=True), True),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ):
        builder = builder.add_extension(extension, critical)
    return Root(key, builder.sign(key, hashes.SHA256()))


def certify(root: Root, key: ec.EllipticCurvePublicKey, subject: Subject, now: float, seconds: float) -> bytes:
    """A certificate (PEM) for a key; it ends no later than its root."""
    issuer = root.certificate
    builder = _builder(_named(subject.name), issuer.subject, key, now, min(now + seconds, root.ends))
    authority = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage(subject.usages), False),
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(subject.uri)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), False),
    ):
        builder = builder.add_extension(extension, critical)
    return pem(builder.sign(root.key, hashes.SHA256()))


def requested_key(csr: bytes) -> ec.EllipticCurvePublicKey:
    """The key of a signing request (PEM), the only thing that is taken from it; raises Refused."""
    try:
        request = x509.load_pem_x509_csr(csr)
        key, is_proved = request.public_key(), request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        message = f"the signing request cannot be read: {error}; send one in PEM with a P-256 key"
        raise faults.Refused(message) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        message = "the signing request's key is not P-256; make one on the curve secp256r1"
        raise faults.Refused(message)
    if not is_proved:
        message = "the signing request is not signed by its own key; make a new one"
        raise faults.Refused(message)
    return key


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key as text, not encrypted: keep it where only its owner reads."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def dump(roots: list[Root]) -> bytes:
    """Roots as text, keys included."""
    return b"".join(pem_of_key(root.key) + pem(root.certificate) for root in roots)


def load(text: bytes) -> list[Root]:
    """The roots that text holds, in its order; raises ValueError."""
    return [_root(pair) for pair in _PAIR.findall(text)]


def _root(pair: bytes) -> Root:
    key = serialization.load_pem_private_key(pair, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        message = "the key of a root is not P-256"
        raise ValueError(message)  # noqa: TRY004  (the text is wrong, not its type)
    return Root(key, x509.load_pem_x509_certificate(pair))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: float, ends: float
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=_moment(now - BACKDATED_S),
        not_valid_after=_moment(ends),
    )


def _moment(seconds: float) -> dt.datetime:
    # The builder takes naive UTC; whole seconds are all that a certificate holds.
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC).replace(tzinfo=None)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
