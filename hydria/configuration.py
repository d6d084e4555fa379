"""The settings file: INI, read once by main, refused with the line and what was expected there."""

import configparser
import contextlib
import ipaddress
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg, types

from hydria import options

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
        return {} if self.is_open() else {k: self.option("quotas", f"default_{k}_quota") for k in options.QUOTAS}

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
    for group, known in options.PLACES.items():
        conf.register_opts(known, group=None if group == "DEFAULT" else group)
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
    for group, known in options.PLACES.items():
        for option in known:
            _value(conf, group, option, path)


def _value(conf: Any, group: str, option: Any, path: Path) -> None:
    try:
        value = getattr(conf if group == "DEFAULT" else getattr(conf, group), option.dest)
    except (cfg.Error, ValueError) as error:
        why = str(error).rpartition(" is not valid: ")[2]
        raise BadSettings(f"{path}: [{group}] {option.name}: {why}; expected {expected(option.type)}") from error
    if value == "" and option.default:
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
        if group not in options.PLACES:
            raise BadSettings(f"{path}: [{group}]: no such group; expected one of {', '.join(options.PLACES)}")
        known = {o.name for o in options.PLACES[group]}
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
    parser = configparser.RawConfigParser(default_section="\0", strict=True)
    parser.read_string(text)
    if not any(parser.has_option("keystone_authtoken", name) for name in ("auth_url", "auth_section")):
        raise BadSettings(
            f"{settings.path}: [keystone_authtoken] auth_url: is missing while auth_strategy = keystone; "
            "expected the address of Keystone, and the account of this service"
        )
