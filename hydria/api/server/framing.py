"""Heads of requests: what must hold of them beyond their grammar, which httptools knows; bounds; pure."""

import re
from dataclasses import dataclass

MOST_HEAD = 64 * 1024
MOST_TARGET = 16 * 1024
MOST_FIELDS = 128
MOST_AHEAD = 32
"""Requests that may be sent behind one another before the first is answered."""
Fields = list[tuple[str, str]]
ORIGIN = re.compile("[/?]")


class Refused(Exception):
    """A request that is not read any further: the code it is answered with, and why."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


@dataclass(slots=True)  # frozen would cost more than all else that is done with it
class Head:
    """Request line and fields. Names are in lower case; bytes are read as Latin-1, as WSGI wants them."""

    method: str
    target: str
    version: str
    """1.0 or 1.1."""
    fields: Fields
    length: int | None
    """Bytes of the body; None: it comes in chunks."""
    keeps: bool
    """Whether the client wants to ask more on this connection."""
    expects: bool
    """Whether the client waits for a word before it sends the body."""

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return any(found == name for found, _ in self.fields)


def head(method: str, target: str, version: str, fields: Fields, *, keeps: bool) -> Head:
    """What the parser found, if it makes sense; raises Refused for what it is too lenient about."""
    if version not in ("1.0", "1.1"):
        raise Refused(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
    is_old, hosts, length, expects = version == "1.0", 0, 0, False
    in_chunks = False
    for name, value in fields:
        if name == "host":
            hosts += 1
        elif name == "content-length":
            length = int(value)  # digits alone, no more than fit into eight bytes, and once: the parser sees to that
        elif name == "transfer-encoding":
            in_chunks = _in_chunks(value, is_old=is_old)
        elif name == "expect":
            expects = _expects(value) and not is_old
    if hosts != 1 and not (is_old and not hosts):
        raise Refused(400, "The request must have one Host field.")
    return Head(method, _origin(target), version, fields, None if in_chunks else length, keeps, expects)


def _origin(target: str) -> str:
    """Path and query, of a target that may be a whole URL."""
    if target.startswith("/") or target == "*":
        return target
    scheme, found, rest = target.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        raise Refused(400, "The target of the request must be a path or a URL.")
    begin = ORIGIN.search(rest)
    origin = rest[begin.start() :] if begin else ""
    return origin if origin.startswith("/") else f"/{origin}"


def _in_chunks(value: str, *, is_old: bool) -> bool:
    if is_old:
        raise Refused(400, "HTTP/1.0 knows no Transfer-Encoding.")
    if value.lower() != "chunked":
        raise Refused(501, "The only Transfer-Encoding understood here is chunked.")
    return True


def _expects(value: str) -> bool:
    if value.lower() != "100-continue":
        raise Refused(417, "The only expectation understood here is 100-continue.")
    return True
