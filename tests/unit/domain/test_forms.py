"""Reading request bodies: values that fit, nulls that reset, and words that name the culprit."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.domain import forms, kinds
from hydria.domain.refusals import Invalid

UUID = "ABCDEF01-1111-1111-1111-111111111111"
LISTENER = {"loadbalancer_id": UUID, "protocol": "HTTP", "protocol_port": 80}
MONITOR = {"pool_id": UUID, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}


def said(kind: kinds.Kind, body: dict[str, Any], *, update: bool = False) -> str:
    """What a refusal says."""
    with pytest.raises(Invalid) as refusal:
        (forms.update if update else forms.create)(kind.resource, body)
    return str(refusal.value)


def test_what_is_left_out_has_its_default() -> None:
    values = forms.create(kinds.LISTENER.resource, LISTENER)
    assert (values["connection_limit"], values["admin_state_up"], values["allowed_cidrs"]) == (-1, True, [])


def test_numbers_and_booleans_may_be_text() -> None:
    values = forms.create(kinds.LISTENER.resource, {**LISTENER, "protocol_port": "80", "admin_state_up": "false"})
    assert (values["protocol_port"], values["admin_state_up"]) == (80, False)


def test_identifiers_are_written_small_and_networks_without_host_bits() -> None:
    values = forms.create(kinds.LISTENER.resource, {**LISTENER, "allowed_cidrs": ["192.0.2.7/24"]})
    assert (values["loadbalancer_id"], values["allowed_cidrs"]) == (UUID.lower(), ["192.0.2.0/24"])


def test_identifiers_inside_of_attributes_are_written_small_too() -> None:
    asked = {"additional_vips": [{"subnet_id": UUID, "port_id": UUID}], "vip_sg_ids": [UUID]}
    values = forms.create(kinds.LOADBALANCER.resource, {"vip_subnet_id": UUID, **asked})
    vip = values["additional_vips"][0]
    assert {vip.subnet_id, vip.port_id, *values["vip_sg_ids"], values["vip_subnet_id"]} == {UUID.lower()}


@pytest.mark.parametrize(
    "kind,body,words",
    [
        (kinds.LISTENER, {**LISTENER, "protocol_port": 70000}, ["protocol_port", "70000", "1 to 65535"]),
        (kinds.LISTENER, {**LISTENER, "protocol": "GOPHER"}, ["protocol", "GOPHER", "TERMINATED_HTTPS"]),
        (kinds.LISTENER, {**LISTENER, "loadbalancer_id": "x"}, ["loadbalancer_id", '"x"', "UUID"]),
        (kinds.LISTENER, {**LISTENER, "name": "x" * 256}, ["name", "255 characters"]),
        (kinds.LISTENER, {**LISTENER, "allowed_cidrs": ["x"]}, ["allowed_cidrs", "CIDR"]),
        (kinds.LISTENER, {**LISTENER, "insert_headers": {"a": 1}}, ["insert_headers", "object"]),
        (kinds.LISTENER, {"protocol": "HTTP"}, ["protocol_port", "required"]),
        (kinds.LISTENER, {**LISTENER, "protocol": None}, ["protocol", "required"]),
        (kinds.LISTENER, {**LISTENER, "id": UUID}, ['"id"', "follows from"]),
        (kinds.LISTENER, {**LISTENER, "colour": "red"}, ['"colour"', "Unknown"]),
        (kinds.MEMBER, {"address": "1.2.3", "protocol_port": 80}, ["address", "IP address"]),
        (kinds.HEALTHMONITOR, {**MONITOR, "http_version": "2"}, ["http_version", "1.0 or 1.1"]),
        (kinds.HEALTHMONITOR, {**MONITOR, "url_path": "a\nb"}, ["url_path", "begins with /"]),
        (kinds.L7RULE, {"type": "PATH", "compare_type": "REGEX", "value": "a\nb"}, ["value", "one line"]),
        (
            kinds.POOL,
            {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "session_persistence": {"type": "X"}},
            ["session_persistence"],
        ),
    ],
)
def test_a_refusal_names_attribute_value_and_what_is_allowed(
    kind: kinds.Kind, body: dict[str, Any], words: list[str]
) -> None:
    text = said(kind, body)
    assert all(word in text for word in words), text


def test_nothing_unknown_is_read_inside_an_attribute() -> None:
    assert "additional_vips" in said(kinds.LOADBALANCER, {"additional_vips": [{"subnet_id": UUID, "colour": "red"}]})
    cookie = {"type": "HTTP_COOKIE", "colour": "red"}
    assert "session_persistence" in said(kinds.POOL, {"session_persistence": cookie}, update=True)


@pytest.mark.parametrize("zone", ["eth0", "a\nb"])
def test_an_address_has_no_zone(zone: str) -> None:
    assert "address" in said(kinds.MEMBER, {"address": f"fe80::1%{zone}", "protocol_port": 80})
    assert "allowed_cidrs" in said(kinds.LISTENER, {**LISTENER, "allowed_cidrs": [f"fe80::%{zone}/64"]})


@pytest.mark.parametrize("name", ["protocol", "protocol_port", "loadbalancer_id", "id", "created_at", "colour"])
def test_what_cannot_be_changed_is_unknown_to_an_update(name: str) -> None:
    assert name in said(kinds.LISTENER, {name: "x"}, update=True)


@pytest.mark.parametrize(
    "kind,name,value",
    [
        (kinds.LISTENER, "name", ""),
        (kinds.LISTENER, "description", ""),
        (kinds.LISTENER, "admin_state_up", False),
        (kinds.LISTENER, "connection_limit", -1),
        (kinds.LISTENER, "sni_container_refs", []),
        (kinds.LISTENER, "insert_headers", {}),
        (kinds.LISTENER, "default_pool_id", None),
        (kinds.MEMBER, "weight", 1),
        (kinds.HEALTHMONITOR, "max_retries_down", 3),
    ],
)
def test_null_resets(kind: kinds.Kind, name: str, value: Any) -> None:
    assert forms.update(kind.resource, {name: None}) == {name: value}


@pytest.mark.parametrize("name", ["delay", "timeout", "max_retries"])
def test_what_has_no_default_cannot_be_reset(name: str) -> None:
    assert name in said(kinds.HEALTHMONITOR, {name: None}, update=True)


def test_the_project_has_two_names() -> None:
    body = {"tenant_id": "p", "name": "x"}
    assert forms.project(body) == "p"
    assert body == {"name": "x"}
    assert forms.project({"project_id": "p", "tenant_id": "p"}) == "p"
    assert forms.project({"project_id": None}) is None
    for wrong in (
        {"project_id": "p", "tenant_id": "q"},
        {"project_id": 7},
        {"project_id": "a b"},
        {"project_id": "x" * 37},
    ):
        with pytest.raises(Invalid):
            forms.project(dict(wrong))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
NAMES = st.sampled_from(
    [*LISTENER, "name", "tags", "allowed_cidrs", "insert_headers", "default_pool_id", "hsts_max_age", "colour"]
)


@given(st.dictionaries(NAMES, JSON))
def test_whatever_is_sent_is_read_or_refused(body: dict[str, Any]) -> None:
    for read in (forms.create, forms.update):
        with contextlib.suppress(Invalid):
            read(kinds.LISTENER.resource, dict(body))
