"""Every option set to each of its values once: it is read and every process can be built from it, or refused in one line."""

from pathlib import Path
from typing import Any

import pytest
from oslo_config import types

from hydria import configuration, main, options, values
from hydria.configuration import BadSettings, Settings
from hydria.drivers.identity import local as users
from hydria.kit import ids
from hydria.kit.clock import HandClock

HOSTS = (["127.0.0.1", "::1", "0.0.0.0", "10.0.0.1"], ["localhost", "1.2.3", "::g"])
URL = ["://", "no url", "http://[::1", "gopher://h/", "http://", "http://h:99999"]
KINDS: dict[type, tuple[list[str], list[str]]] = {
    values.Range: (["10.0.0.0/29", "172.16.0.0/12"], ["10.0.0.0/30", "10.0.0.1/24", "fd00::/64", "x"]),
    values.Host: HOSTS,
    values.PageLimit: (["1", "infinite", "100000"], ["0", "-1", "many"]),
    values.Identifier: (["6b2f6f0c-0f0e-4b5e-8f6e-0d6c3c2b1a00"], ["mine", "6b2f"]),
    values.Folder: (["/tmp/a folder"], ["tmp", "./tmp", "/tmp/a?b", "/tmp/../a", "/tmp/a\n b", "/tmp/a\x7f"]),
    values.DatabaseUrl: (
        ["sqlite:////tmp/x.db", "postgresql://u:p@127.0.0.1/x", "mysql+pymysql://h/x", "mariadb://h:3/x"],
        ["sqlite://x.db", "postgresql://h", "mysql://", "oracle://h/x", "mysql+mysqldb://h/x", *URL],
    ),
    values.Ciphers: (["DES-CBC3-SHA:RC4-SHA"], ["RC4 SHA", "a::b", "a\tb", "ALL:!aNULL"]),
    types.Dict: (["amphora:Ours.", "amphora:Ours.,octavia:Its other name"], ["amphora", ":"]),
    types.Boolean: (["true", "false", "yes", "0"], ["2", "maybe"]),
}
TEXTS = {
    "transport_url": (["rabbit://u:p@h:1/", "rabbit://u:p@h,u:p@i:2/v"], ["amqp://h/", *URL]),
    "api_base_uri": (["https://lb.example.org/load", "http://lb:9"], ["ftp://h", "/path", *URL]),
    "default_provider_driver": (["amphora", "octavia"], ["nobodys"]),
    "policy_file": ([], ["not-there.yaml"]),  # a good one is a file: see test_configuration
}
"""Texts whose kind alone does not say what is good and what is bad."""
NOOP = "[controller_worker]\ncompute_driver = noop\nnetwork_driver = noop\namphora_driver = noop\n"
BESIDE = {
    **dict.fromkeys(("bind_ip = 127.0.0.1", "bind_ip = ::1", "bind_ip = 0.0.0.0"), NOOP),
    "auth_strategy = keystone": "[keystone_authtoken]\nauth_url = http://127.0.0.1:5000\nauth_type = password\n",
    "minimum_tls_version = TLSv1.3": "default_listener_tls_versions = TLSv1.3\ndefault_pool_tls_versions = TLSv1.3\n",
    "heartbeat_interval = 3600": "heartbeat_timeout = 7200\n",
    "compute_driver = noop": "network_driver = noop\namphora_driver = noop\n",
    "network_driver = noop": "compute_driver = noop\namphora_driver = noop\n",
    "amphora_driver = noop": "network_driver = noop\ncompute_driver = noop\n",
}
"""What a value needs beside it."""


def samples(option: Any) -> tuple[list[str], list[str]]:
    """Values of an option that are good, and that are not."""
    kind: Any = option.type
    if option.name in TEXTS:
        return TEXTS[option.name]
    if hasattr(kind, "min"):
        least, most = kind.min, kind.max
        return [str(least), str(most)], [str(least - 1), str(most + 1), "many", "nan", "inf", ""]
    if getattr(kind, "choices", None):
        return [str(c) for c in kind.choices], ["nonsense"]
    if isinstance(kind, types.List):
        good, bad = samples(type("Item", (), {"type": kind.item_type, "name": ""}))
        return [",".join(good), ""], [f"{good[0]},{one}" for one in bad]
    return KINDS[type(kind)]


def cases(which: int) -> list[Any]:
    return [
        pytest.param(group, option.name, value, id=f"{group}-{option.name}-{value}")
        for group, known in options.PLACES.items()
        for option in known
        for value in samples(option)[which]
    ]


def read(folder: Path, group: str, line: str) -> Settings:
    file = folder / "hydria.conf"
    file.write_text(f"[{group}]\n{line}\n{BESIDE.get(line, '')}")
    return configuration.read(file)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a deployment that was up before."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "deployment").write_text(ids.NIL)
    (folder / "master.keys").write_text(f"1:{'0' * 64}\n")
    users.create_file(folder / "users.json", [])
    return folder


def build(settings: Settings, state: Path) -> None:
    """What the processes are made of, as far as nothing listens or runs."""
    settings.conf.set_override("state_path", str(state))
    time = HandClock()
    assert main.api_settings(settings)
    assert main._worker_settings(settings)
    assert main.policy(settings, time)
    assert main.identity(settings, time)
    assert main.health_settings(settings)
    assert main.compute(settings, time)
    for database in main.databases(settings):
        database.close()


@pytest.mark.parametrize("group,name,value", cases(0))
def test_processes_can_be_made_of_a_good_value(tmp_path: Path, known: Path, group: str, name: str, value: str) -> None:
    settings = read(tmp_path, group, f"{name} = {value}")
    assert f"[{group}] {name}" in settings.values()
    build(settings, known)


@pytest.mark.parametrize("group,name,value", cases(1))
def test_a_bad_value_is_refused_in_one_line(tmp_path: Path, group: str, name: str, value: str) -> None:
    with pytest.raises(BadSettings) as error:
        read(tmp_path, group, f"{name} = {value}")
    said = str(error.value)
    assert said.startswith(f"{tmp_path}/hydria.conf: [{group}] {name}: ")
    assert "expected " in said
    assert len(said.splitlines()) == 1


def test_every_option_has_values_of_both_sorts_and_every_number_its_bounds() -> None:
    known = [option for group in options.PLACES.values() for option in group]
    assert [option.name for option in known if not all(samples(option))] == ["policy_file"]
    bounds: dict[str, Any] = {option.name: option.type for option in known if isinstance(option.type, types.Number)}
    assert [name for name, kind in bounds.items() if None in (kind.min, kind.max)] == []


def test_a_password_in_a_bad_url_is_not_repeated(tmp_path: Path) -> None:
    for line in ("transport_url = amqp://u:secret@h/", "transport_url = rabbit://u:secret@h:99999/"):
        with pytest.raises(BadSettings) as error:
            read(tmp_path, "DEFAULT", line)
        assert "secret" not in str(error.value)
