"""No text of a user leaves its word."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.domain import types
from hydria.domain.attributes import At, attributes, form
from hydria.domain.healthmonitor import HealthMonitor
from hydria.domain.listener import Listener
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.member import Member
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.types import HttpVersion, MonitorType
from hydria.render import haproxy
from hydria.render.haproxy import words
from tests.golden.trees import listener, loadbalancer, member, monitor, pool, tree

PICKED = st.sampled_from("\n\r\t \"'\\#$%{}[](),;:/.-\x00\x0b\u2028\u0665aB1")
HOSTILE = st.text(PICKED | st.characters(codec="utf-8"))
CALM = tree(
    loadbalancer(),
    listener(insert_headers={"X-Forwarded-For": "true"}, cidrs=["10.0.0.0/8"]),
    pool(keep="APP_COOKIE", cookie="c"),
    member(check="192.0.2.9"),
    monitor(kind=MonitorType.HTTP, url_path="/", domain_name="a", http_version=HttpVersion("1.1")),
)
PRINTABLE = "/" + "".join(chr(code) for code in range(33, 127))
RENDERED: list[tuple[type[Part], str, str]] = [
    (LoadBalancer, "vip_address", "2001:db8::1"),
    (Listener, "allowed_cidrs", "2001:db8::/32"),
    (Listener, "insert_headers", "true"),
    (Member, "address", "2001:db8::1"),
    (Member, "monitor_address", "2001:db8::1"),
    (HealthMonitor, "url_path", PRINTABLE),
    (HealthMonitor, "domain_name", "a-b.c"),
    (HealthMonitor, "expected_codes", "200,204"),
    (Pool, "session_persistence", "!#$%&'*+.^_`|~-"),
]
"""Every attribute whose text gets into the file, with a value that is accepted."""

WRAPPED: dict[str, Any] = {
    "insert_headers": lambda text: {"X-Forwarded-For": text, text: text},
    "allowed_cidrs": lambda text: [text],
    "session_persistence": lambda text: {"type": "APP_COOKIE", "cookie_name": text},
}


def words_of(line: str) -> list[str]:
    """How haproxy reads a line: blanks part words, a backslash takes their meaning from blanks, quotes and #."""
    found = re.findall(r"""(?:\\x[0-9a-f]{2}|\\[\\"'#]|[^\s\\"'#])+|\S""", line)
    assert not [word for word in found if word in ("\\", '"', "'", "#")], line
    return found


def shape(text: str) -> list[int]:
    """How many words each line has; only \\n ends a line."""
    return [len(words_of(line)) for line in text.split("\n")]


def render(*parts: Part) -> str:
    return haproxy.render(CALM.plus(*parts), haproxy.Node())


def requested(resource: type[Part], name: str, text: str) -> Part | None:
    """The calm object with an attribute as a request may set it; None when the form refuses the text."""
    at = At.UPDATE if attributes(resource)[name].at & At.UPDATE else At.CREATE
    hint = {f.name: f.type for f in msgspec.structs.fields(form(resource, at))}[name]
    try:
        value = msgspec.convert(WRAPPED.get(name, str)(text), hint, dec_hook=types.custom, strict=False)
    except msgspec.ValidationError:
        return None
    calm = next(part for part in CALM.parts() if type(part) is resource)
    return msgspec.structs.replace(calm, **{name: value})


@pytest.mark.parametrize("resource, name, fine", RENDERED, ids=[row[1] for row in RENDERED])
@given(data=st.data())
def test_whatever_is_accepted_stays_one_word(resource, name, fine, data):
    cut = data.draw(st.integers(0, len(fine)))
    text = data.draw(HOSTILE | HOSTILE.map(lambda middle: fine[:cut] + middle + fine[cut:]))
    part = requested(resource, name, text)
    if part and name == "insert_headers":
        assert set(render(part).split("\n")) <= set(render().split("\n"))
    elif part:
        assert shape(render(part)) == shape(render())


@pytest.mark.parametrize("resource, name, fine", RENDERED, ids=[row[1] for row in RENDERED])
def test_the_fine_values_are_accepted(resource, name, fine):
    assert requested(resource, name, fine)


@pytest.mark.parametrize("name", ["name", "description", "tags"])
def test_what_is_for_people_is_not_rendered(name):
    text = ["evil\nglobal"] if name == "tags" else "evil\nglobal"
    parts = [msgspec.structs.replace(p, **{name: text}) for p in CALM.parts() if hasattr(p, name)]
    assert render(*parts) == render()


@given(HOSTILE)
def test_a_word_reads_back_as_it_was(text):
    written = words.word(text)
    assert len(words_of(written)) == bool(text)
    read = re.sub(r"\\x(..)|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], written)
    assert read.encode("latin-1").decode() == text


@given(HOSTILE, st.characters(codec="utf-8"))
def test_an_address_with_a_zone_is_refused(text, more):
    assert requested(Member, "address", f"fe80::1%{more}{text}") is None


def test_codes_are_read_as_numbers():
    assert words.statuses("200, 204,\t301") == "200,204,301"
    assert words.statuses("299-200") == "200-299"
    assert words.statuses("\u0662\u0660\u0660") == "200"


def test_timers_are_never_what_haproxy_refuses():
    assert [words.milliseconds(s) for s in (0, 5, 2147483647)] == [1000, 5000, 2147483647]
