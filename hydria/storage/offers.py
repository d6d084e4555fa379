"""What operators offer - flavors, availability zones and their profiles: written by the API, read when users choose."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from hydria.domain import articles, offers
from hydria.domain.attributes import Resource, attributes
from hydria.domain.offers import AvailabilityZone, AvailabilityZoneProfile, Flavor, FlavorProfile
from hydria.domain.refusals import Conflict, Invalid
from hydria.kit import ids
from hydria.storage import flat, rows, tables
from hydria.storage.lists import Asked

TABLES: dict[offers.Kind, Table] = {
    offers.FLAVOR: tables.FLAVOR,
    offers.FLAVOR_PROFILE: tables.FLAVOR_PROFILE,
    offers.ZONE: tables.ZONE,
    offers.ZONE_PROFILE: tables.ZONE_PROFILE,
}
USERS: dict[offers.Kind, tuple[str, Any]] = {
    offers.FLAVOR: ("a load balancer", tables.TREE["load_balancer"].c.flavor_id),
    offers.ZONE: ("a load balancer", tables.TREE["load_balancer"].c.availability_zone),
    offers.FLAVOR_PROFILE: ("a flavor", tables.FLAVOR.c.flavor_profile_id),
    offers.ZONE_PROFILE: ("an availability zone", tables.ZONE.c.availability_zone_profile_id),
}
"""What may use an offer, and the column that says so."""


class Chosen(NamedTuple):
    """A flavor or a zone as a user has chosen it, with its profile."""

    provider: str
    data: str


def page(c: Connection, kind: offers.Kind, asked: Asked) -> list[Resource]:
    """One page of a list. Raises Invalid."""
    what = flat.Flat(TABLES[kind], {n: TABLES[kind].c[n] for n in attributes(kind.resource)}, kind.words, kind.key)
    return [rows.to(kind.resource, row) for row in flat.page(c, what, asked)]


def one(c: Connection, kind: offers.Kind, key: str, *, held: bool = False, alone: bool = False) -> Resource | None:
    """One offer; `held` until the end of the transaction, with others who hold it or `alone`."""
    if kind.key == "id" and not ids.is_id(key):
        return None
    query = select(TABLES[kind]).where(_is(kind, key))
    row = c.execute(query.with_for_update(read=not alone) if held or alone else query).first()
    return rows.to(kind.resource, row) if row else None


def add(c: Connection, kind: offers.Kind, thing: Resource) -> None:
    """Store a new offer; raises Conflict when its name is taken."""
    try:
        c.execute(insert(TABLES[kind]).values(**rows.values(thing)))
    except IntegrityError:
        raise _taken(kind, getattr(thing, "name", "")) from None


def change(c: Connection, kind: offers.Kind, key: str, values: dict[str, Any]) -> None:
    """Write attributes of an offer; raises Conflict when a name is taken."""
    try:
        if values:
            c.execute(update(TABLES[kind]).where(_is(kind, key)).values(**values))
    except IntegrityError:
        raise _taken(kind, values.get("name", "")) from None


def remove(c: Connection, kind: offers.Kind, key: str) -> None:
    """Remove an offer that nothing uses."""
    c.execute(delete(TABLES[kind]).where(_is(kind, key)))


def user(c: Connection, kind: offers.Kind, key: str) -> str | None:
    """What uses an offer, in words; rows whose deletion is not settled count. None when nothing does."""
    words, column = USERS[kind]
    return words if c.execute(select(func.count()).where(column == key)).scalar_one() else None


def flavor(c: Connection, flavor_id: str, *, held: bool) -> Chosen:
    """A flavor that is chosen now; raises Invalid."""
    found = one(c, offers.FLAVOR, flavor_id, held=held)
    if not isinstance(found, Flavor) or not found.enabled:
        raise _not_offered("flavor_id", flavor_id, is_there=found is not None)
    profile = one(c, offers.FLAVOR_PROFILE, found.flavor_profile_id)
    assert isinstance(profile, FlavorProfile)
    return Chosen(profile.provider_name, profile.flavor_data)


def zone(c: Connection, name: str, *, held: bool) -> Chosen:
    """The same of an availability zone."""
    found = one(c, offers.ZONE, name, held=held)
    if not isinstance(found, AvailabilityZone) or not found.enabled:
        raise _not_offered("availability_zone", name, is_there=found is not None)
    profile = one(c, offers.ZONE_PROFILE, found.availability_zone_profile_id)
    assert isinstance(profile, AvailabilityZoneProfile)
    return Chosen(profile.provider_name, profile.availability_zone_data)


def data(c: Connection, flavor_id: str) -> str:
    """What a flavor that is in use sets."""
    profiles, flavors = tables.FLAVOR_PROFILE.c, tables.FLAVOR.c
    query = select(profiles.flavor_data).where(profiles.id == flavors.flavor_profile_id, flavors.id == flavor_id)
    found: str = c.execute(query).scalar_one()
    return found


def _not_offered(name: str, key: str, *, is_there: bool) -> Invalid:
    return Invalid(f"{name}: {key!r} is disabled; choose another." if is_there else f"{name}: there is no {key!r}.")


def _taken(kind: offers.Kind, name: str) -> Conflict:
    return Conflict(f"name: there is {articles.an(kind.words)} named {name!r} already.")


def _is(kind: offers.Kind, key: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = TABLES[kind].c[kind.key] == key
    return found
