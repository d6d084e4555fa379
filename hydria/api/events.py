"""The journal of a load balancer as its owner reads it: who asked for what and when, and what became of it."""

from typing import Any

import falcon

from hydria.api import errors, query
from hydria.api.context import Context
from hydria.domain.refusals import Invalid, NotFound
from hydria.kit import ids
from hydria.storage import journal, shown

MOST = 1000
"""Events on one page; a page that is not asked for has as many."""


class Events:
    """The events of a load balancer, newest first; they outlive it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response, parent_id: str) -> None:
        project_id = (
            self._context.database.read(lambda c: journal.project(c, parent_id)) if ids.is_id(parent_id) else None
        )
        if project_id is None:
            message = f"load balancer {parent_id} could not be found."
            raise NotFound(message)
        req.context.ask.must("loadbalancer:get_one", project_id)
        given = query.parameters(req)
        limit = query.asked({n: v for n, v in given.items() if n == "limit"}, {}, MOST).limit or MOST
        before = _number(given["marker"][-1]) if "marker" in given else None
        found = self._context.database.read(lambda c: journal.page(c, parent_id, limit, before))
        events = [query.only(given, _event(number, entry)) for number, entry in found]
        errors.answer(resp, 200, {"events": events, "events_links": _links(req, found, limit)})


def _number(marker: str) -> int:
    if not (marker.isascii() and marker.isdecimal() and len(marker) < 19):
        message = f"marker must be the number of an event, not {marker!r}."
        raise Invalid(message)
    return int(marker)


def _links(req: falcon.Request, found: list[tuple[int, journal.Entry]], limit: int) -> list[dict[str, str]]:
    if len(found) < limit:
        return []
    return [{"rel": "next", "href": f"{req.context.url}?limit={limit}&marker={found[-1][0]}"}]


def _event(number: int, e: journal.Entry) -> dict[str, Any]:
    is_run = e.entry == "run"
    return {
        "number": number,
        "at": shown.moment(e.at),
        "entry": e.entry,
        "action": e.action,
        "type": e.kind,
        "id": e.object_id,
        "generation": e.generation,
        "who": e.who,
        "request_id": e.request_id,
        "changes": {} if is_run else e.changes or {},
        "steps": e.changes or [] if is_run else [],
        "outcome": e.outcome,
    }
