"""Fronts driven by hand, closed at the end."""

from collections.abc import Callable, Iterator

import pytest

from tests.unit.api.server.bed import Bed

Make = Callable[..., Bed]


@pytest.fixture
def make() -> Iterator[Make]:
    """Fronts with other bounds or another application than usual."""
    made: list[Bed] = []

    def one(*given: object, **bounds: object) -> Bed:
        made.append(Bed(*given, **bounds))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for bed in made:
        bed.close()


@pytest.fixture
def bed(make: Make) -> Bed:
    """A front as it usually is."""
    return make()
