"""The versions that are announced."""

from hydria.api import versions
from hydria.domain import kinds
from hydria.domain.attributes import attributes


def test_every_version_that_brought_an_attribute_is_announced() -> None:
    announced = {v["id"] for v in versions.versions("http://lb")}
    brought = {f"v{a.since}" for kind in kinds.KINDS for a in attributes(kind.resource).values()}
    assert len(brought) > 5
    assert brought <= announced
