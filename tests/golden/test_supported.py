"""The page of what is served: written from the description of the API, so from what refuses; `./check --golden` renews it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hydria.api import schemas
from hydria.domain import capabilities, kinds
from hydria.domain.attributes import attributes
from hydria.render.unsupported import LACKS

PAGE = Path(__file__).parents[2] / "docs/supported.md"
HEAD = """# What is served

What the API knows and a deployment cannot do yet is answered 501 with a reason and what to do instead, before anything is
promised. The description of the API says so beforehand: in `/openapi.json` an attribute, a kind or an operation that is not
served has `x-supported: false` and `x-reason`; an attribute of which some words are not served has `x-unsupported`, these
words with their reasons. What has no mark works. A deployment with drivers that do nothing serves, and offers, everything.

This page shows the same of haproxy in amphorae on this machine. It is generated (`./check --golden`): do not edit it.
"""


def words(schema: dict[str, Any]) -> list[str]:
    """What an attribute can be, or which names it can hold."""
    found = (schema, *schema.get("anyOf", ()))
    return [str(w) for s in found for w in (*s.get("enum", ()), *s.get("propertyNames", {}).get("enum", ()))]


def rows(kind: kinds.Kind, form: dict[str, Any]) -> Iterator[str]:
    """A line for each attribute that is one of some words or not served, and for each condition."""
    for name in attributes(kind.resource):
        schema = form["properties"].get(name, {})
        marked, all_words = schema.get("x-unsupported", {}), words(schema)
        if "x-reason" in schema:
            yield f"| `{name}` | | all | {_alone(name, schema['x-reason'])} |"
        elif all_words:
            fine = ", ".join(word for word in all_words if word not in marked)
            wrong = ", ".join(word for word in all_words if word in marked)
            reasons = "<br>".join(dict.fromkeys(_alone(name, reason) for reason in marked.values()))
            yield f"| `{name}` | {fine} | {wrong} | {reasons} |"
    for lack in LACKS.of.get(kind.resource, ()):
        if lack.when is not None:
            name = lack.attributes[0]
            yield f"| `{name}` | | at times | {_alone(name, lack.reason)} |"


def _alone(name: str, reason: str) -> str:
    """A reason without the attribute's name before it."""
    said = reason.removeprefix(f"{name}: ")
    return said[0].upper() + said[1:]


def of_kind(kind: kinds.Kind, form: dict[str, Any]) -> str:
    title = f"## {kind.words[0].upper()}{kind.words[1:]}\n"
    if "x-reason" in form:
        return f"{title}\nNot served: {form['x-reason']}\n"
    found = list(rows(kind, form))
    table = "\n".join(["| attribute | served | not yet | why, and what instead |", "| --- | --- | --- | --- |", *found])
    return f"{title}\n{table}\n" if found else f"{title}\nAll of it.\n"


def settings(title: str, known: tuple[capabilities.Capability, ...], served: Any) -> str:
    here = {k.name: k for k in capabilities.offered(known, served)}
    lines = (f"| `{k.name}` | {here[k.name].description if k.name in here else 'not yet'} |" for k in known)
    return "\n".join([f"## {title}\n", "| setting | served |", "| --- | --- |", *lines, ""])


def test_the_page_says_what_is_served(golden: Callable[[Path, str], None]) -> None:
    forms = schemas.components(LACKS)
    parts = [HEAD, *(of_kind(kind, forms[f"{kind.resource.__name__}Create"]) for kind in kinds.KINDS)]
    parts.append(settings("Settings of flavors", capabilities.FLAVOR, LACKS.flavor))
    parts.append(settings("Settings of availability zones", capabilities.ZONE, LACKS.zone))
    golden(PAGE, "\n".join(parts))
