"""Identifiers have one written form and sixteen bytes."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.kit import ids

BAD = [
    "",
    "x",
    ids.NIL[:-1],
    ids.NIL + "0",
    ids.NIL.replace("-", ""),
    ids.NIL + "\n",
    "g" * 36,
    ids.NIL.encode(),
    None,
    5,
]


@given(st.binary(min_size=16, max_size=16))
def test_bytes_become_text_and_back(raw):
    written = ids.text(raw)
    assert ids.raw(written) == raw
    assert written == str(uuid.UUID(bytes=raw))
    assert ids.is_id(written)
    assert ids.is_id(written.upper())
    assert re.fullmatch(ids.TEXT, written)


def test_fresh_ones_differ_and_are_random_uuids():
    made = [ids.new() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {uuid.UUID(one).version for one in made} == {4}


@pytest.mark.parametrize("written", BAD)
def test_anything_else_is_none(written):
    assert not ids.is_id(written)


@given(st.text(max_size=40))
def test_whatever_is_taken_for_one_fits_the_pattern(text):
    assert ids.is_id(text) == bool(re.fullmatch(ids.TEXT, text))


@pytest.mark.parametrize("written", ["", "00", "xyz", ids.NIL + "00"])
def test_what_is_no_identifier_has_no_bytes(written):
    with pytest.raises(ValueError):
        ids.raw(written)
