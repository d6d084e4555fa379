"""A secret is not shown by accident."""

import json
import pickle

import pytest
import structlog

from hydria.kit.secret import Secret

SECRET = Secret(b"sesame")
LINE = structlog.processors.JSONRenderer()


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r}",
        f"{[SECRET]}",
        f"{ {1: SECRET} }",
        LINE(None, "", {"k": SECRET}),
    ],
)
def test_its_text_is_stars(shown):
    assert "***" in shown
    assert "sesame" not in shown


def test_it_is_revealed_on_demand():
    assert SECRET.reveal() == b"sesame"


def test_it_cannot_be_written_as_json():
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_it_has_no_attributes_to_look_through():
    with pytest.raises(TypeError):
        vars(SECRET)


def test_it_is_not_packed_away():
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
