"""Requests out of bytes: every case whole, byte by byte, in two pieces and with something behind it."""

import re
from collections.abc import Iterator

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.api.server import framing
from hydria.api.server.framing import Refused
from hydria.api.server.reader import Reader, Request

MOST = 1000
HOST = b"Host: a\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: b\r\n\r\n"


def reader() -> Reader:
    return Reader(lambda _path, _has_token: MOST)


def read(one: Reader, pieces: Iterator[bytes] | list[bytes]) -> list[Request | int]:
    """Requests, then the code of a refusal if there was one."""
    found: list[Request | int] = []
    for piece in pieces:
        one.receive(piece)
        try:
            while request := one.next():
                found.append(request)
        except Refused as refused:
            return [*found, refused.code]
    return found


def ways(raw: bytes) -> Iterator[list[bytes]]:
    """How the same bytes may arrive."""
    yield [raw]
    yield [raw[i : i + 1] for i in range(len(raw))]
    yield [raw[: len(raw) // 2], raw[len(raw) // 2 :]]


def short(found: list[Request | int]) -> list[tuple[str, str, bytes] | int]:
    return [f if isinstance(f, int) else (f.head.method, f.head.target, f.body) for f in found]


GOOD = {
    "no body": (b"GET /a?b=c HTTP/1.1\r\n" + HOST + b"\r\n", "/a?b=c", b""),
    "a length": (b"PUT /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "/a", b"abc"),
    "a length of nothing": (b"PUT /a HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", "/a", b""),
    "chunks": (CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "/", b"abcde"),
    "chunks with extensions and trailers": (CHUNKED + b"1;x=y\r\na\r\n0\r\nT: v\r\n\r\n", "/", b"a"),
    "a whole URL": (b"GET http://a/b?c HTTP/1.1\r\n" + HOST + b"\r\n", "/b?c", b""),
    "a URL without a path": (b"GET http://a HTTP/1.1\r\n" + HOST + b"\r\n", "/", b""),
    "the server itself": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", "*", b""),
    "empty lines before": (b"\r\n\r\nGET /a HTTP/1.1\r\n" + HOST + b"\r\n", "/a", b""),
}


@pytest.mark.parametrize("raw,target,body", GOOD.values(), ids=GOOD)
def test_a_request_is_read_however_it_arrives(raw: bytes, target: str, body: bytes) -> None:
    for pieces in ways(raw):
        one = reader()
        assert [(t, b) for _, t, b in short(read(one, pieces))] == [(target, body)]  # type: ignore[misc]
        assert one.is_empty
    for pieces in ways(raw + NEXT):
        assert short(read(reader(), pieces))[1:] == [("GET", "/next", b"")]


ODD = {
    "lines without CR": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "a line without CR": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "a folded field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
    "NUL": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    "a CR alone": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    "a length with a sign": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400),
    "a length in hexadecimal": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", 400),
    "a length beyond all": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na", 400),
    "a length that is a list": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
    "a length and chunks": (CHUNKED[:-2] + b"Content-Length: 1\r\n\r\n0\r\n\r\n", 400),
    "chunks twice": (CHUNKED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks that are not last": (CHUNKED.replace(b"chunked", b"chunked, gzip") + b"0\r\n\r\n", 400),
    "packed chunks": (CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n", 501),
    "chunks in HTTP/1.0": (CHUNKED.replace(b"/1.1", b"/1.0") + b"0\r\n\r\n", 400),
    "a size with a sign": (CHUNKED + b"-1\r\na\r\n0\r\n\r\n", 400),
    "a size beyond all": (CHUNKED + b"fffffffffffffffff\r\n", 400),
    "a chunk longer than its size": (CHUNKED + b"1\r\nab\r\n0\r\n\r\n", 400),
    "a chunk that ends with LF": (CHUNKED + b"1\na\n0\n\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "no path": (b"GET foo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tunnel": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a scheme of its own": (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "an unknown method": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an unknown expectation": (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
    "another protocol behind a body": (
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na",
        501,
    ),
    "a long target": (b"GET /" + b"a" * framing.MOST_TARGET + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "many fields": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * framing.MOST_FIELDS + b"\r\n", 431),
    "a large head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * framing.MOST_HEAD + b"\r\n\r\n", 431),
}


@pytest.mark.parametrize("raw,code", ODD.values(), ids=ODD)
def test_what_could_be_understood_in_two_ways_or_has_no_bound_is_refused(raw: bytes, code: int) -> None:
    for pieces in ways(raw):
        assert read(reader(), pieces) == [code]
    for pieces in ways(NEXT + raw + NEXT):
        found = read(reader(), pieces)
        assert short(found)[:1] == [("GET", "/next", b"")]
        assert found[1:] == [code]


@pytest.mark.parametrize("raw", [NEXT[:-2] + b"X: ", CHUNKED + b"0\r\nX: ", CHUNKED + b"1;"])
def test_what_has_no_end_is_not_held(raw: bytes) -> None:
    one = reader()
    assert read(one, [raw, *[b"a" * 1000] * (framing.MOST_HEAD // 1000)]) == []
    assert read(one, [b"a" * 1000]) == [431]
    assert one.held == 0


@pytest.mark.parametrize(
    "raw,declared",
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 1001),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + b"a" * 1001, 1001),
        (CHUNKED + b"1f4\r\n" + b"a" * 500 + b"\r\n1f5\r\n" + b"a" * 501, 1001),
    ],
)
def test_a_body_that_is_too_large_is_not_waited_for(raw: bytes, declared: int) -> None:
    for pieces in ways(raw):
        one = reader()
        (found,) = read(one, pieces)
        assert isinstance(found, Request)
        assert (found.is_whole, found.body, found.declared) == (False, b"", declared)
        one.receive(b"a" * 100_000)
        assert one.held < 1000


def test_who_shows_no_token_is_not_waited_for() -> None:
    one = Reader(lambda path, has_token: 10 if has_token or path == "/login" else 0)
    for path, token, is_whole in (("/", b"X-Auth-Token: t\r\n", True), ("/login", b"", True), ("/", b"", False)):
        raw = b"POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: 1\r\n\r\n" % (path.encode(), token)
        one.receive(raw)
        found = one.next()
        assert (found is None) == is_whole
        one.receive(b"a")
        assert is_whole == bool(one.next())


@pytest.mark.parametrize(
    "fields,version,keeps",
    [
        (b"", b"1.1", True),
        (b"Connection: close\r\n", b"1.1", False),
        (b"Connection: x, Close\r\n", b"1.1", False),
        (b"", b"1.0", False),
        (b"Connection: Keep-Alive\r\n", b"1.0", True),
        (b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"1.1", False),
    ],
)
def test_whether_more_is_asked_is_the_clients_choice(fields: bytes, version: bytes, keeps: bool) -> None:
    raw = b"GET / HTTP/%s\r\nHost: a\r\n%s\r\n" % (version, fields)
    (found,) = read(reader(), [raw])
    assert isinstance(found, Request)
    assert found.head.keeps == keeps
    behind = read(reader(), [raw + NEXT])
    assert len(behind) == 1 + keeps


def test_requests_behind_one_another_are_bounded() -> None:
    found = read(reader(), [NEXT * 5000])
    assert len(found) == framing.MOST_AHEAD + 1
    assert [f.is_last for f in found if isinstance(f, Request)] == [False] * framing.MOST_AHEAD + [True]


def test_a_client_that_waits_to_send_its_body_is_known() -> None:
    one = reader()
    one.receive(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert (one.next(), one.expects) == (None, True)
    one.receive(b"a")
    assert (one.next(), one.expects, one.received) == (None, False, 1)


def test_what_is_forgotten_is_not_held() -> None:
    one = reader()
    one.receive(NEXT + CHUNKED + b"3e8\r\n" + b"a" * 900)
    assert one.held > 900
    one.forget()
    one.receive(NEXT)
    assert (one.held, one.next(), one.is_empty) == (0, None, True)


TOKENS = st.from_regex(re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"), fullmatch=True)
VALUES = st.from_regex(re.compile(r"[!-~]([ -~]{0,12}[!-~])?"), fullmatch=True)
APART = {"host", "connection", "content-length", "transfer-encoding", "expect", "upgrade", "proxy-connection"}


@given(
    st.lists(st.tuples(TOKENS.filter(lambda n: n.lower() not in APART), VALUES), max_size=5),
    st.binary(max_size=40),
    st.lists(st.integers(1, 20), max_size=6),
    st.booleans(),
)
def test_another_parser_understands_the_same(
    fields: list[tuple[str, str]], body: bytes, cuts: list[int], in_chunks: bool
) -> None:
    ours = h11.Connection(h11.CLIENT)
    framed = ("Transfer-Encoding", "chunked") if in_chunks else ("Content-Length", str(len(body)))
    raw = ours.send(h11.Request(method="PUT", target="/a", headers=[("Host", "a"), *fields, framed])) or b""
    raw += ours.send(h11.Data(data=body)) or b""
    raw += ours.send(h11.EndOfMessage()) or b""
    pieces: list[bytes] = []
    rest = raw
    for cut in cuts:
        pieces, rest = [*pieces, rest[:cut]], rest[cut:]
    (found,) = read(reader(), [*filter(None, pieces), rest])
    assert isinstance(found, Request)
    assert found.body == body
    assert found.head.fields == [("host", "a"), *((n.lower(), v) for n, v in fields), (framed[0].lower(), framed[1])]


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_are_a_defect(noise: bytes, cut: int) -> None:
    for raw in (noise, CHUNKED[: cut % len(CHUNKED)] + noise, CHUNKED + noise):
        read(reader(), [raw[:cut], raw[cut:]])
