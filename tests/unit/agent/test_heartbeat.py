"""Datagrams to controllers."""

import pytest

from hydria.agent import heartbeat
from hydria.kit import ids
from hydria.wire import datagrams

KEY = b"k" * 32


def answer(key: bytes, kind: int) -> bytes:
    header = datagrams.Header(
        kind=kind, amphora_id=ids.new(), session=ids.new(), boot_id=ids.text(bytes(16)), seq=1, token=b"t" * 16
    )
    return datagrams.seal(key, header, b"\0")


def test_controllers_are_written_with_a_port():
    assert heartbeat.address("10.0.0.1:5555") == ("10.0.0.1", 5555)
    assert heartbeat.address("[fd00::1]:5555") == ("fd00::1", 5555)


@pytest.mark.parametrize("written", ["10.0.0.1", ":5555", "10.0.0.1:0", "10.0.0.1:70000", "a:b"])
def test_anything_else_is_none(written):
    with pytest.raises(ValueError, match="ip:port"):
        heartbeat.address(written)


def test_a_token_is_taken_from_a_genuine_answer_only():
    controller = heartbeat.Controller(KEY, lambda: None)
    for forged in (answer(b"x" * 32, 3), answer(KEY, 1), b"", b"\x01" * 50):
        controller.datagram_received(forged, None)
    assert controller.token == datagrams.NO_TOKEN
    controller.datagram_received(answer(KEY, 3), None)
    assert controller.token == b"t" * 16
