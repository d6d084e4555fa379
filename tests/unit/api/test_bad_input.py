"""What is wrong with a request is named and nothing of it stored; no text of a user becomes a line of a configuration file."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect
from sqlalchemy import func, select

from hydria.domain import kinds, types
from hydria.domain.attributes import At, Attribute, attributes, pattern
from hydria.kit import ids
from hydria.render import haproxy
from hydria.storage import tables, worlds
from tests.unit.api.conftest import Service, paths

NAMES = dict(zip(("lb", "listener", "pool", "member", "hm", "policy", "rule"), kinds.KINDS, strict=True))
NO_ADDRESS: tuple[Any, ...] = ("300.1.1.1", "fe80::1%eth0", "192.0.2.1\n", "", 7, [], {})
CUSTOM: dict[Any, tuple[Any, ...]] = {
    types.Address: NO_ADDRESS,
    types.AsWritten: NO_ADDRESS,
    types.Cidr: (*NO_ADDRESS, "10.0.0.0/33"),
    types.HttpVersion: ("2.0", "one", [], 1.2),
}


def wrong(kind: inspect.Type) -> Iterator[Any]:
    """Values that a type does not have."""
    if isinstance(kind, inspect.Metadata):
        yield from wrong(kind.type)
    elif isinstance(kind, inspect.UnionType):
        yield from wrong(kind.types[0])
    elif isinstance(kind, inspect.CustomType):
        yield from CUSTOM[kind.cls]
    elif isinstance(kind, inspect.IntType):
        yield from ("many", "", 1.5, [], {}, (kind.ge or 0) - 1)
        yield from [kind.le + 1, 2**70] if kind.le is not None else []
    elif isinstance(kind, inspect.StrType):
        yield from (7, True, [], {}, ["x"])
        yield from ["x" * (kind.max_length + 1)] if kind.max_length else []
        yield from ["", "\n"] if kind.pattern and kind.pattern != pattern(r"[^\r\n]*") else []
    elif isinstance(kind, inspect.ListType):
        yield from ("x", 7, {}, [[]], *([w] for w in wrong(kind.item_type)))
    elif isinstance(kind, inspect.DictType):
        yield from ("x", 7, ["x"], *({"a": w} for w in wrong(kind.value_type)))
    else:
        yield from ("maybe", 7, [], {}, {"x": 1})


def counts(api: Service) -> dict[str, int]:
    """Rows of every table."""

    def read(c: Any) -> dict[str, int]:
        return {t.name: c.execute(select(func.count()).select_from(t)).scalar() for t in tables.INTENT.sorted_tables}

    return api.context.database.read(read)


def complaints(a: Attribute, code: int, text: str) -> list[str]:
    """What an answer to a bad value of an attribute fails to say."""
    facts = {"the code": code == 400, "the attribute": a.name in text, "what is allowed": "must be" in text}
    return [f"{a.name}: {text}: {what}" for what, is_said in facts.items() if not is_said]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_that_does_not_fit_is_named_and_nothing_is_stored(
    api: Service, tree: dict[str, str], name: str
) -> None:
    kind, (path, root) = NAMES[name], paths(tree)[name]
    whole = {n: v for n, v in api.get(path, root).items() if v is not None and n in _writable(kind)}
    before, missing = counts(api), []
    for a in attributes(kind.resource).values():
        for value in wrong(inspect.type_info(a.type)) if a.at else ():
            if a.at & At.CREATE:
                asked = {**whole, **_above(kind, tree), a.name: value}
                missing += complaints(a, *api.refused("POST", path.rpartition("/")[0], {root: asked}))
            if a.at & At.UPDATE:
                missing += complaints(a, *api.refused("PUT", path, {root: {a.name: value}}))
    assert missing == []
    assert counts(api) == before


def _writable(kind: kinds.Kind) -> set[str]:
    return {a.name for a in attributes(kind.resource).values() if a.at & At.CREATE}


def _above(kind: kinds.Kind, tree: dict[str, str]) -> dict[str, str]:
    ids = {"loadbalancer_id": tree["lb"], "listener_id": tree["listener"], "pool_id": tree["pool"]}
    return {n: i for n, i in ids.items() if n in _writable(kind)}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_unknown_fixed_or_missing_is_named(api: Service, tree: dict[str, str], name: str) -> None:
    kind, (path, root) = NAMES[name], paths(tree)[name]
    before = counts(api)
    fixed = [a.name for a in attributes(kind.resource).values() if not a.at & At.UPDATE]
    for attribute in (*fixed, "colour"):
        code, text = api.refused("PUT", path, {root: {attribute: "x"}})
        assert (code, f'"{attribute}"' in text) == (400, True), text
    for a in attributes(kind.resource).values():
        if a.at & At.CREATE and a.default.__class__.__name__ == "NoDefaultType":
            code, text = api.refused("POST", path.rpartition("/")[0], {root: {}})
            assert (code, "is required" in text) == (400, True), text
    assert counts(api) == before


HARMLESS: dict[str, dict[str, Any]] = {
    "lb": {"name": "a", "description": "a", "tags": ["a"], "vip_qos_policy_id": ids.NIL, "vip_sg_ids": [ids.NIL]},
    "listener": {
        "name": "a",
        "description": "a",
        "tags": ["a"],
        "insert_headers": {"X-Forwarded-For": "true"},
        "allowed_cidrs": ["10.0.0.0/8"],
        "default_pool_id": None,
    },
    "tls": {
        "default_tls_container_ref": "a",
        "sni_container_refs": ["a"],
        "client_ca_tls_container_ref": "a",
        "client_crl_container_ref": "a",
        "tls_ciphers": "A",
        "tls_versions": ["TLSv1.2"],
    },
    "pool": {
        "name": "a",
        "description": "a",
        "tags": ["a"],
        "session_persistence": {"type": "APP_COOKIE", "cookie_name": "a"},
        "tls_container_ref": "a",
        "ca_tls_container_ref": "a",
        "crl_container_ref": "a",
        "tls_ciphers": "A",
        "tls_versions": ["TLSv1.2"],
    },
    "member": {"name": "a", "tags": ["a"], "monitor_address": "192.0.2.9"},
    "hm": {"name": "a", "tags": ["a"], "url_path": "/a", "expected_codes": "200", "domain_name": "a.test"},
    "policy": {
        "name": "a",
        "description": "a",
        "tags": ["a"],
        "redirect_url": "http://a.test/",
        "redirect_prefix": "http://a.test",
        "redirect_pool_id": None,
    },
    "rule": {"value": "/a", "tags": ["a"], "key": "a"},
}
ALONGSIDE: dict[str, dict[str, Any]] = {
    "domain_name": {"http_version": 1.1},
    "redirect_url": {"action": "REDIRECT_TO_URL"},
    "redirect_prefix": {"action": "REDIRECT_PREFIX"},
    "client_crl_container_ref": {"client_ca_tls_container_ref": "a"},
    "crl_container_ref": {"ca_tls_container_ref": "a"},
    "key": {"type": "HEADER", "value": "x"},
}
ATTACKS = (
    "\n    server evil 192.0.2.66:80",
    "\r\n    http-request deny",
    "\rx",
    "\x00",
    "\x0b\x0c\x85\u2028x",
    " # x",
    "' \" ` \\",
    "\\\n",
    "%[env(PATH)]",
    "${HOME} $HOME",
    ' } if TRUE or { path "',
    "; x",
    "\t\x1b[31m",
)


def file(api: Service, tree: dict[str, str]) -> str:
    """The configuration of what is wanted now."""
    wanted = api.context.database.read(lambda c: worlds.desired(c, tree["lb"]))
    return haproxy.render(wanted, haproxy.Node())


def shape(text: str) -> list[str]:
    """What every line begins with: what haproxy takes it for."""
    return [line.split()[0] if line.split() else "" for line in text.split("\n")]


def spoiled(value: Any, attack: str) -> Any:
    """A value with an attack at its end."""
    if isinstance(value, dict):
        return {n: spoiled(v, attack) if n != "type" else v for n, v in value.items()}
    return [spoiled(v, attack) for v in value] if isinstance(value, list) else (value or ids.NIL) + attack


@pytest.fixture
def terminating(api: Service, tree: dict[str, str]) -> str:
    """A listener that speaks TLS."""
    tls = {"protocol": "TERMINATED_HTTPS", "protocol_port": 443, "sni_container_refs": ["b"]}
    made: str = api.make("/listeners", "listener", loadbalancer_id=tree["lb"], **tls, default_tls_container_ref="b")[
        "id"
    ]
    return made


@pytest.mark.parametrize("name", HARMLESS)
def test_no_text_of_a_user_becomes_a_line_of_its_own(
    api: Service, tree: dict[str, str], terminating: str, name: str
) -> None:
    path, root = {**paths(tree), "tls": (f"/listeners/{terminating}", "listener")}[name]
    for attribute, value in HARMLESS[name].items():
        beside = ALONGSIDE.get(attribute, {})
        written = api.ask("PUT", path, {root: {**beside, attribute: value}})
        assert written.status_code == 200, written.text
        before = shape(file(api, tree))
        for attack in ATTACKS:
            asked = {root: {**beside, attribute: spoiled(value, attack)}}
            assert api.ask("PUT", path, asked).status_code in (200, 400)
            text = file(api, tree)
            more = Counter(shape(text)) - Counter(before)
            assert (more, "\r" in text, "\x00" in text) == ({}, False, False), (attribute, attack)


CREATED: dict[str, dict[str, Any]] = {
    "lb": {
        "vip_address": "198.18.0.9",
        "vip_port_id": ids.NIL,
        "vip_subnet_id": ids.NIL,
        "vip_network_id": ids.NIL,
        "additional_vips": [{"subnet_id": ids.NIL}],
        "provider": "amphora",
        "flavor_id": ids.NIL,
        "availability_zone": "a",
    },
    "listener": {"loadbalancer_id": ids.NIL},
    "pool": {"loadbalancer_id": ids.NIL, "listener_id": ids.NIL},
    "member": {"address": "192.0.2.8", "subnet_id": ids.NIL},
    "hm": {"pool_id": ids.NIL},
    "policy": {"listener_id": ids.NIL},
}
"""What is said once, when an object is made."""


@pytest.mark.parametrize("name", CREATED)
def test_what_is_said_once_takes_no_text_either(api: Service, tree: dict[str, str], name: str) -> None:
    kind, (path, root) = NAMES[name], paths(tree)[name]
    whole = {n: v for n, v in api.get(path, root).items() if v is not None and n in _writable(kind)}
    before = counts(api)
    for attribute, value in CREATED[name].items():
        for attack in ATTACKS:
            asked = {**whole, **_above(kind, tree), attribute: spoiled(value, attack)}
            code, said = api.refused("POST", path.rpartition("/")[0], {root: asked})
            assert (code, attribute in said or "NUL" in said) == (400, True), (attribute, attack, said)
    assert counts(api) == before


def is_text(kind: inspect.Type) -> bool:
    """Whether a value of a type has text in it."""
    if isinstance(kind, inspect.Metadata):
        return is_text(kind.type)
    if isinstance(kind, inspect.UnionType):
        return any(is_text(k) for k in kind.types)
    if isinstance(kind, inspect.CustomType):
        return issubclass(kind.cls, str)
    return isinstance(kind, inspect.StrType | inspect.DictType | inspect.StructType) or (
        isinstance(kind, inspect.ListType) and is_text(kind.item_type)
    )


def test_every_text_is_attacked() -> None:
    for name, kind in NAMES.items():
        texts = {
            a.name: a.at for a in attributes(kind.resource).values() if a.at and is_text(inspect.type_info(a.type))
        }
        attacked = {**HARMLESS[name], **(HARMLESS["tls"] if name == "listener" else {})}
        assert {n for n, at in texts.items() if at & At.UPDATE} <= attacked.keys(), name
        assert {n for n, at in texts.items() if not at & At.UPDATE} <= CREATED.get(name, {}).keys(), name
