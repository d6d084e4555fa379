"""Answers as bytes: what the application says, and what the server says by itself; pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}
RETRY_S = "1"
EMPTY = ("204", "304")

Fields = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Ending:
    """What the connection wants of an answer."""

    keeps: bool = False
    """Whether more may be asked on the connection."""
    is_old: bool = False
    """The client speaks HTTP/1.0, and must be told that more may be asked."""
    is_head: bool = False
    """The body is left out, its length is not."""


REFUSING = Ending()


def write(status: str, fields: Fields, body: bytes, date: str, ending: Ending) -> bytes:
    """An answer with the length of its body, whatever the version: nobody here speaks longer than he knows."""
    lines = [f"HTTP/1.1 {status}", f"Date: {date}"]
    names = {name.lower() for name, _ in fields}
    lines += [f"{name}: {value}" for name, value in fields if name.lower() not in ("connection", "date")]
    is_empty = status[:3] in EMPTY
    if "content-length" not in names and not is_empty and not (ending.is_head and not body):
        lines.append(f"Content-Length: {len(body)}")
    if not ending.keeps:
        lines.append("Connection: close")
    elif ending.is_old:
        lines.append("Connection: keep-alive")
    text = "\r\n".join(lines)
    if text.count("\n") + text.count("\r") > 2 * (len(lines) - 1):
        raise ValueError("a field of an answer has more than one line")
    head = text.encode("latin-1") + b"\r\n\r\n"
    return head if is_empty or ending.is_head else head + body


def refusal(code: int, why: str, request_id: str, date: str) -> bytes:
    """What the server refuses by itself, in the shape in which the application does."""
    status = f"{code} {REASONS[code]}"
    body = json.dumps({"code": code, "title": status, "description": why}).encode()
    fields = [("Content-Type", "application/json"), ("X-Openstack-Request-Id", request_id)]
    if code == 503:
        fields.append(("Retry-After", RETRY_S))
    return write(status, fields, body, date, REFUSING)
