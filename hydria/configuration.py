"""The settings file: INI, read once by main; option names are those operators know where the meaning is the same."""

import configparser
import contextlib
import ipaddress
import uuid
from dataclasses import dataclass
from pathlib import Path
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
        cfg.StrOpt("api_base_uri", default=None, help="How clients reach the API; left out: as the request says."),
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
            "minimum_tls_version", default=None, choices=TLS_VERSIONS, help="The weakest TLS that users may ask for."
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


LIBRARIES = frozenset({"cache", "keystone_authtoken"})
"""Groups that belong to libraries, which know what may stand there."""


class BadSettings(Exception):
    """The settings file cannot be used; the text names file, key and what was expected, in one line."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.split()))


@dataclass(frozen=True)
class Settings:
    """The file as read; `option("group", "name")` gives a value."""

    path: Path
    conf: Any

    def option(self, group: str, name: str) -> Any:
        """The value of an option."""
        return getattr(self.conf, name) if group == "DEFAULT" else getattr(getattr(self.conf, group), name)

    @property
    def state(self) -> Path:
        """The folder that must outlive processes."""
        return Path(self.option("DEFAULT", "state_path"))

    @property
    def run(self) -> Path:
        """The folder of sockets and supervision."""
        return Path(self.option("DEFAULT", "run_path"))

    @property
    def deployment(self) -> str:
        """The uuid that marks all that is made; written by `hydria up`."""
        return (self.state / "deployment").read_text().strip()

    def database(self, observed: bool = False) -> str:
        """The URL of a database."""
        name = "observed_connection" if observed else "connection"
        file = "observed.db" if observed else "hydria.db"
        return self.option("database", name) or f"sqlite:///{self.state}/{file}"

    def is_local(self) -> bool:
        """Whether machines are namespaces of this computer."""
        return bool(self.option("controller_worker", "compute_driver") == "local")

    def quotas(self) -> dict[str, int]:
        """The default limits, by what is counted; none where nobody is asked who they are."""
        return {} if self.is_open() else {k: self.option("quotas", f"default_{k}_quota") for k in QUOTAS}

    def base_uri(self) -> str | None:
        """How clients reach the API, without a slash at the end; None: as the request says."""
        given = self.option("api_settings", "api_base_uri")
        return given.rstrip("/") if given else None

    def prohibited_ciphers(self) -> tuple[str, ...]:
        """Ciphers that nobody may ask for."""
        return tuple(c for c in self.option("api_settings", "tls_cipher_prohibit_list").split(":") if c)

    def is_self_contained(self) -> bool:
        """Whether users are those of this computer's own file."""
        return bool(self.option("api_settings", "auth_strategy") == "local")

    def policy_file(self) -> str | None:
        """The file whose rules replace ours; None when there is none."""
        named, usual = self.option("oslo_policy", "policy_file"), self.path.parent / "policy.yaml"
        if named:
            return str(self.path.parent / named)
        return str(usual) if usual.is_file() else None

    def is_open(self) -> bool:
        """Whether whoever reaches the API may do everything."""
        return bool(self.option("api_settings", "auth_strategy") == "noauth")


def read(path: Path, *, required: bool = False) -> Settings:
    """Read and check a settings file; one that is not there means defaults, unless it is required. Raises BadSettings."""
    conf = cfg.ConfigOpts()
    for group, options in PLACES.items():
        conf.register_opts(options, group=None if group == "DEFAULT" else group)
    text = _text(path)
    if text is None and required:
        raise BadSettings(f"{path}: there is no such file; expected a settings file")
    if text is not None:
        _refuse_unknown(path, text)
    _parse(conf, path, [] if text is None else [str(path)])
    settings = Settings(path, conf)
    _refuse_open_door(settings)
    _refuse_bad_deployment(settings)
    _refuse_bad_policy(settings)
    _refuse_weak_defaults(settings)
    _refuse_unknown_provider(settings)
    _refuse_keystone_nowhere(settings, text or "")
    return settings


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _parse(conf: Any, path: Path, files: list[str]) -> None:
    try:
        conf(args=[], project="hydria", default_config_files=files, default_config_dirs=[])
    except cfg.Error as error:
        raise BadSettings(f"{path}: {error}") from error
    for group, options in PLACES.items():
        for option in options:
            _value(conf, group, option, path)


def _value(conf: Any, group: str, option: Any, path: Path) -> None:
    try:
        value = getattr(conf if group == "DEFAULT" else getattr(conf, group), option.dest)
    except (cfg.Error, ValueError) as error:
        why = str(error).rpartition(" is not valid: ")[2]
        raise BadSettings(f"{path}: [{group}] {option.name}: {why}; expected {_expected(option.type)}") from error
    if value == "" and option.default:
        raise BadSettings(f"{path}: [{group}] {option.name}: is empty; expected a value such as {option.default}")


def _expected(kind: Any) -> str:
    """What a value may be, for people."""
    if getattr(kind, "choices", None):
        return f"one of {', '.join(kind.choices)}"
    if isinstance(kind, types.Boolean):
        return "true or false"
    if isinstance(kind, types.Number):
        word = "a number" if isinstance(kind, types.Float) else "a whole number"
        least = "" if kind.min is None else f", at least {kind.min}"
        return word + least + ("" if kind.max is None else f", at most {kind.max}")
    return str(getattr(kind, "type_name", kind))


def _refuse_unknown(path: Path, text: str) -> None:
    parser = configparser.RawConfigParser(default_section="\0", strict=True)
    try:
        parser.read_string(text, source=str(path))
    except configparser.Error as error:
        raise BadSettings(f"{path}: {error}; expected [group] and lines of key = value") from error
    for group in parser.sections():
        if group in LIBRARIES:
            continue
        if group not in PLACES:
            raise BadSettings(f"{path}: [{group}]: no such group; expected one of {', '.join(PLACES)}")
        known = {o.name for o in PLACES[group]}
        for key in parser.options(group):
            if key not in known:
                raise BadSettings(
                    f"{path}: [{group}] {key}: no such option; expected one of {', '.join(sorted(known))}"
                )


def _refuse_open_door(settings: Settings) -> None:
    """Without authentication the API is for this machine alone."""
    host = settings.option("api_settings", "bind_host")
    if settings.is_open() and not ipaddress.ip_address(host).is_loopback:
        raise BadSettings(
            f"{settings.path}: [api_settings] bind_host: {host} is open to others while auth_strategy = noauth; "
            "expected a loopback address such as 127.0.0.1, or auth_strategy = local"
        )


def _refuse_weak_defaults(settings: Settings) -> None:
    """What users get who ask for nothing must be what they may ask for."""
    least = settings.option("api_settings", "minimum_tls_version") or TLS_VERSIONS[0]
    for name in ("default_listener", "default_pool"):
        weak = set(TLS_VERSIONS[: TLS_VERSIONS.index(least)]) & set(
            settings.option("api_settings", f"{name}_tls_versions")
        )
        if weak:
            why = f"{', '.join(sorted(weak))} is below minimum_tls_version; expected {least} or better"
            raise BadSettings(f"{settings.path}: [api_settings] {name}_tls_versions: {why}")
        ciphers = settings.option("api_settings", f"{name}_ciphers").split(":")
        if bad := [c for c in ciphers if c in settings.prohibited_ciphers()]:
            why = f"{', '.join(bad)} is in tls_cipher_prohibit_list; expected ciphers that are not"
            raise BadSettings(f"{settings.path}: [api_settings] {name}_ciphers: {why}")


def _refuse_unknown_provider(settings: Settings) -> None:
    enabled, usual = (
        settings.option("api_settings", n) for n in ("enabled_provider_drivers", "default_provider_driver")
    )
    if usual not in enabled:
        why = f"{usual} is not in enabled_provider_drivers; expected one of {', '.join(enabled)}"
        raise BadSettings(f"{settings.path}: [api_settings] default_provider_driver: {why}")


def _refuse_bad_deployment(settings: Settings) -> None:
    file = settings.state / "deployment"
    # Who may not look into the folder is told so by the command that needs it.
    with contextlib.suppress(OSError):
        try:
            uuid.UUID(file.read_text().strip())
        except ValueError as error:
            raise BadSettings(f"{file}: expected a UUID; it marks everything this deployment has made") from error


def _refuse_bad_policy(settings: Settings) -> None:
    file = settings.policy_file()
    if file and not Path(file).is_file():
        raise BadSettings(
            f"{settings.path}: [oslo_policy] policy_file: there is no file {file}; expected rules in YAML"
        )


def _refuse_keystone_nowhere(settings: Settings, text: str) -> None:
    """Whether Keystone can be found and logged in to is told at once, not by the first request."""
    if settings.option("api_settings", "auth_strategy") != "keystone":
        return
    parser = configparser.RawConfigParser(default_section="\0", strict=True)
    parser.read_string(text)
    if not any(parser.has_option("keystone_authtoken", name) for name in ("auth_url", "auth_section")):
        raise BadSettings(
            f"{settings.path}: [keystone_authtoken] auth_url: is missing while auth_strategy = keystone; "
            "expected the address of Keystone, and the account of this service"
        )
