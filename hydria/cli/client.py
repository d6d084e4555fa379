"""A small client of the API, for the commands of this machine."""

import http.client
import json
import time
import urllib.parse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from hydria.cli.trouble import Trouble


class Client:
    """Speaks to one API; logs in at first use, unless there is no project to log in to: then the door is open.

    `token` gives one from elsewhere instead; `seconds` bound every request.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        project: str,
        *,
        token: Callable[[], str] | None = None,
        seconds: float = 30.0,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._login = (user, password, project)
        self._given = token
        self._seconds = seconds
        self._token: str | None = None

    def answers(self) -> bool:
        """Whether the API is there."""
        try:
            return self._send("GET", "/", None, {})[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's body; raises Trouble with the API's words."""
        status, answer, _ = self.request(method, path, body)
        if status >= 400:
            words = answer.get("faultstring") or answer.get("description") or str(answer)
            raise Trouble(f"{method} {path}: {status}: {words}")
        return answer

    def gone(self, path: str) -> bool:
        """Whether there is no such object."""
        return bool(self.request("GET", path)[0] == 404)

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, Any, Any]:
        """Status, body and headers of the answer, whatever it is; raises Trouble when there is none."""
        return self._reach(method, path, body, {**self._shown(), **headers})

    def _shown(self) -> dict[str, str]:
        if self._token is None:
            log_in = self._given or self._log_in
            self._token = log_in() if self._given or self._login[2] else ""
        return {"X-Auth-Token": self._token} if self._token else {}

    def _log_in(self) -> str:
        user, password, project = self._login
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": password}},
        }
        scope = {"project": {"name": project, "domain": domain}}
        asked = {"auth": {"identity": identity, "scope": scope}}
        status, answer, headers = self._reach("POST", "/identity/v3/auth/tokens", asked, {})
        if status != 201:
            raise Trouble(f"logging in as {user} failed: {answer}", "see users.json and clouds.yaml of this deployment")
        return str(headers.get("X-Subject-Token"))

    def _reach(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, Any]:
        try:
            return self._send(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            where = f"{self._host}:{self._port}"
            raise Trouble(f"the API does not answer on {where}: {error}", "hydria up; hydria doctor") from error

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, Any]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)
        try:
            raw = None if body is None else json.dumps(body)
            connection.request(method, path, raw, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}, answer.headers
        finally:
            connection.close()


def until(done: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
    """Wait until something is so; False when it is not in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def ask(vip: str, port: int = 80) -> str:
    """Who answered a request through a VIP; "" when nobody did within 2 s."""
    connection = http.client.HTTPConnection(vip, port, timeout=2)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.read().decode().strip() if answer.status == 200 else ""
    except OSError:
        return ""
    finally:
        connection.close()
