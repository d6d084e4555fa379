"""The description of the API says what there is: every path, every verb, every attribute, and no more."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from hydria.api import openapi, requests, schemas
from hydria.domain import kinds
from hydria.domain.attributes import At, attributes
from hydria.domain.lacks import Lacks
from tests.unit.api.conftest import Service, paths

LOCAL = ("/identity", "/network")
"""Look-ups of one machine, for clients that expect them: not of this API."""
NOT_JSON = {("/healthcheck", "get"), ("/healthcheck", "head"), ("/openapi", "get"), ("/docs", "get")}
VERBS = ("get", "put", "post", "delete", "head", "patch")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document("/", Lacks())


def anonymous(path: str) -> str:
    """A path whose ids have no names."""
    return "/".join("{}" if word.startswith("{") else word for word in requests.canonical(path).split("/"))


def described(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(anonymous(p), verb) for p, methods in document["paths"].items() for verb in methods if verb in VERBS}


def routed(api: Service) -> Iterator[tuple[str, str]]:
    """What the router would hand to a method of ours."""
    nodes = list(api.http.app._router._roots)
    while nodes:
        node = nodes.pop()
        nodes += node.children
        for verb, responder in (node.method_map or {}).items():
            if verb.lower() in VERBS and responder.__module__.startswith("hydria"):
                yield anonymous(node.uri_template or ""), verb.lower()


def test_every_path_and_verb_is_described_and_no_other(api: Service, document: dict[str, Any]) -> None:
    there = {found for found in routed(api) if not found[0].startswith(LOCAL)} - NOT_JSON
    # A collection that only members can be put into takes the verb for every kind and refuses it for the others.
    refused = {(anonymous(f"/v2/{k.many}"), "put") for k in kinds.KINDS} | {("/v2/l7policies/{}/rules", "put")}
    assert there - refused == described(document)


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def refs(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for inner in value.values():
                yield from refs(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from refs(inner)

    known = {f"#/components/{part}/{n}" for part, found in document["components"].items() for n in found}
    assert {r for r in refs(document) if r not in known} == set()


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda k: k.one)
def test_forms_hold_what_may_be_written(document: dict[str, Any], kind: kinds.Kind) -> None:
    found = document["components"]["schemas"]
    name = kind.resource.__name__
    for at, form in ((At.CREATE, f"{name}Create"), (At.UPDATE, f"{name}Update")):
        wanted = {a.name for a in attributes(kind.resource).values() if a.at & at}
        aside = (
            {"project_id", "tenant_id", *schemas.CHILDREN.get(name, ())} - {*schemas.IN_TREES_ONLY}
            if at is At.CREATE
            else set()
        )
        assert set(found[form]["properties"]) == wanted | aside


def test_an_attribute_says_since_when_it_is_there(document: dict[str, Any]) -> None:
    listener = document["components"]["schemas"]["Listener"]["properties"]
    assert (listener["hsts_max_age"]["x-since"], listener["name"]["x-since"]) == ("2.27", "2.0")
    assert listener["hsts_max_age"]["description"] == "How long browsers must use HTTPS."


def test_objects_have_exactly_the_keys_that_are_described(
    api: Service, tree: dict[str, str], document: dict[str, Any]
) -> None:
    for (path, root), kind in zip(paths(tree).values(), kinds.KINDS, strict=True):
        shown = api.get(path, root)
        assert set(shown) - {"healthmonitor_id"} == set(schemas.always(kind.resource))
        schema = {"$ref": f"#/components/schemas/{kind.resource.__name__}", "components": document["components"]}
        assert [e.message for e in Draft202012Validator(schema).iter_errors(shown)] == []


def test_it_is_served_without_a_token_and_says_where_it_is(api: Service) -> None:
    for path in ("/openapi.json", "/openapi"):
        found = api.http.simulate_get(path)
        assert (found.status_code, found.json["openapi"]) == (200, "3.1.0")
        assert found.json["servers"] == [{"url": "http://falconframework.org"}]


def test_the_page_for_people_fetches_nothing_from_elsewhere(api: Service) -> None:
    page = api.http.simulate_get("/docs", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "//" not in page.text.replace("<!doctype html>", "").replace("// ", "")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


def test_every_summary_has_the_right_article(api: Service) -> None:
    text = api.ask("GET", "/openapi.json", bare=True).text
    assert ("Create an L7 policy." in text, "Show an availability zone." in text, "Create a pool." in text) == (
        True,
        True,
        True,
    )
    assert not re.search(r'"\w+ (a (L7|availability|HTTP|SCTP)|an (pool|member|listener|flavor))', text)
