"""Everybody is an administrator: for benchmarks on one machine, and only when told so explicitly."""

from hydria.drivers.identity import Caller

PROJECT = "00000000-0000-0000-0000-000000000000"


class NoAuth:
    """Asks for no token."""

    def caller(self, token: str | None) -> Caller | None:
        return Caller("nobody", PROJECT, frozenset({"admin", "member", "reader"}), is_admin=True)
