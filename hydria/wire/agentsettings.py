"""The agent's settings, as the config drive brings them."""

import msgspec


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Written by a controller, read by the agent at start."""

    amphora_id: str
    deployment: str
    bind_port: int = 9443
    bind_host: str = "::"
    certificate: str = "/etc/hydria/certs/server.pem"
    client_ca: str = "/etc/hydria/certs/client_ca.pem"
    state_folder: str = "/var/lib/hydria"  # documents, good/, certificate and key of its own
    run_folder: str = "/run/hydria"  # sockets, keys of users: memory-backed
    service_folder: str = "/run/hydria/services"
    haproxy: str = "/usr/sbin/haproxy"
