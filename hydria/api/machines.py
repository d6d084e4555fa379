"""Amphorae, for administrators."""

from typing import Any

import falcon

from hydria.api import access, errors, query
from hydria.api.access import Right
from hydria.api.context import Context
from hydria.domain.amphora import Amphora
from hydria.domain.attributes import Kept, attributes
from hydria.domain.refusals import Invalid, NotFound
from hydria.kit import ids
from hydria.storage import amphorae, shown

SHOWN = tuple(a.name for a in attributes(Amphora).values() if a.kept is Kept.STORED)
TIMES = ("created_at", "updated_at", "cert_expiration")


def body(amphora: Amphora) -> dict[str, Any]:
    """An amphora as administrators see it."""
    found = {n: getattr(amphora, n) for n in SHOWN}
    return found | {n: shown.moment(found[n]) for n in TIMES}


class Amphorae:
    """All amphorae that are not gone, and one of them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        access.allow(req.context.ask.caller, Right.ADMIN)
        given = query.parameters(req)
        wanted = query.asked(given, {}, self._context.settings.pagination_max_limit)
        for name in wanted.filters:
            if name not in SHOWN:
                message = f"Unknown attribute {name!r}: amphorae cannot be filtered by it."
                raise Invalid(message)
        every = [body(a) for a in self._context.database.read(amphorae.every)]
        found = [b for b in every if all(str(b[n]) in values for n, values in wanted.filters.items())]
        start = next((i + 1 for i, b in enumerate(found) if b["id"] == wanted.marker), 0)
        errors.answer(
            resp, 200, query.page(req.context.url, given, wanted, "amphorae", found[start : start + wanted.limit])
        )

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, amphora_id: str) -> None:
        found = self._context.database.read(lambda c: amphorae.one(c, amphora_id)) if ids.is_id(amphora_id) else None
        if found is None:
            message = f"amphora {amphora_id} could not be found."
            raise NotFound(message)
        access.allow(req.context.ask.caller, Right.ADMIN)
        errors.answer(resp, 200, {"amphora": query.only(query.parameters(req), body(found))})
