"""Flavors, availability zones and their profiles over HTTP: one implementation for all four."""

from typing import Any

import falcon
import msgspec

from hydria.api import errors, idempotency, query, requests
from hydria.api.context import Context
from hydria.domain import capabilities, forms, offers
from hydria.domain.attributes import Resource
from hydria.domain.offers import AvailabilityZone, AvailabilityZoneProfile, Flavor, FlavorProfile
from hydria.domain.refusals import Conflict, Invalid, NotFound
from hydria.kit import ids
from hydria.storage import offers as stored
from hydria.storage.database import Connection

ACTIONS = {
    offers.FLAVOR: "flavor",
    offers.FLAVOR_PROFILE: "flavor-profile",
    offers.ZONE: "availability-zone",
    offers.ZONE_PROFILE: "availability-zone-profile",
}
"""What the rules of access call each kind."""


class Collection:
    """All offers of a kind."""

    def __init__(self, context: Context, kind: offers.Kind) -> None:
        self._context = context
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.context.ask.must(f"{ACTIONS[self._kind]}:get_all")
        given = query.shown(req, self._context.settings)
        wanted = query.asked(given, {}, self._context.settings.page)
        found = self._context.database.read(lambda c: stored.page(c, self._kind, wanted))
        bodies = [_shown(f) for f in found]
        errors.answer(
            resp, 200, query.page(req.context.url, given, wanted, self._kind.many, bodies, key=self._kind.key)
        )

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        values = forms.create(self._kind.resource, requests.attributes(req, self._kind.one))
        req.context.ask.must(f"{ACTIONS[self._kind]}:post")
        own = {"id": ids.new()} if self._kind.key == "id" else {}
        made = self._kind.resource(**own, **values)
        if (key := getattr(made, self._kind.key)) in ("", ids.NIL):
            message = f"{self._kind.key}: {key!r} is reserved; choose another."
            raise Invalid(message)

        def work(c: Connection) -> None:
            _check(self._context, c, made)
            stored.add(c, self._kind, made)
            idempotency.keep_plain(self._context, c, req.context.ask.once, 201, body)

        body = {self._kind.one: _shown(made)}
        self._context.database.write(work)
        errors.answer(resp, 201, body)


class Item:
    """One offer of a kind."""

    def __init__(self, context: Context, kind: offers.Kind) -> None:
        self._context = context
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response, key: str) -> None:
        found = self._context.database.read(lambda c: self._found(c, key))
        req.context.ask.must(f"{ACTIONS[self._kind]}:get_one")
        errors.answer(resp, 200, {self._kind.one: query.only(query.shown(req, self._context.settings), _shown(found))})

    def on_put(self, req: falcon.Request, resp: falcon.Response, key: str) -> None:
        values = forms.update(self._kind.resource, requests.attributes(req, self._kind.one))

        def work(c: Connection) -> dict[str, Any]:
            before = self._found(c, key, alone=True)
            req.context.ask.must(f"{ACTIONS[self._kind]}:put")
            after: Resource = msgspec.structs.replace(before, **values)
            self._frozen(c, before, after)
            _check(self._context, c, after)
            stored.change(c, self._kind, getattr(before, self._kind.key), values)
            body = {self._kind.one: _shown(after)}
            idempotency.keep_plain(self._context, c, req.context.ask.once, 200, body)
            return body

        errors.answer(resp, 200, self._context.database.write(work))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, key: str) -> None:
        def work(c: Connection) -> None:
            found = self._found(c, key, alone=True)
            req.context.ask.must(f"{ACTIONS[self._kind]}:delete")
            own = getattr(found, self._kind.key)
            if user := stored.user(c, self._kind, own):
                message = f"{self._kind.words} {own} is in use by {user} and cannot be deleted."
                raise Conflict(message)
            stored.remove(c, self._kind, own)
            idempotency.keep_plain(self._context, c, req.context.ask.once, 204)

        self._context.database.write(work)
        resp.status = 204

    def _found(self, c: Connection, key: str, *, alone: bool = False) -> Resource:
        found = stored.one(c, self._kind, key, alone=alone) if key != ids.NIL else None
        if found is None:
            message = f"{self._kind.words} {key} could not be found."
            raise NotFound(message)
        return found

    def _frozen(self, c: Connection, before: Resource, after: Resource) -> None:
        """What a profile says may not change beneath those who use it; its name may."""
        if not isinstance(before, FlavorProfile | AvailabilityZoneProfile):
            return
        if msgspec.structs.replace(after, name=before.name) != before and (
            user := stored.user(c, self._kind, before.id)
        ):
            message = f"{self._kind.words} {before.id} is in use by {user}: only its name can be changed."
            raise Conflict(message)


def _check(context: Context, c: Connection, thing: Resource) -> None:
    """What must be true of an offer beyond its form; raises a refusal."""
    if isinstance(thing, Flavor):
        _profile(c, offers.FLAVOR_PROFILE, "flavor_profile_id", thing.flavor_profile_id)
    elif isinstance(thing, AvailabilityZone):
        _profile(c, offers.ZONE_PROFILE, "availability_zone_profile_id", thing.availability_zone_profile_id)
    elif isinstance(thing, FlavorProfile):
        data = capabilities.read("flavor_data", thing.flavor_data)
        if _is_ours(context, thing.provider_name):
            capabilities.check("flavor_data", data, capabilities.FLAVOR, context.lacks.flavor)
    elif isinstance(thing, AvailabilityZoneProfile):
        name = "availability_zone_data"
        data = capabilities.read(name, thing.availability_zone_data)
        if _is_ours(context, thing.provider_name):
            capabilities.check(name, data, capabilities.ZONE, context.lacks.zone)


def _profile(c: Connection, kind: offers.Kind, name: str, profile_id: str) -> None:
    if stored.one(c, kind, profile_id, held=True) is None:
        message = f"{name}: {kind.words} {profile_id} could not be found."
        raise NotFound(message)


def _is_ours(context: Context, provider: str) -> bool:
    return context.settings.provider(provider, "provider_name") == capabilities.OWN


def _shown(thing: Resource) -> dict[str, Any]:
    return msgspec.structs.asdict(thing)
