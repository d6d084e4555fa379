"""A page for people that shows `openapi.json`: one file, served from here, that fetches nothing from elsewhere."""

import base64
import hashlib
import re
from pathlib import Path

import falcon

PAGE = Path(__file__).with_name("docs.html")


def policy(page: str) -> str:
    """What a browser may do with the page: run its own script and ask this server, nothing else."""
    rules = [
        "default-src 'none'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    for name in ("script", "style"):
        own = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in own)
        rules.append(f"{name}-src " + " ".join(f"'sha256-{digest}'" for digest in digests))
    return "; ".join(rules)


class Page:
    """Serves the page."""

    def __init__(self) -> None:
        self._text = PAGE.read_text()
        self._policy = policy(self._text)

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", self._policy)
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.text = self._text
