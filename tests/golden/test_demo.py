"""What the demo back ends answer, by the haproxy of each Debian."""

import http.client
import time
from collections.abc import Iterator

import pytest

from hydria.cli import demo
from tests.golden import running
from tests.servers import process


@pytest.fixture(scope="module")
def port(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where a demo back end listens on the loopback."""
    folder, port = tmp_path_factory.mktemp("demo"), process.free_port()
    text = demo.CONFIG.format(folder=folder, name="demo-1", address="127.0.0.1", port=port)
    with running.running(program, text, folder):
        yield port


def answer(port: int, path: str) -> tuple[int, str, float]:
    """Code and text of an answer, and how many seconds it took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    began = time.monotonic()
    connection.request("GET", path)
    got = connection.getresponse()
    text = got.read().decode()
    connection.close()
    return got.status, text, time.monotonic() - began


@pytest.mark.parametrize("path,code", [("/", 200), ("/ok", 200), ("/a/b?c", 200), ("/500", 500), ("/nope", 404)])
def test_a_demo_back_end_says_its_name_with_the_code_that_is_played(port: int, path: str, code: int) -> None:
    assert answer(port, path)[:2] == (code, "demo-1")


def test_a_slow_answer_of_a_demo_back_end_takes_two_seconds(port: int) -> None:
    code, text, seconds = answer(port, "/slow")
    assert (code, text) == (200, "demo-1")
    assert 1.9 < seconds < 5
