"""What a deployment cannot serve of what the API knows: refusals, descriptions and capability lists are made of it. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hydria.domain.part import Part
from hydria.domain.tree import Tree


@dataclass(frozen=True)
class Lack:
    """Something of a kind that is not served. `reason` says so, and what to do instead.

    `attributes`: what it is about, the first that is set counts; none: the whole kind. `values`: only these of them (of a
    list or map: any of its items or names); none: whatever is set. `when`: only where the tree is such, and then no value
    is at fault by itself.
    """

    reason: str
    attributes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    when: Callable[[Any, Tree], bool] | None = None

    def applies(self, part: Part, tree: Tree) -> bool:
        """Whether an object of a tree wants this."""
        if self.when is not None:
            return self.when(part, tree)
        return not self.attributes or any(self._wants(getattr(part, name)) for name in self.attributes)

    def _wants(self, value: Any) -> bool:
        if not self.values:
            return bool(value)
        return any(v in self.values for v in value) if isinstance(value, list | dict) else value in self.values


Served = Mapping[str, tuple[Any, ...]]
"""Settings of a provider that are served, and to which values; none named: all."""


@dataclass(frozen=True)
class Lacks:
    """All that is not served. Of settings that is told the other way round; None: all are served."""

    of: Mapping[type[Part], tuple[Lack, ...]] = field(default_factory=lambda: MappingProxyType({}))
    flavor: Served | None = None
    zone: Served | None = None

    def unsupported(self, part: Part, tree: Tree) -> str | None:
        """Why an object of this tree is not served, and what can be done instead; None when it is."""
        return next((lack.reason for lack in self.of.get(type(part), ()) if lack.applies(part, tree)), None)

    def unserved(self, flavor: Mapping[str, Any], zone: Mapping[str, Any]) -> str | None:
        """The same of what a flavor and an availability zone set."""
        for what, chosen, served in (("flavor_id", flavor, self.flavor), ("availability_zone", zone, self.zone)):
            for name, value in chosen.items():
                if not serves(served, name, value):
                    return f"{what}: it sets {name} to {value!r}, which is not supported yet; use another."
        return None

    def whole(self, kind: type[Any]) -> str | None:
        """Why nothing of a kind is served; None when something is."""
        return next((lack.reason for lack in self._plain(kind) if not lack.attributes), None)

    def about(self, kind: type[Any], attribute: str) -> Iterator[Lack]:
        """What is not served of an attribute, whatever else is in the tree."""
        return (lack for lack in self._plain(kind) if attribute in lack.attributes)

    def _plain(self, kind: type[Any]) -> Iterator[Lack]:
        return (lack for lack in self.of.get(kind, ()) if lack.when is None)


def serves(served: Served | None, name: str, value: object) -> bool:
    """Whether a setting may have a value."""
    return served is None or (name in served and (not served[name] or value in served[name]))
