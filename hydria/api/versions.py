"""What clients ask first: which versions are spoken, and whether anybody is there."""

from typing import Any

import falcon

from hydria.api import errors
from hydria.api.context import Context

NEWEST = 30
UPDATED = "2026-11-20T00:00:00Z"


def versions(url: str) -> list[dict[str, Any]]:
    """Every minor version up to the newest; they are all the same API."""
    return [
        {
            "id": f"v2.{minor}",
            "status": "CURRENT" if minor == NEWEST else "SUPPORTED",
            "updated": UPDATED,
            "links": [{"rel": "self", "href": f"{url}/v2"}],
        }
        for minor in range(NEWEST + 1)
    ]


class Versions:
    """The list of versions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        errors.answer(resp, 200, {"versions": versions(self._context.settings.public_url or req.prefix)})


class Stub:
    """The root of a version."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        errors.answer(resp, 200, "v2")


class Health:
    """Whether requests can be served: the database must answer."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._context.database.read(lambda _: None)
        accept = req.get_header("Accept") or "*/*"
        if "application/json" in accept:
            errors.answer(resp, 200, {"status": "OK"})
        elif "text/html" in accept:
            resp.content_type = falcon.MEDIA_HTML
            resp.text = "<!doctype html><title>OK</title><p>OK</p>"
        else:
            resp.content_type = falcon.MEDIA_TEXT
            resp.text = "OK"

    on_head = on_get
