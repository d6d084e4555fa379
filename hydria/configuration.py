"""The settings file: INI, read once by main; option names are those operators know where the meaning is the same."""

import configparser
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg, types

PORT = types.Port()
PLACES = {
    "DEFAULT": (
        cfg.StrOpt(
            "state_path", default="/var/lib/hydria", help="Where everything is kept that must outlive processes."
        ),
        cfg.StrOpt("run_path", default="/run/hydria-controller", help="Sockets and supervision; memory-backed."),
        cfg.StrOpt(
            "log_level", default="info", choices=["debug", "info", "warning", "error"], help="Least level logged."
        ),
    ),
    "api_settings": (
        cfg.StrOpt("bind_host", default="127.0.0.1", help="Address the API listens on."),
        cfg.Opt("bind_port", type=PORT, default=9876, help="Port the API listens on."),
        cfg.StrOpt("auth_strategy", default="local", choices=["local", "noauth"], help="Who tells who a caller is."),
        cfg.IntOpt("workers", default=1, min=1, max=64, help="Processes that answer."),
        cfg.IntOpt("threads", default=16, min=1, max=256, help="Requests answered at once by a process."),
        cfg.IntOpt("pagination_max_limit", default=1000, min=1, help="Most objects on a page."),
        cfg.BoolOpt("strict_immutable", default=False, help="Answer 409 while a load balancer is pending."),
        cfg.StrOpt("api_base_uri", default=None, help="How clients reach the API; left out: as the request says."),
    ),
    "database": (
        cfg.StrOpt("connection", default="", help="URL of the database; empty: SQLite in state_path."),
        cfg.StrOpt("observed_connection", default="", help="URL for what is only observed; empty: SQLite beside it."),
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
        cfg.StrOpt(
            "bind_ip", default="", help="Address for datagrams; empty: this machine's on the management network."
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
    "local_network": (
        cfg.StrOpt("management_cidr", default="10.88.0.0/22", help="Where controllers and amphorae meet."),
        cfg.StrOpt("vip_cidr", default="10.88.8.0/24", help="The network `demo`, for VIPs."),
        cfg.StrOpt("member_cidr", default="10.88.12.0/24", help="The network `back`, for members."),
    ),
}


class BadSettings(Exception):
    """The settings file cannot be used; the text names file, key and what was expected."""


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


def read(path: Path) -> Settings:
    """Read and check a settings file; a file that is not there means defaults."""
    conf = cfg.ConfigOpts()
    for group, options in PLACES.items():
        conf.register_opts(options, group=None if group == "DEFAULT" else group)
    _refuse_unknown(path)
    try:
        conf(args=[], project="hydria", default_config_files=[str(path)] if path.exists() else [])
        for group, options in PLACES.items():
            for option in options:
                _value(conf, group, option, path)
    except cfg.ConfigFilesNotFoundError as error:
        raise BadSettings(f"{path}: cannot be read: {error}") from error
    except cfg.ConfigFileParseError as error:
        raise BadSettings(f"{path}: {error}") from error
    settings = Settings(path, conf)
    _refuse_bad_deployment(settings)
    return settings


def _value(conf: Any, group: str, option: Any, path: Path) -> None:
    try:
        getattr(conf if group == "DEFAULT" else getattr(conf, group), option.dest)
    except cfg.ConfigFileValueError as error:
        expected = f"{option.type}"
        raise BadSettings(f"{path}: [{group}] {option.name}: {error}; expected {expected}") from error


def _refuse_unknown(path: Path) -> None:
    if not path.exists():
        return
    parser = configparser.RawConfigParser(default_section="\0", strict=True)
    try:
        parser.read_string(path.read_text())
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: {error}") from error
    for group in parser.sections():
        if group not in PLACES:
            raise BadSettings(f"{path}: [{group}]: no such group; expected one of {', '.join(PLACES)}")
        known = {o.name for o in PLACES[group]}
        for key in parser.options(group):
            if key not in known:
                raise BadSettings(
                    f"{path}: [{group}] {key}: no such option; expected one of {', '.join(sorted(known))}"
                )


def _refuse_bad_deployment(settings: Settings) -> None:
    file = settings.state / "deployment"
    if file.exists():
        try:
            uuid.UUID(file.read_text().strip())
        except ValueError as error:
            raise BadSettings(f"{file}: expected a UUID; it marks everything this deployment has made") from error
