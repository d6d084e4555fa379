"""Who is who: URI names in certificates, of two trust roots that never vouch for each other's kind.

The root *controllers* signs controllers (accepted by agents); the root *amphorae* signs amphorae (accepted by controllers).
Each certificate has exactly one URI SAN: `hydria://<deployment>/<role>/<id>`.
"""

import re
from typing import Any

CONTROLLER = "controller"
AMPHORA = "amphora"
AGENT_PORT = 9443
BOOTSTRAP_S = 7200
"""How long the certificate on a config drive is good for: an hour, and an hour by which a clock may be set ahead meanwhile."""
CERTIFICATE_S = 30 * 86400
"""How long the certificate is good for that an amphora gets for a key of its own."""

FILES = ("/etc/hydria/certs/server.pem", "/etc/hydria/certs/client_ca.pem", "/etc/hydria/amphora-agent.json")
"""What the config drive brings: certificate and key, whom to accept, settings of the agent (`AgentSettings`)."""

_URI = re.compile(r"\Ahydria://([0-9a-f-]{36})/(controller|amphora)/([A-Za-z0-9.-]{1,64})\Z")


def uri(deployment: str, role: str, name: str) -> str:
    """The URI name of somebody."""
    return f"hydria://{deployment}/{role}/{name}"


def parse(text: str) -> tuple[str, str, str] | None:
    """(deployment, role, id) of a URI name, or None."""
    found = _URI.match(text)
    return (found[1], found[2], found[3]) if found else None


def of_peer(certificate: dict[str, Any] | None) -> tuple[str, str, str] | None:
    """Who the peer of a TLS connection is, from `getpeercert()`; None unless it has exactly one good URI name."""
    names = [value for kind, value in (certificate or {}).get("subjectAltName", ()) if kind == "URI"]
    return parse(names[0]) if len(names) == 1 else None
