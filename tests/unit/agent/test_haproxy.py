"""haproxy's sockets and their answers."""

import pytest

from hydria.agent import haproxy, places
from hydria.wire.agentsettings import AgentSettings

SETTINGS = AgentSettings(amphora_id="a" * 36, deployment="d")
PLACES = places.of(SETTINGS, "b" * 36)
PROXY = "/run/x/v-1"


def test_binds_are_read_with_their_defaults():
    config = "frontend f\n  bind 10.0.0.1:80\n  bind [fd00::1]:443 ssl\n bind *:81\n bind :82,10.0.0.2:83\n"
    assert haproxy.binds(config) == [
        ("10.0.0.1", 80),
        ("fd00::1", 443),
        ("0.0.0.0", 81),
        ("0.0.0.0", 82),
        ("10.0.0.2", 83),
    ]


@pytest.mark.parametrize("word", ["/run/socket", "abns@name", "unix@/x:1", "10.0.0.1:80-90", "fd@3"])
def test_binds_of_other_forms_are_left_to_haproxy(word):
    assert haproxy.binds(f"  bind {word}\n") == []


def test_commands_are_joined_but_payloads_stand_alone():
    assert haproxy.joined(("a", "b", "set x <<\n1\n", "c")) == ["a;b", "set x <<\n1\n", "c"]
    assert haproxy.joined(()) == []


def test_joined_commands_fit_in_what_haproxy_reads():
    lines = haproxy.joined(tuple(f"add server {at:0100}" for at in range(500)))
    assert max(map(len, lines)) < haproxy.CHUNK + 200
    assert sum(line.count("add server") for line in lines) == 500


def test_fewer_connections_fit_where_more_servers_are_checked():
    few = haproxy.most_connections(20000, "server a b\n")
    assert 7000 < few < 8000
    assert haproxy.most_connections(20000, "  server a b check\n" * 1000) < few - 700


def test_external_checks_are_allowed_only_where_they_are_used():
    assert "external-check" not in haproxy.fragment(PLACES, PROXY, 100, "backend b\n")
    assert "insecure-fork-wanted" in haproxy.fragment(PLACES, PROXY, 100, "option external-check\n")


def test_the_fragment_knows_user_socket_and_folder():
    told = haproxy.fragment(PLACES, PROXY, 100, "")
    assert f"uid {PLACES.uid}" in told
    assert f"stats socket {PLACES.admin} mode 600 level admin" in told
    assert f"crt-base {PROXY}/certs" in told


def test_words_of_haproxy_lose_the_places_its_reader_does_not_know():
    said = (
        "[NOTICE]   (1) : haproxy version is 2.6.12\n"
        "[ALERT]    (1) : config : parsing [/run/x/v-1/haproxy.cfg:9] : unknown keyword 'zz' in 'frontend' section\n"
        "[ALERT]    (1) : config : Error(s) found in configuration file : /run/x/v-1/haproxy.cfg\n"
        "[ALERT]    (1) : config : Fatal errors found in configuration.\n"
    )
    assert haproxy.trimmed(said, PROXY) == "parsing [haproxy.cfg:9] : unknown keyword 'zz' in 'frontend' section"


def test_two_amphorae_share_neither_namespace_nor_user():
    other = places.of(AgentSettings(amphora_id="c" * 36, deployment="d"), "b" * 36)
    assert other.netns != PLACES.netns
    assert other.uid != PLACES.uid
    assert len(PLACES.master) < places.LONGEST_SOCKET
