"""Where everything of a placement is: folders, sockets, namespace, user."""

import hashlib
from dataclasses import dataclass

from hydria.wire.agentsettings import AgentSettings

LONGEST_SOCKET = 90
"""What haproxy can bind: 108 bytes less the suffix that it adds while it binds."""
FIRST_USER = 1_000_000_000


@dataclass(frozen=True)
class Places:
    """The names of one placement."""

    load_balancer_id: str
    state: str
    run: str
    service: str
    netns: str
    uid: int
    ping: str

    @property
    def good_document(self) -> str:
        """The document that was last proved and loaded."""
        return f"{self.state}/good/document.json"

    @property
    def seen(self) -> str:
        """The highest epoch and generation."""
        return f"{self.state}/seen.json"

    @property
    def good(self) -> str:
        """Link to the files last proved and loaded: a respawn uses them."""
        return f"{self.run}/good"

    @property
    def current(self) -> str:
        """Link to the files that a load reads; `good` save in the moment of a reload."""
        return f"{self.run}/current"

    @property
    def admin(self) -> str:
        """haproxy's admin socket."""
        return f"{self.run}/admin"

    @property
    def master(self) -> str:
        """The socket of haproxy's master."""
        return f"{self.run}/master"

    @property
    def log(self) -> str:
        """The datagram socket that haproxy logs to."""
        return f"{self.run}/log"

    @property
    def words(self) -> str:
        """What haproxy wrote to standard error."""
        return f"{self.run}/haproxy.err"

    @property
    def keys(self) -> str:
        """PEM files by digest."""
        return f"{self.run}/pem"

    @property
    def namespace(self) -> str:
        """The file of the network namespace."""
        return f"/run/netns/{self.netns}"

    def files(self, digest: str) -> str:
        """The folder with the files of a document."""
        return f"{self.run}/v-{digest[:16]}"


def of(settings: AgentSettings, load_balancer_id: str) -> Places:
    """The names of a placement. Namespace and user are derived, so that nothing has to be remembered and two amphorae on
    one machine never share them.
    """
    both = hashlib.sha256(f"{settings.amphora_id}/{load_balancer_id}".encode()).digest()
    return Places(
        load_balancer_id=load_balancer_id,
        state=f"{settings.state_folder}/placements/{load_balancer_id}",
        run=f"{settings.run_folder}/placements/{load_balancer_id}",
        service=f"{settings.service_folder}/{load_balancer_id}",
        netns=f"hydria-p-{settings.amphora_id[:13]}-{load_balancer_id[:13]}",
        uid=FIRST_USER + int.from_bytes(both[:4], "big") % FIRST_USER,
        ping=f"{settings.run_folder}/ping-wrapper",
    )
