"""How values become words of haproxy's configuration: the one place where text is made harmless."""

import re

from hydria.domain.types import Codes

LONGEST_MS = 2147483647  # what a timer of haproxy holds: 24 days
SPECIAL = re.compile(rb"[^A-Za-z0-9/:;,.?!*+=~^|<>()\[\]{}$%&@_-]")


class Words(str):
    """Text of ours that is words already."""

    __slots__ = ()


def safe(value: object) -> str:
    """Make what a template writes harmless: all values pass here, no template can forget it."""
    return value if isinstance(value, Words) else word(str(value))


def word(text: str) -> str:
    """Any text as exactly one word: haproxy reads back the same bytes, and neither word nor line ends in it."""
    return SPECIAL.sub(_escaped, text.encode()).decode()


def _escaped(found: re.Match[bytes]) -> bytes:
    byte = found[0]
    return b"\\" + byte if byte in b"\\\"'#" else b"\\x%02x" % byte[0]


def argument(text: str) -> str:
    """Any text as one argument of a sample fetch, `req.cook(…)`, whose parser has quotes and separators of its own."""
    return re.sub(r"""([\\'",() ])""", r"\\\1", text)


def endpoint(address: str, port: int) -> str:
    """Where to listen or to connect."""
    return f"{host(address)}:{port}"


def host(address: str) -> str:
    """An address as haproxy takes it everywhere: without brackets `add server` reads the end of `::1` as a port."""
    return f"[{address}]" if ":" in address else address


def milliseconds(seconds: float) -> int:
    """Seconds as a timer that haproxy accepts: it refuses 0 and what overflows."""
    return min(max(int(seconds * 1000), 1000), LONGEST_MS)


def statuses(codes: Codes) -> str:
    """Expected codes as haproxy writes them. Numbers are read, not copied: digits of any script pass the pattern."""
    if "-" in codes:
        low, high = sorted(int(code) for code in codes.split("-"))
        return f"{low}-{high}"
    return ",".join(str(int(code)) for code in codes.split(","))
