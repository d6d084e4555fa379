"""Requests as WSGI environments, answers as bytes."""

from typing import Any
from wsgiref.validate import validator

import pytest

from hydria.api.server import answers, wsgi
from hydria.api.server.answers import Ending
from hydria.api.server.reader import Reader
from tests.unit.api.server.bed import GET
from tests.unit.api.server.conftest import Make

PLACE = wsgi.Place(("127.0.0.1", 9876), ("192.0.2.1", 4321))


def environ(raw: bytes) -> dict[str, Any]:
    reader = Reader(lambda _path, _has_token: 1000)
    reader.receive(raw)
    request = reader.next()
    assert request
    return wsgi.environ(request, PLACE)


def test_an_environment_says_who_asks_what_and_where() -> None:
    found = environ(b"GET /a%20%C3%A4/b?c=%20d HTTP/1.1\r\nHost: h:1\r\nContent-Type: x/y\r\n\r\n")
    expected = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/a \xc3\xa4/b",
        "QUERY_STRING": "c=%20d",
        "RAW_URI": "/a%20%C3%A4/b?c=%20d",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "9876",
        "REMOTE_ADDR": "192.0.2.1",
        "REMOTE_PORT": "4321",
        "HTTP_HOST": "h:1",
        "CONTENT_TYPE": "x/y",
        "wsgi.url_scheme": "http",
    }
    assert {name: found[name] for name in expected} == expected
    assert "CONTENT_LENGTH" not in found


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"]
)
def test_a_body_has_a_length_however_it_came(framing: bytes) -> None:
    found = environ(b"PUT / HTTP/1.1\r\nHost: h\r\n" + framing)
    assert (found["CONTENT_LENGTH"], found["wsgi.input"].read()) == ("3", b"abc")
    assert not {"HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_LENGTH"} & found.keys()


def test_fields_that_are_there_twice_are_joined() -> None:
    found = environ(b"GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nCookie: a\r\nCookie: b\r\nX-B:\t\xe4 \r\n\r\n")
    assert (found["HTTP_X_A"], found["HTTP_COOKIE"], found["HTTP_X_B"]) == ("1,2", "a; b", "\xe4")


def test_a_name_with_an_underscore_passes_for_no_other() -> None:
    found = environ(b"GET / HTTP/1.1\r\nHost: h\r\nX_Auth_Token: forged\r\nX-User_Id: forged\r\n\r\n")
    assert [v for v in found.values() if v == "forged"] == []


def written(status: str, *fields: tuple[str, str], body: bytes = b"", **ending: Any) -> bytes:
    return answers.write(status, fields, body, "today", Ending(**{"keeps": True, **ending}))


def test_answers_say_how_long_they_are() -> None:
    start = b"HTTP/1.1 200 OK\r\nDate: today\r\n"
    assert written("200 OK", body=b"ab") == start + b"Content-Length: 2\r\n\r\nab"
    assert written("200 OK", ("Content-Length", "2"), body=b"ab") == start + b"Content-Length: 2\r\n\r\nab"
    assert written("200 OK", ("Content-Length", "2"), is_head=True) == start + b"Content-Length: 2\r\n\r\n"
    assert written("200 OK", keeps=False) == start + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    assert written("204 No Content") == b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: b", "a\nb", "a\rb"])
def test_a_field_of_an_answer_is_one_line(value: str) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        written("200 OK", ("X", value))


def test_an_application_may_do_all_that_wsgi_lets_it_do(make: Make) -> None:
    closed = []

    class Pieces:
        def __iter__(self) -> Any:
            yield b"b"
            yield b"c"

        def close(self) -> None:
            closed.append(True)

    def application(_environ: Any, start: Any) -> Any:
        write = start("200 OK", [("Content-Type", "text/plain")])
        write(b"a")
        return Pieces()

    (answer,) = make(validator(application)).client().say(GET).answers()
    assert (answer.code, answer.body, closed) == (200, b"abc", [True])
