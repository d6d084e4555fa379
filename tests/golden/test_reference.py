"""The options' reference and the sample of the settings file are what the options say."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hydria import configuration, options
from scripts import reference

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "etc/hydria.conf.sample"
KEPT = {"docs/options.md": reference.page, "etc/hydria.conf.sample": reference.sample}


@pytest.mark.parametrize("path", KEPT)
def test_what_is_kept_is_what_the_options_say(path: str, golden: Callable[[Path, str], None]) -> None:
    golden(ROOT / path, KEPT[path]())


def test_the_sample_with_every_comment_is_the_defaults(tmp_path: Path) -> None:
    assert values(configuration.read(SAMPLE)) == values(configuration.read(tmp_path / "none"))


def test_the_sample_with_every_option_switched_on_is_the_defaults(tmp_path: Path) -> None:
    lines = SAMPLE.read_text().splitlines()
    (file := tmp_path / "hydria.conf").write_text("\n".join(one.removeprefix("#") for one in lines if one[:2] != "# "))
    without = {f"{g}.{o.name}" for g, known in options.PLACES.items() for o in known if o.default is None}
    read, usual = values(configuration.read(file)), values(configuration.read(tmp_path / "none"))
    assert {name for name in usual if read[name] != usual[name]} == without


def values(settings: configuration.Settings) -> dict[str, object]:
    return {
        f"{group}.{o.name}": settings.option(group, o.name) for group, known in options.PLACES.items() for o in known
    }


def test_what_is_kept_of_an_octavia_conf_is_an_option_of_ours_and_nothing_else_is() -> None:
    _, kept, *others = (ROOT / "docs/octavia-conf.md").read_text().split("\n## ")
    ours = {name for row in kept.splitlines() if row.startswith("| `[") for name in options_of(row)}
    known = {f"{group}.{o.name}" for group, found in options.PLACES.items() for o in found}
    falling = {name for row in others[1].splitlines() if row.startswith("| `[") for name in options_of(row)}
    assert (ours - known, falling & known) == (set(), set())
    assert len(ours) > 50


def options_of(row: str) -> set[str]:
    """Options that the first group of a row of the page names."""
    group, *names = re.findall(r"`\[?([\w_]+)\]?`", row)
    return {f"{group}.{name}" for name in names}
