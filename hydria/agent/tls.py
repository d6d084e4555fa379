"""Who the agent is and whom it accepts: its key, request, certificate and trust; contexts are remade when one of them changes."""

import os
import ssl

from hydria.agent import disk, faults, processes
from hydria.wire import identities
from hydria.wire.agentsettings import AgentSettings

_REQUEST = """[req]
distinguished_name = name
req_extensions = extensions
prompt = no
[name]
CN = {name}
[extensions]
subjectAltName = URI:{uri}
"""


class Identity:
    """Key, certificate and trust on disk; `context` is for the next connection."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._folder = settings.state_folder
        self._key = f"{settings.state_folder}/key.pem"
        self._request = f"{settings.state_folder}/request.pem"
        self._own = f"{settings.state_folder}/server.pem"
        self._trust = f"{settings.state_folder}/trust.pem"
        self.bootstrap = True
        self.context = self._make()

    def _make(self) -> ssl.SSLContext:
        """A context from what is on disk: what was installed, else what the config drive brought."""
        trust = self._trust if os.path.exists(self._trust) else self._settings.client_ca
        if os.path.exists(self._own):
            try:
                context = _context(self._own, trust)
            except (ssl.SSLError, OSError):
                disk.forget(self._own)  # half a file after a crash: the bootstrap certificate still opens the door
            else:
                self.bootstrap = False
                return context
        self.bootstrap = True
        return _context(self._settings.certificate, trust)

    async def request(self) -> str:
        """The certificate request; the key is made at the first call and never leaves."""
        done = disk.read(self._request)
        if done and os.path.exists(self._key):
            return done.decode()
        uri = identities.uri(self._settings.deployment, identities.AMPHORA, self._settings.amphora_id)
        disk.folder(self._folder, 0o711)
        config = f"{self._folder}/request.cnf"
        disk.write(config, _REQUEST.format(name=self._settings.amphora_id, uri=uri).encode())
        argv = [
            "openssl",
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-config",
            config,
        ]
        ended = await processes.run([*argv, "-keyout", f"{self._key}.new", "-out", f"{self._request}.new"])
        disk.forget(config)
        if ended.code:
            raise faults.Answer(507, f"no key could be made: {' '.join(ended.err.split())[:500]}")
        os.chmod(f"{self._key}.new", 0o600)
        os.replace(f"{self._key}.new", self._key)
        os.replace(f"{self._request}.new", self._request)
        return (disk.read(self._request) or b"").decode()

    def install(self, chain: str) -> None:
        """Use this certificate from the next connection on; `Answer` 400 unless it belongs to our key."""
        tried = f"{self._own}.tried"
        disk.write(tried, chain.rstrip().encode() + b"\n" + (disk.read(self._key) or b""))
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tried)
        except (ssl.SSLError, OSError) as error:
            disk.forget(tried)
            raise faults.Answer(
                400, f"not a certificate of our key: {getattr(error, 'reason', None) or error}"
            ) from error
        os.replace(tried, self._own)
        self.context = self._make()

    def trust(self, bundle: str) -> None:
        """Accept whom this bundle names from the next connection on; `Answer` 400 when it names nobody."""
        if disk.read(self._trust) == bundle.encode():
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=bundle)
        except (ssl.SSLError, ValueError) as error:
            raise faults.Answer(
                400, f"the trust bundle is not PEM: {getattr(error, 'reason', None) or error}"
            ) from error
        disk.write(self._trust, bundle.encode())
        self.context = self._make()

    def is_controller(self, certificate: dict[str, object] | None) -> bool:
        """Whether the peer of a connection is a controller of our deployment."""
        peer = identities.of_peer(certificate)
        return peer is not None and peer[:2] == (self._settings.deployment, identities.CONTROLLER)


def _context(certificate: str, trust: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(trust)
    context.load_cert_chain(certificate)
    return context
