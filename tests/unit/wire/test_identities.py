"""Who somebody is stands in exactly one URI of their certificate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.kit import ids
from hydria.wire import identities

DEPLOYMENT = "d0000000-0000-4000-8000-000000000001"
GOOD = identities.uri(DEPLOYMENT, identities.AMPHORA, ids.NIL)
WHO = (DEPLOYMENT, "amphora", ids.NIL)


@given(st.binary(min_size=16, max_size=16).map(ids.text), st.sampled_from(["controller", "amphora"]))
def test_a_name_reads_back_as_it_was(name, role):
    assert identities.parse(identities.uri(DEPLOYMENT, role, name)) == (DEPLOYMENT, role, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD + "\n",
        " " + GOOD,
        GOOD + "/x",
        GOOD.replace("hydria", "https"),
        GOOD.replace("amphora", "operator"),
        GOOD.replace(DEPLOYMENT, "x"),
        identities.uri(DEPLOYMENT, "amphora", ""),
        identities.uri(DEPLOYMENT, "amphora", "x" * 65),
        identities.uri(DEPLOYMENT, "amphora", "../x"),
    ],
)
def test_anything_else_is_nobody(text):
    assert identities.parse(text) is None


@pytest.mark.parametrize(
    "names, who",
    [
        ([("URI", GOOD)], WHO),
        ([("DNS", "x"), ("URI", GOOD)], WHO),
        ([("URI", GOOD), ("URI", GOOD)], None),
        ([("DNS", GOOD)], None),
        ([("URI", "x")], None),
        ([], None),
    ],
)
def test_a_peer_is_who_its_only_uri_says(names, who):
    assert identities.of_peer({"subjectAltName": tuple(names)}) == who


@pytest.mark.parametrize("certificate", [None, {}])
def test_a_peer_without_a_certificate_is_nobody(certificate):
    assert identities.of_peer(certificate) is None
