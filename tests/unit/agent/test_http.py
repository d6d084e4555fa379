"""Requests that are whole, slow, broken or hostile."""

import asyncio
import socket

import pytest

from hydria.agent import http


async def echo(request: http.Request) -> http.Response:
    return http.Response(200, f"{request.method} {request.path}?{request.query} {len(request.body)}".encode())


def exchange(*sent: bytes) -> bytes:
    """What a connection answers to these bytes, then to the end of them."""

    async def both() -> bytes:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=theirs)
        serving = asyncio.create_task(http.Connection(reader, writer, echo).serve())
        near, far = await asyncio.open_connection(sock=ours)
        for piece in sent:
            far.write(piece)
            await far.drain()
        far.write_eof()
        answer = await near.read()
        await serving
        far.close()
        return answer

    return asyncio.run(both())


GET = b"GET /a?b=1 HTTP/1.1\r\nhost: x\r\n\r\n"


def test_requests_follow_each_other_on_one_connection():
    said = exchange(GET, GET)
    assert said.count(b"HTTP/1.1 200") == 2
    assert b"GET /a?b=1 0" in said


def test_a_request_may_come_byte_by_byte():
    assert b"GET /a?b=1 0" in exchange(*(GET[at : at + 1] for at in range(len(GET))))


def test_a_body_is_read_whole():
    assert b"PUT /x? 5" in exchange(b"PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n", b"he", b"llo")


def test_a_body_too_long_is_413_before_it_is_read():
    said = exchange(b"PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in said.lower()


@pytest.mark.parametrize("noise", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n"])
def test_noise_is_answered_with_a_fault(noise):
    said = exchange(noise)
    assert said.startswith(b"HTTP/1.1 400")
    assert b'"error"' in said


def test_a_peer_that_goes_in_the_middle_is_no_trouble():
    assert exchange(b"PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhe").startswith(b"HTTP/1.1 400")


def test_expect_is_honoured():
    said = exchange(b"PUT /x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n", b"a")
    assert b"HTTP/1.1 200" in said
