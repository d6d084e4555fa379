"""The contract of certificates. An issuer passes by a subclass of `IssuerContract` that says how it is built."""

import abc
import base64
import datetime as dt
import pathlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from hydria.drivers import certificates, faults
from hydria.drivers.certificates import local, signing
from hydria.kit import clock, ids
from hydria.wire import identities

DEPLOYMENT = ids.new()
MALLORY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mallory")])
ADMIN = identities.uri(DEPLOYMENT, identities.CONTROLLER, "admin")


def request_for(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A signing request that asks for more than it may have."""
    wish = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(ADMIN)])
    ca = x509.BasicConstraints(ca=True, path_length=None)
    builder = x509.CertificateSigningRequestBuilder().subject_name(MALLORY)
    builder = builder.add_extension(wish, critical=True).add_extension(ca, critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def shake(server: bytes, trust_of_clients: bytes, client: bytes, trust_of_servers: bytes, folder: pathlib.Path) -> None:
    """A TLS handshake in memory; raises SSLError when either side does not believe the other."""
    ends = []
    for is_server, shown, trusted in ((True, server, trust_of_clients), (False, client, trust_of_servers)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=trusted.decode())
        file = folder / ids.new()
        file.write_bytes(shown)
        context.load_cert_chain(file)
        ends.append((context, ssl.MemoryBIO(), is_server))
    (one, to_server, _), (two, to_client, _) = ends
    sides = [
        one.wrap_bio(to_server, to_client, server_side=True),
        two.wrap_bio(to_client, to_server),
    ]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert all(side.getpeercert() for side in sides)


def named(pem: bytes) -> list[str]:
    """The URI names in a certificate."""
    found = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.UniformResourceIdentifier)


class IssuerContract(abc.ABC):
    """What holds of every issuer."""

    @pytest.fixture
    @abc.abstractmethod
    def issuer(self) -> certificates.Issuer:
        """The issuer under test."""

    @pytest.fixture
    @abc.abstractmethod
    def controller(self) -> bytes:
        """The certificate and key of a controller."""

    def test_an_amphora_and_a_controller_believe_each_other(
        self, issuer: certificates.Issuer, controller: bytes, tmp_path: pathlib.Path
    ) -> None:
        amphora = issuer.bootstrap(ids.new(), 3600)
        shake(amphora, issuer.trust_of_controllers(), controller, issuer.trust_of_amphorae(), tmp_path)

    def test_an_amphora_is_not_believed_to_be_a_controller(
        self, issuer: certificates.Issuer, tmp_path: pathlib.Path
    ) -> None:
        amphora, other = issuer.bootstrap(ids.new(), 3600), issuer.bootstrap(ids.new(), 3600)
        with pytest.raises(ssl.SSLError):
            shake(amphora, issuer.trust_of_controllers(), other, issuer.trust_of_amphorae(), tmp_path)

    def test_a_controller_is_not_believed_to_be_an_amphora(
        self, issuer: certificates.Issuer, controller: bytes, tmp_path: pathlib.Path
    ) -> None:
        with pytest.raises(ssl.SSLError):
            shake(controller, issuer.trust_of_controllers(), controller, issuer.trust_of_amphorae(), tmp_path)

    def test_nothing_of_a_request_is_taken_but_its_key(
        self, issuer: certificates.Issuer, controller: bytes, tmp_path: pathlib.Path
    ) -> None:
        amphora_id, key = ids.new(), signing.new_key()
        chain = issuer.sign_amphora(request_for(key), amphora_id, 3600)
        signed = x509.load_pem_x509_certificate(chain)
        assert named(chain) == [identities.uri(DEPLOYMENT, identities.AMPHORA, amphora_id)]
        assert signed.public_key() == key.public_key()
        assert b"mallory" not in signed.public_bytes(serialization.Encoding.DER)
        assert not signed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        whole = chain + signing.pem_of_key(key)
        shake(whole, issuer.trust_of_controllers(), controller, issuer.trust_of_amphorae(), tmp_path)

    @pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
    def test_a_key_that_is_not_p256_is_refused(self, issuer: certificates.Issuer, key) -> None:
        with pytest.raises(faults.Refused, match="not P-256"):
            issuer.sign_amphora(request_for(key), ids.new(), 3600)

    def test_a_request_signed_by_another_key_is_refused(self, issuer: certificates.Issuer) -> None:
        good = x509.load_pem_x509_csr(request_for(signing.new_key()))
        forged = good.public_bytes(serialization.Encoding.DER).replace(b"mallory", b"malvina")
        text = base64.encodebytes(forged).decode()
        pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"
        with pytest.raises(faults.Refused, match="not signed by its own key"):
            issuer.sign_amphora(pem.encode(), ids.new(), 3600)

    @pytest.mark.parametrize(
        "text", [b"", b"hello", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"]
    )
    def test_what_is_no_request_is_refused(self, issuer: certificates.Issuer, text: bytes) -> None:
        with pytest.raises(faults.Refused, match="cannot be read"):
            issuer.sign_amphora(text, ids.new(), 3600)

    @pytest.mark.parametrize("name", ["", "a/b", "a\nb", "a b", "ä", "x" * 65])
    def test_a_name_that_would_not_be_one_uri_is_refused(self, issuer: certificates.Issuer, name: str) -> None:
        with pytest.raises(faults.Refused):
            issuer.bootstrap(name, 3600)

    def test_a_certificate_lasts_as_long_as_was_asked(self, issuer: certificates.Issuer) -> None:
        made = x509.load_pem_x509_certificate(issuer.bootstrap(ids.new(), 3600))
        now = dt.datetime.now(dt.UTC)
        assert made.not_valid_before_utc < now - dt.timedelta(seconds=240)
        assert abs((made.not_valid_after_utc - now).total_seconds() - 3600) < 30


class TestLocal(IssuerContract):
    @pytest.fixture
    def issuer(self, tmp_path: pathlib.Path) -> local.LocalIssuer:
        return local.LocalIssuer(tmp_path / "certificates", DEPLOYMENT, clock.SystemClock())

    @pytest.fixture
    def controller(self, issuer) -> bytes:
        return issuer.controller_certificate("worker.one").read_bytes()
