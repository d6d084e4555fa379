"""`hydria config`: what is written to the settings file, what is kept of it, and what is never written."""

import argparse
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from hydria import configuration, main, options
from hydria.cli import config
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble

SAMPLE = Path(__file__).parents[3] / "etc/hydria.conf.sample"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "etc/hydria.conf"


def run(file: Path, verb: str, *words: str) -> int:
    parser = argparse.ArgumentParser()
    config.declare(parser.add_subparsers())
    settings = configuration.read(file)
    deployment = Deployment(settings, main._parts(settings))
    return config.run(parser.parse_args(["config", verb, *words]), deployment, Console(width=300))


def test_a_file_that_is_not_there_is_made_for_its_owner_alone(file: Path) -> None:
    run(file, "set", "api_settings.bind_port=80", "DEFAULT.log_level = debug")
    assert file.read_text() == "[api_settings]\nbind_port = 80\n\n[DEFAULT]\nlog_level = debug\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["hydria.conf"]


@pytest.mark.parametrize(
    "before,word,after",
    [
        ("# mine\n[metrics]\nenabled=no\n# end\n", "metrics.enabled=yes", "# mine\n[metrics]\nenabled = yes\n# end\n"),
        ("[metrics]\n\n[quotas]\n", "metrics.enabled=no", "[metrics]\nenabled = no\n\n[quotas]\n"),
        (
            "[metrics]\n# why\n#enabled = true\n",
            "metrics.enabled=no",
            "[metrics]\n# why\n#enabled = true\nenabled = no\n",
        ),
        (
            "[networking]\nreserved_ips = 192.0.2.1,\n  192.0.2.2\n[quotas]\n",
            "networking.reserved_ips=192.0.2.3",
            "[networking]\nreserved_ips = 192.0.2.3\n[quotas]\n",
        ),
        ("[metrics]", "quotas.default_pool_quota=1", "[metrics]\n\n[quotas]\ndefault_pool_quota = 1\n"),
        ("[database]\n", "database.connection=", "[database]\nconnection =\n"),
    ],
)
def test_what_is_set_stands_where_it_belongs_and_the_rest_stays(file: Path, before: str, word: str, after: str) -> None:
    file.parent.mkdir()
    file.write_text(before)
    run(file, "set", word)
    assert file.read_text() == after


def test_what_was_set_is_unset(file: Path) -> None:
    run(file, "set", "api_settings.bind_port=80")
    run(file, "unset", "api_settings.bind_port", "metrics.enabled")
    assert configuration.read(file).option("api_settings", "bind_port") == 9876


def test_every_option_of_the_sample_can_be_set_where_its_default_stands(file: Path) -> None:
    text = SAMPLE.read_text()
    wanted = {("api_settings", "threads"): "3", ("metrics", "bind_port"): "9900", ("cache", "enabled"): "true"}
    changed = config.changed(text, dict(wanted))
    added = [line for line in changed.splitlines() if line not in text.splitlines()]
    assert added == ["threads = 3", "bind_port = 9900", "[cache]", "enabled = true"]
    assert changed.splitlines()[changed.splitlines().index("threads = 3") - 1] == "#threads = 16"


@pytest.mark.parametrize(
    "words,reason",
    [
        (("api_settings.bind_port=x",), "expected a whole number"),
        (("api_settings.bind_hots=::1",), "no such option"),
        (("api_settings.auth_strategy=keystone",), "auth_url: is missing"),
        (("bind_port=1",), "cannot be understood"),
        (("api_settings.bind_port",), "cannot be understood"),
        (("api_settings.api_base_uri=a\n[x]",), "cannot be understood"),
    ],
)
def test_what_could_not_be_used_is_refused_and_never_written(file: Path, words: tuple[str, ...], reason: str) -> None:
    run(file, "set", "api_settings.bind_port=80")
    with pytest.raises(Trouble, match=reason) as refused:
        run(file, "set", *words)
    assert ".new" not in refused.value.reason
    assert file.read_text() == "[api_settings]\nbind_port = 80\n"
    assert [p.name for p in file.parent.iterdir()] == ["hydria.conf"]


def test_what_differs_from_the_defaults_is_shown_without_secrets(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(file, "set", "database.connection=postgresql://hydria:secret@db/hydria", "api_settings.bind_port=9876")
    run(file, "set", "keystone_authtoken.auth_url=http://k", "keystone_authtoken.password=secret")
    capsys.readouterr()
    run(file, "show")
    said = capsys.readouterr().out
    database = "[database]\nconnection = postgresql://hydria:***@db/hydria\n"
    assert said == f"{database}[keystone_authtoken]\nauth_url = http://k\npassword = ***\n"


@pytest.mark.parametrize(
    "line",
    [
        "DEFAULT.transport_url=rabbit://u:secret@h,u:secret@i/",
        "database.connection=mysql://u:se@secret@h/x",
        "database.connection=postgresql://h/x?user=u&password=secret",
        "keystone_authtoken.application_credential_secret=secret",
        "keystone_authtoken.memcache_secret_key=secret",
    ],
)
def test_no_secret_is_shown(file: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(file, "set", line)
    run(file, "show")
    said = capsys.readouterr().out
    assert "***" in said
    assert "= secret" not in said
    assert not re.search("[:@=]secret", said)


def test_options_that_are_set_at_once_are_all_set(file: Path) -> None:
    words = [f"quotas.default_{name}_quota=7" for name in options.QUOTAS]
    with ThreadPoolExecutor(len(words)) as threads:
        assert list(threads.map(lambda word: run(file, "set", word), words)) == [0] * len(words)
    assert file.read_text().count("= 7\n") == len(words)
    assert [p.name for p in file.parent.iterdir()] == ["hydria.conf"]


def test_a_file_keeps_its_mode(file: Path) -> None:
    file.parent.mkdir()
    file.touch(0o640)
    run(file, "set", "api_settings.bind_port=80")
    assert file.stat().st_mode & 0o777 == 0o640
