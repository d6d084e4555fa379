"""Named types: what a value may be, with its limits. Attributes are declared with these."""

import enum
import ipaddress
from typing import Annotated, Any

from msgspec import Meta

from hydria.domain.attributes import pattern
from hydria.kit import ids

Uuid = Annotated[str, Meta(pattern=pattern(ids.TEXT), description="a UUID")]
ProjectId = Annotated[str, Meta(max_length=36, pattern=pattern(r"[A-Za-z0-9_.-]{1,36}"), description="a project id")]
Name = Annotated[str, Meta(max_length=255)]
Short = Annotated[str, Meta(max_length=64)]
Ref = Annotated[str, Meta(max_length=255)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Weight = Annotated[int, Meta(ge=0, le=256)]
Retries = Annotated[int, Meta(ge=1, le=10)]
Limit = Annotated[int, Meta(ge=-1, le=2147483647)]
Count = Annotated[int, Meta(ge=-1, le=2000000000)]
Seconds = Annotated[int, Meta(ge=0, le=2147483647)]
Milliseconds = Annotated[int, Meta(ge=0, le=2073600000)]
Position = Annotated[int, Meta(ge=1, le=2147483647)]
HttpCode = Annotated[int, Meta(ge=301, le=308, description="one of 301, 302, 303, 307, 308")]
Instant = Annotated[int, Meta(description="microseconds since 1970, UTC")]
Generation = Annotated[int, Meta(ge=0)]
Json = Annotated[str, Meta(max_length=4096)]
CookieName = Annotated[str, Meta(max_length=255, pattern=pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"))]
UrlPath = Annotated[str, Meta(max_length=2048, pattern=pattern(r"/[!-~]*"), description="a path that begins with /")]
Codes = Annotated[
    str, Meta(max_length=64, pattern=pattern(r"\d{3}(\s*,\s*\d{3})*|\d{3}-\d{3}"), description="200; 200,202; 200-204")
]
DomainName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=pattern(r"(?=.{1,253}\.?\Z)(?:(?!-|[^.]+_)[A-Za-z0-9\-_]{1,63}(?<!-)(?:\.|\Z))+"),
        description="a domain name",
    ),
]
Ciphers = Annotated[str, Meta(max_length=2048, pattern=pattern(r"[A-Za-z0-9:+!@=_.-]+"))]
TlsVersion = Annotated[str, Meta(max_length=32)]
HeaderValue = Annotated[str, Meta(max_length=255)]
Line = Annotated[str, Meta(max_length=255, pattern=pattern(r"[^\r\n]*"), description="one line of text")]
Url = Annotated[
    str,
    Meta(max_length=255, pattern=pattern(r"https?://[A-Za-z0-9\[][!-~]*"), description="an http or https URL"),
]


class Address(str):
    """An IP address in its shortest form; made by `custom`. How it was written is an attribute beside it: see `attributes.SPELLED`."""

    __slots__ = ()


class AsWritten(Address):
    """An IP address in whatever form it was written, inside of something that is kept whole; made by `custom`."""

    __slots__ = ()


class Cidr(str):
    """A network with its host bits cleared; made by `custom`."""

    __slots__ = ()


class HttpVersion(float):
    """1.0 or 1.1; made by `custom`."""

    __slots__ = ()


def custom(kind: type, value: Any) -> Any:
    """Read a value of one of the classes above; raises ValueError. A hook of msgspec."""
    if isinstance(value, str) and "%" in value:
        message = f"{value!r} has a zone"  # which ipaddress takes as it is, line ends included
        raise ValueError(message)
    # A zone ("fe80::1%eth0") may hold any character, line ends too, and means nothing off the machine it was written on.
    if kind is Cidr and isinstance(value, str):
        return Cidr(ipaddress.ip_network(value, strict=False))
    if kind in (Address, AsWritten) and isinstance(value, str):
        shortest = _shortest(value)
        return Address(shortest) if kind is Address else AsWritten(value)
    if kind is HttpVersion and str(value) in ("1", "1.0", "1.1"):  # many a writer of JSON makes 1 of 1.0
        return HttpVersion(str(value))
    message = f"{value!r} does not fit"
    raise ValueError(message)


def _shortest(text: str) -> str:
    """The one form of an IP address; raises ValueError."""
    read = ipaddress.ip_address(text)
    mapped = read.ipv4_mapped if isinstance(read, ipaddress.IPv6Address) else None
    return f"::ffff:{mapped}" if mapped else str(read)  # Pythons differ in how they write these


def same(text: str) -> str:
    """The form in which an address is compared; what is none stays as it is."""
    try:
        return _shortest(text)
    except ValueError:
        return text


class ListenerProtocol(enum.StrEnum):
    HTTP = "HTTP"
    HTTPS = "HTTPS"
    PROMETHEUS = "PROMETHEUS"
    SCTP = "SCTP"
    TCP = "TCP"
    TERMINATED_HTTPS = "TERMINATED_HTTPS"
    UDP = "UDP"


class PoolProtocol(enum.StrEnum):
    HTTP = "HTTP"
    HTTPS = "HTTPS"
    PROXY = "PROXY"
    PROXYV2 = "PROXYV2"
    SCTP = "SCTP"
    TCP = "TCP"
    UDP = "UDP"


class Algorithm(enum.StrEnum):
    LEAST_CONNECTIONS = "LEAST_CONNECTIONS"
    ROUND_ROBIN = "ROUND_ROBIN"
    SOURCE_IP = "SOURCE_IP"
    SOURCE_IP_PORT = "SOURCE_IP_PORT"


class Persistence(enum.StrEnum):
    APP_COOKIE = "APP_COOKIE"
    HTTP_COOKIE = "HTTP_COOKIE"
    SOURCE_IP = "SOURCE_IP"


class MonitorType(enum.StrEnum):
    HTTP = "HTTP"
    HTTPS = "HTTPS"
    PING = "PING"
    SCTP = "SCTP"
    TCP = "TCP"
    TLS_HELLO = "TLS-HELLO"
    UDP_CONNECT = "UDP-CONNECT"


class HttpMethod(enum.StrEnum):
    CONNECT = "CONNECT"
    DELETE = "DELETE"
    GET = "GET"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"
    PATCH = "PATCH"
    POST = "POST"
    PUT = "PUT"
    TRACE = "TRACE"


class ClientAuthentication(enum.StrEnum):
    MANDATORY = "MANDATORY"
    NONE = "NONE"
    OPTIONAL = "OPTIONAL"


class Alpn(enum.StrEnum):
    H2 = "h2"
    HTTP_1_1 = "http/1.1"
    HTTP_1_0 = "http/1.0"


class PolicyAction(enum.StrEnum):
    REDIRECT_PREFIX = "REDIRECT_PREFIX"
    REDIRECT_TO_POOL = "REDIRECT_TO_POOL"
    REDIRECT_TO_URL = "REDIRECT_TO_URL"
    REJECT = "REJECT"


class RuleType(enum.StrEnum):
    COOKIE = "COOKIE"
    FILE_TYPE = "FILE_TYPE"
    HEADER = "HEADER"
    HOST_NAME = "HOST_NAME"
    PATH = "PATH"
    SSL_CONN_HAS_CERT = "SSL_CONN_HAS_CERT"
    SSL_DN_FIELD = "SSL_DN_FIELD"
    SSL_VERIFY_RESULT = "SSL_VERIFY_RESULT"


class Compare(enum.StrEnum):
    CONTAINS = "CONTAINS"
    ENDS_WITH = "ENDS_WITH"
    EQUAL_TO = "EQUAL_TO"
    REGEX = "REGEX"
    STARTS_WITH = "STARTS_WITH"


class VnicType(enum.StrEnum):
    NORMAL = "normal"
    DIRECT = "direct"
