"""Where local ports are written down: what the network driver asks of storage, and a book in memory for tests."""

import threading
from collections.abc import Sequence
from typing import NamedTuple, Protocol


class PortBook(Protocol):
    """Each method is one transaction; the book is shared by processes. `tests/contract/test_portbook.py` is its contract.

    An entry is (id, name, subnet id, address, body); id, name and (subnet id, address) are unique. What is read back is
    (address, body): the body is the driver's own, the book does not look into it.
    """

    def claim(self, port_id: str, name: str, subnet_id: str, addresses: Sequence[str], body: str) -> str | None:
        """Write an entry with the first of the addresses that no entry of the subnet has; that address, None if there is none."""
        ...

    def holder(self, subnet_id: str, address: str) -> str | None:
        """The id of the port that has an address."""
        ...

    def get(self, port_id: str) -> tuple[str, str] | None:
        """One entry."""
        ...

    def find(self, name: str) -> tuple[str, str] | None:
        """The entry of that name."""
        ...

    def all(self) -> Sequence[tuple[str, str]]:
        """All entries."""
        ...

    def remove(self, port_id: str) -> None:
        """Strike an entry out; nothing happens when there is none."""
        ...


class _Entry(NamedTuple):
    name: str
    subnet_id: str
    address: str
    body: str


class MemoryBook:
    """A book for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def claim(self, port_id: str, name: str, subnet_id: str, addresses: Sequence[str], body: str) -> str | None:
        with self._lock:
            used = {entry.address for entry in self._entries.values() if entry.subnet_id == subnet_id}
            address = next((address for address in addresses if address not in used), None)
            if address is not None:
                self._entries[port_id] = _Entry(name, subnet_id, address, body)
            return address

    def holder(self, subnet_id: str, address: str) -> str | None:
        with self._lock:
            found = (i for i, e in self._entries.items() if (e.subnet_id, e.address) == (subnet_id, address))
            return next(found, None)

    def get(self, port_id: str) -> tuple[str, str] | None:
        with self._lock:
            found = self._entries.get(port_id)
            return (found.address, found.body) if found else None

    def find(self, name: str) -> tuple[str, str] | None:
        with self._lock:
            return next(((e.address, e.body) for e in self._entries.values() if e.name == name), None)

    def all(self) -> Sequence[tuple[str, str]]:
        with self._lock:
            return [(entry.address, entry.body) for entry in self._entries.values()]

    def remove(self, port_id: str) -> None:
        with self._lock:
            self._entries.pop(port_id, None)
