"""What is to be done so that what runs is what is set and installed: decisions alone, nothing is done here."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hydria.kit import running
from hydria.kit.running import Build, Running

LAST = "api"
"""Who gives the others work: it is changed when they understand what it may give."""


@dataclass(frozen=True)
class Wanted:
    """What every process should be."""

    build: Build
    settings: Mapping[str, str]  # "[group] name" -> value


@dataclass(frozen=True)
class Act:
    """A process to begin, or to begin anew."""

    name: str
    why: tuple[str, ...]
    begins: bool  # False: it runs, and something of it has changed

    def moves(self, option: str) -> bool:
        """Whether an option, as "[group] name", is among what has changed."""
        return _changed(option) in self.why


def order(names: Iterable[str]) -> list[str]:
    """One after another, in this order: whoever does the work comes before whoever accepts it."""
    return sorted(names, key=lambda name: name == LAST)


def acts(found: Mapping[str, Running | None], alive: Collection[str], wanted: Wanted) -> list[Act]:
    """For each process that differs, in order. `found`: what it says it is, None where it has said nothing since it began;
    `alive`: those that run.
    """
    made = []
    for name in order(found):
        one = found[name]
        if name not in alive:
            made.append(Act(name, ("it did not run",), begins=True))
        elif why := ("it has not said what it is",) if one is None else reasons(one, wanted):
            made.append(Act(name, why, begins=False))
    return made


def reasons(one: Running, wanted: Wanted) -> tuple[str, ...]:
    """Why a process is not what it should be; no value of a setting is named, as it may be secret."""
    return (*_of_build(one.build, wanted.build), *map(_changed, changed(one, wanted.settings)))


def _changed(option: str) -> str:
    return f"setting {option} changed"


def _of_build(now: Build, wanted: Build) -> tuple[str, ...]:
    if now.version != wanted.version:
        return (f"version {now.version} -> {wanted.version}",)
    if now.home != wanted.home:
        return (f"it ran from {now.home.partition(' ')[0]}",)
    return () if now.code == wanted.code else ("its code or what is installed beside it changed",)


def changed(one: Running, settings: Mapping[str, str]) -> list[str]:
    """The options it looked at that have another value now; one that is not known any more is a matter of its code."""
    return [
        key
        for key, kept in one.settings.items()
        if key in settings and running.digest(one.salt, key, settings[key]) != kept
    ]
