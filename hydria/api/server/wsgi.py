"""The WSGI side: a request as an environment, an application's answer as bytes."""

import functools
import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from hydria.api.server import answers
from hydria.api.server.answers import Ending
from hydria.api.server.reader import Request

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
JOINED = {"cookie": "; "}
"""Between the values of a field that is there twice; a comma for all others."""
DROPPED = ("content-length", "transfer-encoding", "expect")
"""What was said of a body that is here as a whole."""


@dataclass(slots=True)
class Place:
    """Where a request arrived."""

    server: tuple[str, int]
    client: tuple[str, int]
    is_one_of_many: bool = False


def environ(request: Request, place: Place) -> dict[str, Any]:
    """The environment of a request, whose body is here as a whole and has its length, however it came."""
    head = request.head
    path, _, query = head.target.partition("?")
    made: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path,
        "QUERY_STRING": query,
        "RAW_URI": head.target,
        "SERVER_PROTOCOL": f"HTTP/{head.version}",
        "SERVER_NAME": place.server[0],
        "SERVER_PORT": str(place.server[1]),
        "REMOTE_ADDR": place.client[0],
        "REMOTE_PORT": str(place.client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": place.is_one_of_many,
        "wsgi.run_once": False,
    }
    if head.length != 0:
        made["CONTENT_LENGTH"] = str(request.declared)
    for name, value in head.fields:
        # X_Auth_Token would become the same as X-Auth-Token, past everybody who looks at names.
        if name not in DROPPED and "_" not in name:
            key = _key(name)
            made[key] = f"{made[key]}{JOINED.get(name, ',')}{value}" if key in made else value
    return made


@functools.lru_cache(maxsize=512)
def _key(name: str) -> str:
    return "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}"


class Call:
    """One call of an application."""

    def __init__(self) -> None:
        self._status = ""
        self._fields: list[tuple[str, str]] = []
        self._pieces: list[bytes] = []

    def start(self, status: str, fields: list[tuple[str, str]], _failure: Any = None) -> Callable[[bytes], None]:
        """What an application calls before it answers. Nothing is sent before the end, so it may change its mind."""
        self._status, self._fields = status, fields
        return self._pieces.append

    def made(self, application: Application, environment: dict[str, Any]) -> None:
        """Call it and take all it says; raises what it raises."""
        said = application(environment, self.start)
        try:
            self._pieces.extend(said)
        finally:
            if close := getattr(said, "close", None):
                close()

    def answer(self, date: str, ending: Ending) -> bytes:
        """The answer as bytes."""
        return answers.write(self._status, self._fields, b"".join(self._pieces), date, ending)
