"""The options of the settings file: names, kinds of values and defaults. Names are those operators know where the meaning is the same."""

import ipaddress
from typing import Any

from oslo_config import cfg, types


class Checked(types.ConfigType):
    """Text that is checked when it is read."""

    def _formatter(self, value: str) -> str:
        return value


class Range(Checked):
    """A network's range of IPv4 addresses."""

    def __init__(self) -> None:
        super().__init__(type_name="a range of IPv4 addresses such as 10.88.0.0/22, with room for at least 8")

    def __call__(self, value: str) -> str:
        net = ipaddress.IPv4Network(value)
        if net.num_addresses < 8:
            message = f"{value} has only {net.num_addresses} addresses"
            raise ValueError(message)
        return str(net)


class Host(Checked):
    """An address of this machine."""

    def __init__(self, *, empty: bool = False) -> None:
        super().__init__(type_name="an IP address" + (" or nothing" if empty else ""))
        self._empty = empty

    def __call__(self, value: str) -> str:
        return "" if self._empty and not value else str(ipaddress.ip_address(value))


class PageLimit(Checked):
    """How much a page may hold."""

    def __init__(self) -> None:
        super().__init__(type_name="a whole number, at least 1, or infinite")

    def __call__(self, value: Any) -> int | None:
        if value is None or str(value).lower() == "infinite":
            return None
        if int(value) < 1:
            message = f"{value} is less than 1"
            raise ValueError(message)
        return int(value)


class Words(types.List):
    """Words of a fixed set, separated by commas."""

    def __init__(self, *known: str) -> None:
        super().__init__(item_type=types.String(choices=known), type_name=f"some of {', '.join(known)}")


TLS_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
USUAL_TLS = ["TLSv1.2", "TLSv1.3"]
USUAL_ALPN = ["h2", "http/1.1", "http/1.0"]
# With forward secrecy and authenticated encryption only; the first three are those of TLS 1.3.
USUAL_CIPHERS = (
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"
)
# The words that tempest expects of a service it was told nothing about.
PROVIDERS = {
    "amphora": "The Octavia Amphora driver.",
    "octavia": "Deprecated alias of the Octavia Amphora driver.",
}
PORT = types.Port(min=1)
QUOTAS = ("load_balancer", "listener", "pool", "member", "health_monitor", "l7policy", "l7rule")
"""What is counted, as options and tables call it."""
PLACES = {
    "DEFAULT": (
        cfg.StrOpt(
            "state_path", default="/var/lib/hydria", help="Where everything is kept that must outlive processes."
        ),
        cfg.StrOpt("run_path", default="/run/hydria-controller", help="Sockets and supervision; memory-backed."),
        cfg.StrOpt(
            "transport_url",
            default="",
            help="RabbitMQ, as rabbit://user:password@host:port/; empty: all processes are on this machine.",
        ),
        cfg.StrOpt(
            "log_level", default="info", choices=["debug", "info", "warning", "error"], help="Least level logged."
        ),
        cfg.IntOpt(
            "max_logfile_size_mb", default=10, min=1, max=1024, help="A log that is larger is begun anew, in MB."
        ),
        cfg.IntOpt("max_logfile_count", default=10, min=1, max=1000, help="Older logs kept of each process."),
        cfg.IntOpt("max_logfile_days", default=30, min=1, max=3650, help="Days after which what was logged is gone."),
    ),
    "api_settings": (
        cfg.Opt("bind_host", type=Host(), default="127.0.0.1", help="Address the API listens on."),
        cfg.Opt("bind_port", type=PORT, default=9876, help="Port the API listens on."),
        cfg.StrOpt(
            "auth_strategy", default="local", choices=["local", "keystone", "noauth"], help="Who tells who a caller is."
        ),
        cfg.IntOpt("workers", default=1, min=1, max=64, help="Processes that answer."),
        cfg.IntOpt("threads", default=16, min=1, max=256, help="Requests answered at once by a process."),
        cfg.BoolOpt("allow_pagination", default=True, help="Lists come in pages; false: whole."),
        cfg.BoolOpt("allow_sorting", default=True, help="Lists are sorted as clients ask."),
        cfg.BoolOpt("allow_filtering", default=True, help="Lists hold only what clients ask for."),
        cfg.BoolOpt(
            "allow_field_selection", default=True, help="Only those attributes are shown that clients ask for."
        ),
        cfg.Opt("pagination_max_limit", type=PageLimit(), default=1000, help="Most objects on a page, or infinite."),
        cfg.BoolOpt("healthcheck_enabled", default=False, help="Answer on /healthcheck, without a token."),
        cfg.BoolOpt("strict_immutable", default=False, help="Answer 409 while a load balancer is pending."),
        cfg.FloatOpt(
            "wait_timeout", default=30.0, min=0, max=300, help="Seconds a request with wait=applied may wait."
        ),
        cfg.FloatOpt(
            "fast_ack_ms",
            default=25.0,
            min=0,
            max=1000,
            help="Milliseconds an answer may wait for quick work; 0: none.",
        ),
        cfg.StrOpt(
            "api_base_uri",
            default=None,
            sample_default="https://lb.example.org",
            help="How clients reach the API; left out: as the request says.",
        ),
        cfg.Opt(
            "enabled_provider_drivers",
            type=types.Dict(types.String(), type_name="names and descriptions, such as amphora:Ours."),
            default=PROVIDERS,
            help="Providers that users may choose, name:description; octavia is another name of amphora.",
        ),
        cfg.StrOpt("default_provider_driver", default="amphora", help="The provider of what names none."),
        *(
            cfg.BoolOpt(f"allow_{name}", default=True, help=f"{what} may be created.")
            for name, what in (
                ("tls_terminated_listeners", "TERMINATED_HTTPS listeners"),
                ("prometheus_listeners", "PROMETHEUS listeners"),
                ("ping_health_monitors", "PING health monitors"),
            )
        ),
        cfg.IntOpt(
            "udp_connect_min_interval_health_monitor", default=3, min=0, help="Least delay of UDP-CONNECT, in seconds."
        ),
        cfg.StrOpt(
            "minimum_tls_version",
            default=None,
            sample_default="TLSv1.2",
            choices=TLS_VERSIONS,
            help="The weakest TLS that users may ask for; left out: any.",
        ),
        cfg.StrOpt(
            "tls_cipher_prohibit_list", default="", help="Ciphers that nobody may ask for, separated by colons."
        ),
        *(
            option
            for thing in ("listener", "pool")
            for option in (
                cfg.StrOpt(
                    f"default_{thing}_ciphers", default=USUAL_CIPHERS, help=f"Ciphers of a {thing} that names none."
                ),
                cfg.Opt(
                    f"default_{thing}_tls_versions",
                    type=Words(*TLS_VERSIONS),
                    default=USUAL_TLS,
                    help=f"TLS versions of a {thing} that names none.",
                ),
                cfg.Opt(
                    f"default_{thing}_alpn_protocols",
                    type=Words(*USUAL_ALPN),
                    default=USUAL_ALPN,
                    help=f"ALPN protocols of a {thing} that names none.",
                ),
            )
        ),
    ),
    "metrics": (
        cfg.BoolOpt("enabled", default=True, help="Serve metrics for Prometheus."),
        cfg.Opt("bind_host", type=Host(), default="127.0.0.1", help="Address they are served on."),
        cfg.Opt(
            "bind_port",
            type=types.Port(min=1, max=65533),
            default=9877,
            help="Port of the API's; the worker's and the health manager's are the next two.",
        ),
    ),
    "oslo_policy": (
        cfg.StrOpt(
            "policy_file", default="", help="Rules that replace ours; empty: policy.yaml beside this file, if any."
        ),
        cfg.BoolOpt("enforce_scope", default=True, help="Refuse tokens of the whole system or of a domain."),
        cfg.BoolOpt("enforce_new_defaults", default=True, help="False: roles load-balancer_* count as well."),
    ),
    "oslo_middleware": (
        cfg.IntOpt("max_request_body_size", default=4194304, min=1024, help="Most bytes of a request's body."),
        cfg.BoolOpt("enable_proxy_headers_parsing", default=False, help="Believe a proxy's Forwarded headers."),
    ),
    "database": (
        cfg.StrOpt("connection", default="", help="URL of the database; empty: SQLite in state_path."),
        cfg.StrOpt("observed_connection", default="", help="URL for what is only observed; empty: SQLite beside it."),
    ),
    "networking": (
        *(
            cfg.BoolOpt(f"allow_vip_{what}_id", default=True, help=f"Users may name the {what} of a VIP.")
            for what in ("network", "subnet", "port")
        ),
        cfg.Opt(
            "reserved_ips",
            type=types.List(item_type=Host()),
            default=["169.254.169.254"],
            help="Addresses that no member may have.",
        ),
        cfg.ListOpt("valid_vip_networks", default=[], help="Ids of the networks that VIPs may be on; empty: all."),
        cfg.ListOpt("denylist_vip_networks", default=[], help="Ids of networks that no VIP may be on."),
    ),
    "controller_worker": (
        cfg.StrOpt("compute_driver", default="local", choices=["local", "noop"], help="Makes machines."),
        cfg.StrOpt("network_driver", default="local", choices=["local", "noop"], help="Makes ports."),
        cfg.StrOpt("amphora_driver", default="agent", choices=["agent", "noop"], help="Talks to amphorae."),
        cfg.IntOpt("threads", default=8, min=1, max=256, help="Load balancers worked on at once."),
        cfg.FloatOpt("create_deadline", default=15.0, min=0.1, help="Seconds until a creation shows ERROR."),
        cfg.FloatOpt("push_deadline", default=30.0, min=0.1, help="Seconds until a change shows ERROR."),
        cfg.FloatOpt("drain_timeout", default=5.0, min=0, help="Seconds for open connections of what is deleted."),
    ),
    "health_manager": (
        cfg.Opt(
            "bind_ip",
            type=Host(empty=True),
            default="",
            help="Address for datagrams; empty: this machine's on the management network.",
        ),
        cfg.Opt("bind_port", type=PORT, default=5555, help="Port for datagrams."),
        cfg.FloatOpt("heartbeat_interval", default=1.0, min=0.1, help="Seconds between two signs of life."),
        cfg.FloatOpt(
            "heartbeat_timeout", default=5.0, min=2.0, help="Seconds of silence before an amphora is suspected."
        ),
        cfg.FloatOpt("statistics_interval", default=10.0, min=0.5, help="Seconds between two reports of statistics."),
    ),
    "house_keeping": (
        cfg.FloatOpt("cleanup_interval", default=60.0, min=1.0, help="Seconds between two looks for garbage."),
    ),
    "haproxy_amphora": (
        *(
            cfg.IntOpt(
                f"timeout_{name}",
                default=usual,
                min=0,
                max=2_073_600_000,
                help=f"{what}, in ms, unless a listener says.",
            )
            for name, usual, what in (
                ("client_data", 50000, "Silence of a client"),
                ("member_connect", 5000, "Connecting to a member"),
                ("member_data", 50000, "Silence of a member"),
                ("tcp_inspect", 0, "Waiting for content to look at"),
            )
        ),
        cfg.StrOpt("haproxy_cmd", default="/usr/sbin/haproxy", help="The program haproxy, where amphorae run it."),
    ),
    "local_network": (
        cfg.Opt("management_cidr", type=Range(), default="10.88.0.0/22", help="Where controllers and amphorae meet."),
        cfg.Opt("vip_cidr", type=Range(), default="10.88.8.0/24", help="The network `demo`, for VIPs."),
        cfg.Opt("member_cidr", type=Range(), default="10.88.12.0/24", help="The network `back`, for members."),
    ),
    "quotas": tuple(
        cfg.IntOpt(f"default_{k}_quota", default=-1, min=-1, max=2_000_000_000, help="Most of a project; -1: no limit.")
        for k in QUOTAS
    ),
}
LIBRARY = {
    "keystone_authtoken": (
        ("auth_type", "password", "How this service logs in to Keystone."),
        ("auth_url", "http://127.0.0.1:5000/v3", "Where Keystone is."),
        ("username", "hydria", "The account of this service; it needs the role `service` or `admin` in its project."),
        ("password", "secret", "Its password."),
        ("project_name", "service", "Its project."),
        ("user_domain_id", "default", "The domain of the account."),
        ("project_domain_id", "default", "The domain of the project."),
        ("www_authenticate_uri", "https://keystone.example.org/v3", "Where clients log in, if not at auth_url."),
        ("memcached_servers", "127.0.0.1:11211", "Where what Keystone said is kept; left out: in each process."),
        ("cafile", "/etc/ssl/certs/ca-certificates.crt", "Whom to trust where auth_url is https."),
    )
}
"""What we need of groups that belong to a library, which knows all that may stand there: option, an example, what for."""
