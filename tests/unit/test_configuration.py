"""The settings file: defaults, what is refused, and with which words."""

from pathlib import Path

import pytest

from hydria import configuration
from hydria.configuration import BadSettings


def read(tmp_path: Path, text: str) -> configuration.Settings:
    file = tmp_path / "hydria.conf"
    file.write_text(text)
    return configuration.read(file, required=True)


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    settings = configuration.read(tmp_path / "none.conf")
    assert settings.option("api_settings", "bind_host") == "127.0.0.1"
    assert settings.is_local()
    assert not settings.is_open()


def test_a_file_that_is_required_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="there is no such file"):
        configuration.read(tmp_path / "none.conf", required=True)


def test_values_are_read_as_what_they_are(tmp_path: Path) -> None:
    settings = read(tmp_path, "[api_settings]\nbind_port = 80\nstrict_immutable = yes\nbind_host = ::1\n")
    values = [settings.option("api_settings", n) for n in ("bind_port", "strict_immutable", "bind_host")]
    assert values == [80, True, "::1"]


def test_quotas_hold_where_it_is_asked_who_somebody_is(tmp_path: Path) -> None:
    text = "[quotas]\ndefault_pool_quota = 7\n"
    assert read(tmp_path, text).quotas()["pool"] == 7
    assert read(tmp_path, f"{text}[api_settings]\nauth_strategy = noauth\n").quotas() == {}


def test_databases_are_files_of_the_state_folder_unless_told_otherwise(tmp_path: Path) -> None:
    settings = read(tmp_path, "[DEFAULT]\nstate_path = /s\n[database]\nconnection = postgresql://x/y\n")
    assert (settings.database(), settings.database(observed=True)) == ("postgresql://x/y", "sqlite:////s/observed.db")


@pytest.mark.parametrize(
    "host,is_refused", [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("10.0.0.1", True)]
)
def test_without_authentication_the_api_is_for_this_machine_alone(
    tmp_path: Path, host: str, *, is_refused: bool
) -> None:
    text = f"[api_settings]\nauth_strategy = noauth\nbind_host = {host}\n"
    if is_refused:
        with pytest.raises(BadSettings, match="is open to others"):
            read(tmp_path, text)
    else:
        assert read(tmp_path, text).is_open()


@pytest.mark.parametrize(
    "line,expected",
    [
        ("bind_port = 0", "a whole number, at least 1, at most 65535"),
        ("bind_port = x", "a whole number, at least 1, at most 65535"),
        ("bind_host = localhost", "an IP address"),
        ("auth_strategy = magic", "one of local, "),
        ("strict_immutable = 2", "true or false"),
        ("bind_host =", "an IP address"),
    ],
)
def test_a_bad_value_is_told_with_file_key_and_what_was_expected(tmp_path: Path, line: str, expected: str) -> None:
    with pytest.raises(BadSettings) as error:
        read(tmp_path, f"[api_settings]\n{line}\n")
    assert f"{tmp_path}/hydria.conf: [api_settings] {line.split(maxsplit=1)[0]}: " in str(error.value)
    assert f"expected {expected}" in str(error.value)


@pytest.mark.parametrize("text", ["bind_port = 1\n", "[api_settings\n", "[a]\nb\n", "[api_settings]\nb\n c\n", "\x00"])
def test_what_is_no_settings_file_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadSettings) as error:
        read(tmp_path, text)
    assert len(str(error.value).splitlines()) == 1


def test_a_name_of_the_deployment_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deployment").write_text("mine\n")
    with pytest.raises(BadSettings, match="expected a UUID"):
        read(tmp_path, f"[DEFAULT]\nstate_path = {tmp_path}\n")


@pytest.mark.parametrize("name", ["Log_Level", "LOG_LEVEL"])
def test_an_option_in_other_letters_is_refused_and_not_passed_over(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSettings, match=rf"\[DEFAULT\] {name}: no such option; did you mean log_level\?"):
        read(tmp_path, f"[DEFAULT]\n{name} = debug\n")


def test_nothing_but_the_file_gives_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_API_SETTINGS__BIND_PORT", "77")
    assert read(tmp_path, "").option("api_settings", "bind_port") == 9876


def test_a_password_with_a_dollar_is_refused_without_a_piece_of_it(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"\[database\] connection: a \$ .* expected \$\$ for a \$") as error:
        read(tmp_path, "[database]\nconnection = mysql://u:my$hush@h/x\n")
    assert "hush" not in str(error.value)
    good = read(tmp_path, "[database]\nconnection = mysql://u:my$$hush@h/x\n")
    assert good.database() == "mysql://u:my$hush@h/x"


def test_one_file_is_one_service_whatever_way_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    name = read(tmp_path, "").service
    monkeypatch.chdir(tmp_path)
    for way in ("hydria.conf", "etc/../hydria.conf", f"{tmp_path}/etc/../hydria.conf"):
        assert configuration.read(Path(way)).service == name


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "::", "fd00::1", "224.0.0.1"])
def test_amphorae_are_not_told_to_send_where_nobody_hears_them(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadSettings, match=r"\[health_manager\] bind_ip: \S+ is nothing amphorae could send to"):
        read(tmp_path, f"[health_manager]\nbind_ip = {address}\n")


@pytest.mark.parametrize("state", ["/run/h", "/run/h/state", "//run/./h/state"])
def test_what_is_kept_is_not_in_the_folder_that_goes_with_the_processes(tmp_path: Path, state: str) -> None:
    with pytest.raises(BadSettings, match=r"\[DEFAULT\] state_path: \S+ is in run_path"):
        read(tmp_path, f"[DEFAULT]\nstate_path = {state}\nrun_path = /run/h\n")


KEYSTONE = "[api_settings]\nauth_strategy = keystone\n"


def test_keystone_must_be_somewhere(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"\[keystone_authtoken\] auth_url: is missing"):
        read(tmp_path, KEYSTONE)
    found = f"{KEYSTONE}[keystone_authtoken]\nauth_url = http://127.0.0.1:5000\n"
    with pytest.raises(BadSettings, match=r"\[keystone_authtoken\] auth_type: is missing .* expected password, with"):
        read(tmp_path, found)
    settings = read(tmp_path, f"{found}auth_type = password\nanything = of it\n")
    assert not settings.is_self_contained()


def test_rules_are_taken_from_a_named_file_or_from_the_one_beside(tmp_path: Path) -> None:
    assert read(tmp_path, "").policy_file() is None
    with pytest.raises(BadSettings, match=r"\[oslo_policy\] policy_file: there is no file .*/own.yaml"):
        read(tmp_path, "[oslo_policy]\npolicy_file = own.yaml\n")
    for name in ("policy.yaml", "own.yaml"):
        (tmp_path / name).write_text("{}")
    assert read(tmp_path, "").policy_file() == f"{tmp_path}/policy.yaml"
    assert read(tmp_path, "[oslo_policy]\npolicy_file = own.yaml\n").policy_file() == f"{tmp_path}/own.yaml"
