"""The settings file: INI, read once by main, refused with the line and what was expected there."""

import configparser
import contextlib
import difflib
import hashlib
import importlib.util
import ipaddress
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oslo_config import cfg, types

from hydria import options

CONFIG = Path("/etc/hydria/hydria.conf")
LIBRARIES = frozenset({"cache", "keystone_authtoken"})
"""Groups that belong to libraries, which know what may stand there."""


ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (who listens everywhere is asked on the loopback)
NEEDS = {
    ("api_settings", "auth_strategy", "keystone"): "keystonemiddleware",
    ("DEFAULT", "transport_url", "rabbit://"): "oslo_messaging",
    ("oslo_middleware", "enable_proxy_headers_parsing", "True"): "oslo_middleware",
}
"""Values, by how they begin, that ask for packages of requirements/openstack.txt; the module that tells whether they are here."""


KEYSTONE = {
    "auth_url": "the address of Keystone",
    "auth_type": "password, with username, password and project_name of the account of this service",
}
"""What its library cannot do without."""


class BadSettings(Exception):
    """The settings file cannot be used; the text names file, key and what was expected, in one line."""

    def __init__(self, text: str, remedy: str = "correct it, or leave it out") -> None:
        super().__init__(" ".join(text.split()))
        self.remedy = remedy


class Parser(configparser.RawConfigParser):
    """The file as groups of lines. A name is what is written: the library that gives values knows no other letters for it."""

    def __init__(self, text: str, source: str = "") -> None:
        super().__init__(default_section="\0")
        self.read_string(text, source)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@dataclass(frozen=True)
class Settings:
    """The file as read; `option("group", "name")` gives a value."""

    path: Path
    conf: Any
    libraries: Mapping[str, str] = field(default_factory=dict)
    """What the file says in the groups of libraries, as text."""
    looked_at: set[str] = field(default_factory=set, compare=False)
    """Every option that was asked for, as "[group] name": what a process depends on."""

    def option(self, group: str, name: str) -> Any:
        """The value of an option."""
        self.looked_at.add(f"[{group}] {name}")
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
    def service(self) -> str:
        """What the machine calls this deployment when it starts it."""
        path = Path(os.path.normpath(self.path.absolute()))  # however the file is called, it is one deployment
        return "hydria" if path == CONFIG else f"hydria-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"

    @property
    def records(self) -> Path:
        """The folder in which processes write down what they are."""
        return self.run / "records"

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
        return {} if self.is_open() else {k: self.option("quotas", f"default_{k}_quota") for k in options.QUOTAS}

    def for_libraries(self) -> Any:
        """What libraries read their own groups from."""
        self.looked_at.update(self.libraries)
        return self.conf

    def values(self) -> dict[str, str]:
        """Every option as "[group] name" with its value as text; a group of a library counts as one."""
        found = {
            f"[{group}] {option.name}": str(getattr(self.conf if group == "DEFAULT" else self.conf[group], option.dest))
            for group, known in options.PLACES.items()
            for option in known
        }
        return {**found, **self.libraries, "[oslo_policy] policy_file": str(self.policy_file())}

    def base_uri(self) -> str | None:
        """How clients reach the API, without a slash at the end; None: as the request says."""
        given = self.option("api_settings", "api_base_uri")
        return given.rstrip("/") if given else None

    def own_uri(self) -> str:
        """How the API is reached from this machine, whatever its public address is."""
        host, port = (self.option("api_settings", f"bind_{n}") for n in ("host", "port"))
        host = ANYWHERE.get(host, host)
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def public_uri(self) -> str:
        """How clients reach the API, as far as it is known."""
        return self.base_uri() or self.own_uri()

    def needs(self) -> dict[str, str]:
        """Modules of requirements/openstack.txt that are asked for, each with the line of the settings that does."""
        return {
            module: f"[{group}] {name} = {value}"
            for (group, name, value), module in NEEDS.items()
            if str(self.option(group, name)).startswith(value)
        }

    def prohibited_ciphers(self) -> tuple[str, ...]:
        """Ciphers that nobody may ask for."""
        return tuple(c for c in self.option("api_settings", "tls_cipher_prohibit_list").split(":") if c)

    def is_self_contained(self) -> bool:
        """Whether users are those of this computer's own file."""
        return bool(self.option("api_settings", "auth_strategy") == "local")

    def policy_file(self) -> str | None:
        """The file whose rules replace ours; None when there is none."""
        folder = self.path.absolute().parent
        named, usual = self.option("oslo_policy", "policy_file"), folder / "policy.yaml"
        if named:
            return str(folder / named)
        return str(usual) if usual.is_file() else None

    def is_behind_keystone(self) -> bool:
        """Whether Keystone tells who a caller is."""
        return bool(self.option("api_settings", "auth_strategy") == "keystone")

    def is_open(self) -> bool:
        """Whether whoever reaches the API may do everything."""
        return bool(self.option("api_settings", "auth_strategy") == "noauth")


def read(path: Path, *, required: bool = False) -> Settings:
    """Read and check a settings file; one that is not there means defaults, unless it is required. Raises BadSettings."""
    conf = cfg.ConfigOpts()
    for group, known in options.PLACES.items():
        conf.register_opts(known, group=None if group == "DEFAULT" else group)
    text = _text(path)
    if text is None and required:
        raise BadSettings(f"{path}: there is no such file; expected a settings file")
    if text is not None:
        _refuse_unknown(path, text)
    _parse(conf, path, [] if text is None else [str(path)])
    settings = Settings(path, conf, _libraries(text or ""))
    _refuse_open_door(settings)
    _refuse_nested_folders(settings)
    _refuse_shared_ports(settings)
    _refuse_unheard(settings)
    _refuse_impatience(settings)
    _refuse_mixed_drivers(settings)
    _refuse_bad_deployment(settings)
    _refuse_bad_policy(settings)
    _refuse_weak_defaults(settings)
    _refuse_unknown_provider(settings)
    _refuse_keystone_nowhere(settings, text or "")
    settings.looked_at.clear()
    return settings


def lock(settings: Settings) -> str:
    """Which of requirements/*.txt holds what these settings ask for."""
    return "openstack" if settings.needs() else "controller"


def refuse_lacking(settings: Settings) -> None:
    """What the settings ask for is installed; raises BadSettings that names the command which does it."""
    for module, line in settings.needs().items():
        if importlib.util.find_spec(module) is None:
            setup = Path(__file__).parents[1] / "scripts/setup.sh"
            remedy = f"{setup} --openstack" if setup.exists() else "pip install hydria[openstack]"
            why = f"{line} needs the package {module}, which is not installed"
            raise BadSettings(f"{settings.path}: {why}; expected those of requirements/openstack.txt", remedy)


def _libraries(text: str) -> dict[str, str]:
    parser = Parser(text)
    named = _of_libraries(parser)
    return {f"[{group}]": repr(sorted(parser.items(group)) if parser.has_section(group) else []) for group in named}


def _of_libraries(parser: Parser) -> set[str]:
    """Groups of libraries: one of them may name another for its account."""
    section = parser.get("keystone_authtoken", "auth_section", fallback="")
    return {*LIBRARIES, *({section} if section and section not in options.PLACES else ())}


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _parse(conf: Any, path: Path, files: list[str]) -> None:
    try:
        # Nor from the environment: processes have another than whoever compares them with what is set.
        conf(args=[], project="hydria", default_config_files=files, default_config_dirs=[], use_env=False)
    except cfg.Error as error:
        raise BadSettings(f"{path}: {error}") from error
    for group, known in options.PLACES.items():
        for option in known:
            _value(conf, group, option, path)


def _value(conf: Any, group: str, option: Any, path: Path) -> None:
    try:
        value = getattr(conf if group == "DEFAULT" else getattr(conf, group), option.dest)
    except (
        cfg.TemplateSubstitutionError,
        cfg.NoSuchOptError,
    ) as error:  # its words have a piece of the value, which may be a password
        why = "a $ in it names no option; expected $$ for a $"
        raise BadSettings(f"{path}: [{group}] {option.name}: {why}") from error
    except (cfg.Error, ValueError) as error:
        why = str(error).rpartition(" is not valid: ")[2]
        raise BadSettings(f"{path}: [{group}] {option.name}: {why}; expected {expected(option.type)}") from error
    if (value == "" and option.default) or (value is None and isinstance(option.type, types.Number)):
        raise BadSettings(f"{path}: [{group}] {option.name}: is empty; expected a value such as {option.default}")


def expected(kind: Any) -> str:
    """What a value may be, for people."""
    if getattr(kind, "choices", None):
        return f"one of {', '.join(kind.choices)}"
    if isinstance(kind, types.Boolean):
        return "true or false"
    if isinstance(kind, types.Number):
        word = "a number" if isinstance(kind, types.Float) else "a whole number"
        least = "" if kind.min is None else f", at least {kind.min}"
        return word + least + ("" if kind.max is None else f", at most {kind.max}")
    if type(kind) is types.List:
        return f"values separated by commas, each {expected(kind.item_type)}"
    return str(getattr(kind, "type_name", kind))


def _refuse_unknown(path: Path, text: str) -> None:
    try:
        parser = Parser(text, str(path))
    except configparser.Error as error:
        raise BadSettings(f"{path}: {error}; expected [group] and lines of key = value") from error
    for group in parser.sections():
        if group in _of_libraries(parser):
            continue
        if group not in options.PLACES:
            close = difflib.get_close_matches(group, options.PLACES, 1)
            meant = f"did you mean [{close[0]}]?" if close else f"expected one of {', '.join(options.PLACES)}"
            raise BadSettings(f"{path}: [{group}]: no such group; {meant}")
        known = {o.name for o in options.PLACES[group]}
        for key in parser.options(group):
            if key not in known:
                raise BadSettings(f"{path}: [{group}] {key}: no such option; {_meant(group, key)}")


def _meant(group: str, key: str) -> str:
    """What somebody may have wanted to write."""
    names = {o.name: g for g, known in options.PLACES.items() for o in known}
    if key in names:
        return f"did you mean that of [{names[key]}]?"
    here = [o.name for o in options.PLACES[group]]
    key = key.lower()
    close = difflib.get_close_matches(key, here, 1) or difflib.get_close_matches(key, names, 1, 0.75)
    if not close:
        return f"expected one of the {len(here)} that [{group}] has, see docs/options.md"
    return f"did you mean {close[0]}" + ("?" if close[0] in here else f" of [{names[close[0]]}]?")


def _refuse_open_door(settings: Settings) -> None:
    """Without authentication the API is for this machine alone."""
    host = settings.option("api_settings", "bind_host")
    if settings.is_open() and not ipaddress.ip_address(host).is_loopback:
        raise BadSettings(
            f"{settings.path}: [api_settings] bind_host: {host} is open to others while auth_strategy = noauth; "
            "expected a loopback address such as 127.0.0.1, or auth_strategy = local"
        )


def _refuse_nested_folders(settings: Settings) -> None:
    """What must outlive processes is not in the folder that goes with them."""
    state, run = (Path(os.path.normpath(path)) for path in (settings.state, settings.run))
    if state.is_relative_to(run):
        why = f"{state} is in run_path, {run}; expected a folder outside of it"
        raise BadSettings(f"{settings.path}: [DEFAULT] state_path: {why}")


def _refuse_shared_ports(settings: Settings) -> None:
    """What listens on an address has its port alone."""
    if not settings.option("metrics", "enabled"):
        return
    api, first = (settings.option(group, "bind_port") for group in ("api_settings", "metrics"))
    hosts = {settings.option(group, "bind_host") for group in ("api_settings", "metrics")}
    if first <= api < first + 3 and (len(hosts) == 1 or hosts & ANYWHERE.keys()):
        why = f"metrics need {first} to {first + 2}, and the API listens on {api}; expected ports that do not meet"
        raise BadSettings(f"{settings.path}: [metrics] bind_port: {why}")


def _refuse_unheard(settings: Settings) -> None:
    """Amphorae of this machine send to this very address, from networks of their own."""
    given = settings.option("health_manager", "bind_ip")
    if not (given and settings.is_local()):
        return
    ip = ipaddress.ip_address(given)
    if ip.version != 4 or ip.is_unspecified or ip.is_loopback or ip.is_multicast:
        why = f"{given} is nothing amphorae could send to; expected an IPv4 address of this machine, or nothing"
        raise BadSettings(f"{settings.path}: [health_manager] bind_ip: {why}")


def _refuse_impatience(settings: Settings) -> None:
    """Silence that is shorter than the time between two signs of life says nothing."""
    every, silence = (settings.option("health_manager", f"heartbeat_{n}") for n in ("interval", "timeout"))
    if silence < 2 * every:
        why = f"{silence:g} is less than two heartbeat_interval of {every:g}; expected at least {2 * every:g}"
        raise BadSettings(f"{settings.path}: [health_manager] heartbeat_timeout: {why}")


def _refuse_mixed_drivers(settings: Settings) -> None:
    """Amphorae of this machine need its networks and are spoken to; what is not there needs neither."""
    chosen = {n: settings.option("controller_worker", f"{n}_driver") for n in ("compute", "network", "amphora")}
    if len({value == "noop" for value in chosen.values()}) > 1:
        why = f"{chosen['compute']} does not go with network_driver {chosen['network']} and amphora_driver {chosen['amphora']}"
        raise BadSettings(
            f"{settings.path}: [controller_worker] compute_driver: {why}; expected noop for all three, or for none"
        )


def _refuse_weak_defaults(settings: Settings) -> None:
    """What users get who ask for nothing must be what they may ask for."""
    least = settings.option("api_settings", "minimum_tls_version") or options.TLS_VERSIONS[0]
    for name in ("default_listener", "default_pool"):
        weak = set(options.TLS_VERSIONS[: options.TLS_VERSIONS.index(least)]) & set(
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
    parser = Parser(text)
    section = parser.get("keystone_authtoken", "auth_section", fallback="") or "keystone_authtoken"
    for name, what in KEYSTONE.items():
        if not parser.has_option(section, name):
            why = f"is missing while auth_strategy = keystone; expected {what}"
            raise BadSettings(f"{settings.path}: [{section}] {name}: {why}", "add it")
