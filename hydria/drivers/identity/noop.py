"""Everybody is an administrator: for benchmarks on one machine, and only when told so explicitly."""

from collections.abc import Mapping
from typing import Any

from hydria.drivers.identity import EMPTY, Caller

PROJECT = "00000000-0000-0000-0000-000000000000"


class NoAuth:
    """Asks for no token."""

    challenge = None

    def caller(self, token: str | None, environ: Mapping[str, Any] = EMPTY) -> Caller | None:
        return Caller("nobody", PROJECT, frozenset({"admin", "member", "reader"}))
