"""What is declared once is what is checked, defaulted, reset and told everywhere."""

import re
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import NODEFAULT, Meta

from hydria.domain import kinds
from hydria.domain.attributes import At, Doc, Kept, Resource, Since, attributes, form, pattern, written
from hydria.domain.types import Ciphers, Name, Port, Seconds


class Door(Resource, kw_only=True, frozen=True):
    """A thing with one attribute of each sort."""

    id: Annotated[str, Doc("Who it is.")]
    secret: Annotated[str, Kept.HIDDEN] = ""
    number: Annotated[Port, At.CREATE, Doc("Its number.")]
    name: Annotated[Name, At.BOTH, Doc("A name for people.")] = ""
    patience: Annotated[Seconds | None, At.BOTH, Since("2.27"), Doc("How long it waits.")] = None
    limit: Annotated[int, At.UPDATE] = -1
    ciphers: Annotated[Ciphers | None, At.BOTH] = None
    tags: Annotated[list[Name], At.BOTH] = []


def read(body, at):
    return written(Door, msgspec.convert(body, form(Door, at), strict=False))


def test_what_is_left_out_of_a_creation_has_its_default():
    assert read({"number": 80}, At.CREATE) == {"number": 80, "name": "", "patience": None, "ciphers": None, "tags": []}


def test_what_is_left_out_of_an_update_is_not_written():
    assert read({"name": "x"}, At.UPDATE) == {"name": "x"}
    assert read({}, At.UPDATE) == {}


def test_null_resets_and_where_null_is_a_value_it_is_one():
    assert read({"limit": None, "patience": None, "tags": None}, At.UPDATE) == {
        "limit": -1,
        "patience": None,
        "tags": [],
    }


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"number": None},
        {"number": 0},
        {"number": 65536},
        {"number": "x"},
        {"number": 80, "id": "x"},
        {"number": 80, "secret": "x"},
        {"number": 80, "limit": 1},
        {"number": 80, "patience": -5},
        {"number": 80, "ciphers": "AES\n"},
        {"number": 80, "ciphers": "a b; c"},
        {"number": 80, "name": "x" * 256},
        {"number": 80, "tags": ["x" * 256]},
        {"number": 80, "tags": "x"},
        {"number": 80, "colour": "red"},
    ],
)
def test_a_creation_refuses(bad):
    with pytest.raises(msgspec.ValidationError):
        read(bad, At.CREATE)


@pytest.mark.parametrize("bad", [{"number": 80}, {"id": "x"}, {"patience": -1}, {"limit": "many"}])
def test_an_update_refuses(bad):
    with pytest.raises(msgspec.ValidationError):
        read(bad, At.UPDATE)


def test_attributes_are_told_in_the_order_of_their_declaration():
    assert list(attributes(Door)) == ["id", "secret", "number", "name", "patience", "limit", "ciphers", "tags"]


def test_what_is_declared_is_known():
    known = attributes(Door)
    assert (known["patience"].since, known["patience"].doc) == ("2.27", "How long it waits.")
    assert (known["patience"].nullable, known["limit"].nullable) == (True, False)
    assert (known["number"].default, known["tags"].default) == (NODEFAULT, [])
    assert (known["secret"].kept, known["id"].at, known["id"].since) == (Kept.HIDDEN, At.NEVER, "2.0")


def test_limits_of_named_types_reach_the_schema():
    schema = msgspec.json.schema(form(Door, At.CREATE))
    properties = next(iter(schema["$defs"].values()))["properties"]
    assert (properties["number"]["minimum"], properties["number"]["maximum"]) == (1, 65535)


@given(st.text(), st.text(alphabet="\n\r \x00\u2028x", max_size=2))
def test_a_pattern_is_of_the_whole_text(text, more):
    anchored = re.compile(pattern("[a-c]+|d"))
    assert bool(anchored.search(text + more)) == bool(re.fullmatch("[a-c]+|d", text + more))


# --- what every declaration of ours must keep to

ALL = [(k.resource, a) for k in kinds.KINDS for a in attributes(k.resource).values()]


def named(pair):
    return pair[1].name if isinstance(pair, tuple) else ""


@pytest.mark.parametrize("resource, attribute", ALL, ids=[f"{r.__name__}.{a.name}" for r, a in ALL])
def test_declared_attributes_can_be_explained_and_reset(resource, attribute):
    if attribute.kept is not Kept.HIDDEN:
        assert attribute.doc.endswith(".")
    assert re.fullmatch(r"2\.\d+", attribute.since)
    if attribute.default is None:
        assert attribute.nullable
    if attribute.default not in (NODEFAULT, None):
        msgspec.convert(msgspec.to_builtins(attribute.default), attribute.type, dec_hook=lambda kind, v: kind(v))


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda k: k.one)
def test_what_is_computed_cannot_be_written(kind):
    computed = {a.name for a in attributes(kind.resource).values() if a.kept is Kept.COMPUTED}
    for at in (At.CREATE, At.UPDATE):
        assert not computed & set(form(kind.resource, at).__struct_fields__)


def test_text_without_a_pattern_is_for_people_only():
    free = {a.name for _, a in ALL if a.at and Meta(max_length=255) in getattr(a.type, "__metadata__", ())}
    assert {"name", "description"} <= free
