"""Query strings: filters, fields, sorting and pages; and the links to other pages."""

from typing import Any
from urllib.parse import quote, urlencode

import falcon

from hydria.api.context import ApiSettings
from hydria.domain.refusals import Invalid
from hydria.storage.lists import Asked

TAGS = {"tags": "all_tags", "tags-any": "any_tags", "not-tags": "not_all_tags", "not-tags-any": "not_any_tags"}
OTHERS = frozenset(
    {"fields", "sort", "sort_key", "sort_dir", "limit", "marker", "page_reverse", "cascade", "additive_only", "wait"}
)
SWITCHED = {
    "allow_pagination": frozenset({"limit", "marker", "page_reverse"}),
    "allow_sorting": frozenset({"sort", "sort_key", "sort_dir"}),
    "allow_field_selection": frozenset({"fields"}),
}
MOST = 2**31 - 1
"""The largest limit that databases take."""
LINKS = {"flavorprofiles": "flavorprofile_links", "availability_zone_profiles": "availability_zone_profile_links"}


def parameters(req: falcon.Request) -> dict[str, list[str]]:
    """All parameters, each with its values; raises Invalid."""
    if "%00" in req.query_string:
        message = "The query must not hold the character NUL."
        raise Invalid(message)
    read = falcon.uri.parse_query_string(req.query_string, keep_blank=True, csv=False)
    return {k: v if isinstance(v, list) else [v] for k, v in read.items()}


def shown(req: falcon.Request, settings: ApiSettings) -> dict[str, list[str]]:
    """The parameters of what is listed or shown; those that the operator has switched off are passed over."""
    off = frozenset().union(*(names for switch, names in SWITCHED.items() if not getattr(settings, switch)))
    filters = settings.allow_filtering
    return {k: v for k, v in parameters(req).items() if k not in off and (filters or k in OTHERS)}


def is_true(given: dict[str, list[str]], name: str) -> bool:
    """Whether a switch is on."""
    return given.get(name, [""])[-1].lower() in ("true", "1", "yes", "on", "t")


def waits(given: dict[str, list[str]]) -> bool:
    """Whether a request wants to wait; raises the error of another value than `applied`."""
    values = given.get("wait", [])
    if values and values[-1] != "applied":
        message = f"wait must be 'applied', not {values[-1]!r}."
        raise falcon.HTTPBadRequest(title="Bad Request", description=message)
    return bool(values)


def asked(given: dict[str, list[str]], within: dict[str, str], most: int | None) -> Asked:
    """What a list is to hold; raises the errors of a bad limit or direction."""
    tags: dict[str, list[str]] = {TAGS[name]: _words(values) for name, values in given.items() if name in TAGS}
    return Asked(
        within=within,
        filters={k: v for k, v in given.items() if k not in OTHERS and k not in TAGS},
        sort=_sort(given),
        limit=_limit(given, most),
        marker=given["marker"][-1] if "marker" in given else None,
        reverse=is_true(given, "page_reverse"),
        **tags,
    )


def _words(values: list[str]) -> list[str]:
    return [word for value in values for word in value.split(",") if word]


def _limit(given: dict[str, list[str]], most: int | None) -> int | None:
    """None: no limit. One page has `most` at most, unless all is asked for."""
    if "limit" not in given:
        return most
    text = given["limit"][-1]
    if text.lower() == "infinite":
        return None
    try:
        wanted = int(text)
    except ValueError:
        raise falcon.HTTPBadRequest(title="Bad Request", description=f"limit must be a number, not {text!r}.") from None
    if wanted < 1:
        return None
    return min(wanted, most or MOST)


def _sort(given: dict[str, list[str]]) -> list[tuple[str, bool]]:
    """Keys and whether they descend: `sort`, or else `sort_key` beside `sort_dir`; what has no direction ascends."""
    pairs = [
        (key, direction or "asc") for key, _, direction in (w.partition(":") for w in _words(given.get("sort", [])))
    ]
    if not pairs:
        keys, directions = _words(given.get("sort_key", [])), _words(given.get("sort_dir", []))
        pairs = list(zip(keys, [*directions, *("asc" for _ in keys)], strict=False))
    found: dict[str, bool] = {}
    for key, direction in pairs:
        if direction.lower() not in ("asc", "desc"):
            raise falcon.HTTPBadRequest(
                title="Bad Request", description=f"The direction of sorting is asc or desc, not {direction!r}."
            )
        found.setdefault(key, direction.lower() == "desc")
    return list(found.items())


def only(given: dict[str, list[str]], body: dict[str, Any]) -> dict[str, Any]:
    """The fields that were asked for."""
    wanted = set(_words(given.get("fields", [])))
    return {k: v for k, v in body.items() if k in wanted} if wanted else body


def page(
    url: str,
    given: dict[str, list[str]],
    wanted: Asked,
    many: str,
    found: list[dict[str, Any]],
    *,
    key: str = "id",
) -> dict[str, Any]:
    """The body of a list with its links; `key` is what names an object."""
    links = []
    if found and len(found) == wanted.limit:
        links.append({"rel": "next", "href": _href(url, given, wanted.limit, found[-1][key], reverse=False)})
    if found and wanted.marker is not None:
        links.append({"rel": "previous", "href": _href(url, given, wanted.limit, found[0][key], reverse=True)})
    body = [only(given, f) for f in found]
    return {many: body, LINKS.get(many, f"{many}_links"): links}


def _href(url: str, given: dict[str, list[str]], limit: int | None, marker: str, *, reverse: bool) -> str:
    kept = {k: v for k, v in given.items() if k not in ("marker", "limit", "page_reverse")}
    more = {"limit": [str(limit or 0)], "marker": [marker]} | ({"page_reverse": ["True"]} if reverse else {})
    return f"{url}?{urlencode({**kept, **more}, doseq=True, quote_via=quote)}"
