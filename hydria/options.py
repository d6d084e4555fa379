"""The options of the settings file: names, kinds of values and defaults. Names are those operators know where the meaning is the same."""

from oslo_config import cfg, types

from hydria.values import Ciphers, DatabaseUrl, Folder, Host, Identifier, Number, PageLimit, Range, Url, Words

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
        cfg.Opt(
            "state_path",
            type=Folder(),
            default="/var/lib/hydria",
            help="Where everything is kept that must outlive processes.",
        ),
        cfg.Opt(
            "run_path",
            type=Folder(),
            default="/run/hydria-controller",
            help="Sockets and supervision; memory-backed.",
        ),
        cfg.BoolOpt(
            "start_at_boot", default=True, help="What `hydria up` started comes up again when the machine does."
        ),
        cfg.Opt(
            "transport_url",
            type=Url("rabbit", example="rabbit://user:password@host:5672/"),
            default="",
            secret=True,
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
        cfg.IntOpt(
            "threads",
            default=16,
            min=1,
            max=256,
            help="Requests with a token answered at once by a process, half of them writes.",
        ),
        cfg.IntOpt(
            "max_connections",
            default=8192,
            min=16,
            max=65536,
            help="Connections of a process; beyond, the one goes that did nothing for longest.",
        ),
        cfg.IntOpt(
            "max_connections_per_peer",
            default=512,
            min=8,
            max=65536,
            help="The same of one address; behind a proxy all clients come from one.",
        ),
        cfg.BoolOpt("allow_pagination", default=True, help="Lists come in pages; false: whole."),
        cfg.BoolOpt("allow_sorting", default=True, help="Lists are sorted as clients ask."),
        cfg.BoolOpt("allow_filtering", default=True, help="Lists hold only what clients ask for."),
        cfg.BoolOpt(
            "allow_field_selection", default=True, help="Only those attributes are shown that clients ask for."
        ),
        cfg.Opt("pagination_max_limit", type=PageLimit(), default=1000, help="Most objects on a page, or infinite."),
        cfg.BoolOpt("healthcheck_enabled", default=False, help="Answer on /healthcheck, without a token."),
        cfg.BoolOpt("strict_immutable", default=False, help="Answer 409 while a load balancer is pending."),
        cfg.Opt(
            "wait_timeout", type=Number(0, 300), default=30.0, help="Seconds a request with wait=applied may wait."
        ),
        cfg.Opt(
            "fast_ack_ms",
            type=Number(0, 1000),
            default=25.0,
            help="Milliseconds an answer may wait for quick work; 0: none.",
        ),
        cfg.Opt(
            "api_base_uri",
            type=Url("http", "https", example="https://lb.example.org"),
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
            "udp_connect_min_interval_health_monitor",
            default=3,
            min=0,
            max=86_400,
            help="Least delay of UDP-CONNECT, in seconds.",
        ),
        cfg.StrOpt(
            "minimum_tls_version",
            default=None,
            sample_default="TLSv1.2",
            choices=TLS_VERSIONS,
            help="The weakest TLS that users may ask for; left out: any.",
        ),
        cfg.Opt(
            "tls_cipher_prohibit_list",
            type=Ciphers(),
            default="",
            help="Ciphers that nobody may ask for, separated by colons.",
        ),
        *(
            option
            for thing in ("listener", "pool")
            for option in (
                cfg.Opt(
                    f"default_{thing}_ciphers",
                    type=Ciphers(),
                    default=USUAL_CIPHERS,
                    help=f"Ciphers of a {thing} that names none.",
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
        cfg.IntOpt(
            "max_request_body_size",
            default=4194304,
            min=1024,
            max=1_073_741_824,
            help="Most bytes of a request's body.",
        ),
        cfg.BoolOpt("enable_proxy_headers_parsing", default=False, help="Believe a proxy's Forwarded headers."),
    ),
    "database": (
        cfg.Opt(
            "connection",
            type=DatabaseUrl(),
            default="",
            secret=True,
            help="URL of the database; empty: SQLite in state_path.",
        ),
        cfg.Opt(
            "observed_connection",
            type=DatabaseUrl(),
            default="",
            secret=True,
            help="URL for what is only observed; empty: SQLite beside it.",
        ),
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
        *(
            cfg.Opt(f"{name}_vip_networks", type=types.List(item_type=Identifier()), default=[], help=what)
            for name, what in (
                ("valid", "Ids of the networks that VIPs may be on; empty: all."),
                ("denylist", "Ids of networks that no VIP may be on."),
            )
        ),
    ),
    "controller_worker": (
        cfg.StrOpt("compute_driver", default="local", choices=["local", "noop"], help="Makes machines."),
        cfg.StrOpt("network_driver", default="local", choices=["local", "noop"], help="Makes ports."),
        cfg.StrOpt("amphora_driver", default="agent", choices=["agent", "noop"], help="Talks to amphorae."),
        cfg.IntOpt("threads", default=8, min=1, max=256, help="Load balancers worked on at once."),
        cfg.Opt("create_deadline", type=Number(0.1, 86400), default=15.0, help="Seconds until a creation shows ERROR."),
        cfg.Opt("push_deadline", type=Number(0.1, 86400), default=30.0, help="Seconds until a change shows ERROR."),
        cfg.Opt(
            "drain_timeout", type=Number(0, 86400), default=5.0, help="Seconds for open connections of what is deleted."
        ),
    ),
    "health_manager": (
        cfg.Opt(
            "bind_ip",
            type=Host(empty=True),
            default="",
            help="Address for datagrams; empty: this machine's on the management network.",
        ),
        cfg.Opt("bind_port", type=PORT, default=5555, help="Port for datagrams."),
        cfg.Opt("heartbeat_interval", type=Number(0.1, 3600), default=1.0, help="Seconds between two signs of life."),
        cfg.Opt(
            "heartbeat_timeout",
            type=Number(2.0, 86400),
            default=5.0,
            help="Seconds of silence before an amphora is suspected.",
        ),
        cfg.Opt(
            "statistics_interval",
            type=Number(0.5, 3600),
            default=10.0,
            help="Seconds between two reports of statistics.",
        ),
    ),
    "house_keeping": (
        cfg.Opt(
            "cleanup_interval", type=Number(1.0, 86400), default=60.0, help="Seconds between two looks for garbage."
        ),
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
        cfg.Opt(
            "haproxy_cmd",
            type=Folder(),
            default="/usr/sbin/haproxy",
            help="The program haproxy, where amphorae run it.",
        ),
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
