"""A network API for clients that look things up before they call us: whatever is asked for by id is there."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ONE = {
    "networks": "network",
    "subnets": "subnet",
    "ports": "port",
    "policies": "policy",
    "security-groups": "security_group",
}


class Handler(BaseHTTPRequestHandler):
    """Answers GET."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        words = [word for word in parts.path.split("/") if word not in ("", "qos")]
        asked = parse_qs(parts.query).get("id", [])
        self._answer(self._found(words, asked))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _found(self, words: list[str], asked: list[str]) -> dict[str, Any] | None:
        if len(words) < 2:
            href = f"http://{self.headers['Host']}/v2.0/"
            version = {"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": href}]}
            return {"versions": [version]} if not words else {"resources": []}
        if words[1] == "extensions":
            return {"extensions": []} if len(words) == 2 else {"extension": {"alias": words[2], "name": words[2]}}
        if words[1] not in ONE:
            return None
        if len(words) == 3:
            return {ONE[words[1]]: thing(words[2])}
        return {words[1].replace("-", "_"): [thing(i) for i in asked]}

    def _answer(self, body: dict[str, Any] | None) -> None:
        raw = json.dumps(body or {"NeutronError": {"type": "NotFound", "message": self.path, "detail": ""}}).encode()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def thing(its_id: str) -> dict[str, Any]:
    """Anything of a network."""
    return {"id": its_id, "name": its_id, "network_id": its_id, "subnets": [], "status": "ACTIVE", "fixed_ips": []}


@contextmanager
def running() -> Iterator[str]:
    """Served on loopback; its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
