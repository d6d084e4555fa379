"""The kinds of values that options may have: each refuses what nothing could be done with, and says what is expected."""

import ipaddress
import math
import re
import urllib.parse
import uuid
from typing import Any

from oslo_config import types

DATABASES = {"sqlite": "", "postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
"""Kinds of databases, and what speaks to each."""


class Checked(types.ConfigType):
    """Text that is checked when it is read."""

    def _formatter(self, value: str) -> str:
        return value


class Number(types.Float):
    """A number between two that are both allowed; `nan` is none."""

    def __init__(self, least: float, most: float) -> None:
        super().__init__(min=least, max=most)

    def __call__(self, value: Any) -> float:
        number = float(value)
        if math.isnan(number):
            message = f"{value} is no number"
            raise ValueError(message)
        super().__call__(number)
        return number


class Range(Checked):
    """A network's range of IPv4 addresses."""

    def __init__(self) -> None:
        super().__init__(type_name="a range of IPv4 addresses such as 10.88.0.0/22, with room for at least 8")

    def __call__(self, value: str) -> str:
        net = ipaddress.IPv4Network(value)
        if net.num_addresses < 8:
            message = f"{value} has only {net.num_addresses} addresses"
            raise ValueError(message)
        return str(net)


class Host(Checked):
    """An address of this machine."""

    def __init__(self, *, empty: bool = False) -> None:
        super().__init__(type_name="an IP address" + (" or nothing" if empty else ""))
        self._empty = empty

    def __call__(self, value: str) -> str:
        return "" if self._empty and not value else str(ipaddress.ip_address(value))


class PageLimit(Checked):
    """How much a page may hold."""

    def __init__(self) -> None:
        super().__init__(type_name="a whole number, at least 1, or infinite")

    def __call__(self, value: Any) -> int | None:
        if value is None or str(value).lower() == "infinite":
            return None
        if int(value) < 1:
            message = f"{value} is less than 1"
            raise ValueError(message)
        return int(value)


class Words(types.List):
    """Words of a fixed set, separated by commas."""

    def __init__(self, *known: str) -> None:
        super().__init__(item_type=types.String(choices=known), type_name=f"some of {', '.join(known)}")


class Ciphers(Checked):
    """Names of ciphers, as OpenSSL calls them."""

    def __init__(self) -> None:
        super().__init__(type_name="names of ciphers, separated by colons")

    def __call__(self, value: str) -> str:
        if bad := [name for name in value.split(":") if value and not re.fullmatch(r"[A-Za-z0-9_-]+", name)]:
            message = f"{bad[0]!r} is no name of a cipher"
            raise ValueError(message)
        return value


class Identifier(Checked):
    """The id of something."""

    def __init__(self) -> None:
        super().__init__(type_name="a UUID")

    def __call__(self, value: str) -> str:
        return str(uuid.UUID(value))


class Folder(Checked):
    """An absolute path of a file or folder, of letters that may stand in the URL of a database and in a line."""

    def __init__(self) -> None:
        super().__init__(type_name="a path that begins with /, without .., ? and control characters")

    def __call__(self, value: str) -> str:
        if value and not value.startswith("/"):
            message = f"{value} does not begin with /"
            raise ValueError(message)
        if ".." in value.split("/"):
            message = f"{value} has .. in it"
            raise ValueError(message)
        if bad := re.search(r"[?\x00-\x1f\x7f]", value):
            message = f"{value!r} has a {bad[0]!r} in it"
            raise ValueError(message)
        return re.sub("/+", "/", value)


class Url(Checked):
    """A URL of one of these schemes with a host, or nothing. What is wrong with it is said without its password."""

    def __init__(self, *schemes: str, example: str) -> None:
        super().__init__(type_name=f"{example}, or nothing")
        self._schemes = schemes

    def __call__(self, value: str) -> str:
        if value:
            self._check(value)
        return value

    def _check(self, value: str) -> None:
        parts = split(value)
        if parts.scheme not in self._schemes:
            message = f"{parts.scheme or 'it'} is not known here" if parts.scheme else "it has no scheme"
            raise ValueError(message)
        if not self._names_host(parts):
            message = "it names no host"
            raise ValueError(message)

    def _names_host(self, parts: urllib.parse.SplitResult) -> bool:
        return bool(parts.hostname)


class DatabaseUrl(Url):
    """Where a database is; SQLite's is a file."""

    def __init__(self) -> None:
        known = [*DATABASES, *(f"{kind}+{driver}" for kind, driver in DATABASES.items() if driver)]
        super().__init__(*known, example="sqlite:////path/file or postgresql:// or mysql://user:password@host/name")

    def _check(self, value: str) -> None:
        super()._check(value)
        parts = split(value)
        if parts.scheme == "sqlite" and not parts.path.startswith("//"):
            message = "the path of a file begins with /, so there are four slashes"
            raise ValueError(message)
        if not parts.path.strip("/"):
            message = "it names no database"
            raise ValueError(message)

    def _names_host(self, parts: urllib.parse.SplitResult) -> bool:
        return parts.scheme == "sqlite" or bool(parts.hostname or parts.query)  # a socket is named in the query


def split(url: str) -> urllib.parse.SplitResult:
    """The parts of a URL; raises ValueError, without the URL in its words, as there may be a password in it."""
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError as error:
        message = "it is no URL: " + ("its port is no number up to 65535" if "ort" in str(error) else "see its host")
        raise ValueError(message) from error
    return parts
