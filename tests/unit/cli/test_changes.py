"""Which processes are begun anew, why, and in which order."""

import dataclasses
from collections.abc import Mapping

import pytest

from hydria.cli import changes
from hydria.cli.changes import Act, Wanted
from hydria.kit import running
from hydria.kit.running import Build, Running

BUILD = Build("1.0", "c0de", "/opt/hydria python")
SETTINGS = {
    "[api_settings] threads": "16",
    "[DEFAULT] log_level": "info",
    "[database] connection": "postgresql://u:secret@h/x",
}
WANTED = Wanted(BUILD, SETTINGS)
NAMES = ("api", "worker", "health", "housekeeping")


def running_as(*looked_at: str, build: Build = BUILD, settings: dict[str, str] = SETTINGS) -> Running:
    kept = {key: running.digest("salt", key, settings[key]) for key in looked_at}
    return Running(7, 0.0, build, "salt", kept)


def acts(found: Mapping[str, Running | None], wanted: Wanted = WANTED) -> list[Act]:
    return changes.acts(found, list(found), wanted)


def test_where_nothing_differs_nothing_is_done():
    assert acts({name: running_as(*SETTINGS) for name in NAMES}) == []


def test_a_changed_setting_concerns_those_that_look_at_it():
    found = {"api": running_as("[api_settings] threads"), "worker": running_as("[DEFAULT] log_level")}
    made = acts(found, Wanted(BUILD, {**SETTINGS, "[api_settings] threads": "32"}))
    assert made == [Act("api", ("setting [api_settings] threads changed",), begins=False)]
    assert made[0].moves("[api_settings] threads")
    assert not made[0].moves("[DEFAULT] log_level")


def test_no_value_is_in_a_reason_nor_in_what_is_kept():
    one = running_as("[database] connection")
    (act,) = acts({"worker": one}, Wanted(BUILD, {**SETTINGS, "[database] connection": "postgresql://u:other@h/x"}))
    assert "other" not in str(act)
    assert "secret" not in str(act) + str(one)


@pytest.mark.parametrize(
    "field,value,reason",
    [
        ("version", "2.0", "version 1.0 -> 2.0"),
        ("code", "beef", "its code or what is installed beside it changed"),
        ("home", "/opt/new python", "it ran from /opt/hydria"),
    ],
)
def test_a_change_of_what_is_installed_concerns_all_the_api_last(field: str, value: str, reason: str):
    wanted = Wanted(dataclasses.replace(BUILD, **{field: value}), SETTINGS)
    made = acts({name: running_as() for name in NAMES}, wanted)
    assert [act.name for act in made] == ["worker", "health", "housekeeping", "api"]
    assert {act.why for act in made} == {(reason,)}


def test_a_process_that_does_not_run_is_begun_and_one_that_says_nothing_is_begun_anew():
    made = changes.acts({"worker": None, "health": None}, ["health"], WANTED)
    assert [(act.name, act.begins) for act in made] == [("worker", True), ("health", False)]


def test_an_option_that_is_not_known_any_more_is_no_change_of_the_settings():
    assert acts({"api": running_as("[api_settings] threads")}, Wanted(BUILD, {})) == []
