"""The book of local ports: who has which address. The local network driver says what is asked of it (`PortBook`)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from hydria.storage import database, tables

LP = tables.LOCAL_PORT
_TRIES = 64
"""More than ask at once: each time one of them gets its address."""


class StoredBook:
    """Each method is one transaction; any number of threads and processes share the book."""

    def __init__(self, db: database.Database) -> None:
        self._db = db

    def claim(self, port_id: str, name: str, subnet_id: str, addresses: Sequence[str], body: str) -> str | None:
        """Write an entry with the first of the addresses that is free; that address, or None."""

        def work(c: Connection) -> str | None:
            used = set(c.execute(select(LP.c.address).where(LP.c.subnet_id == subnet_id)).scalars())
            free = next((address for address in addresses if address not in used), None)
            if free is not None:
                entry = {"id": port_id, "name": name, "subnet_id": subnet_id, "address": free, "body": body}
                c.execute(insert(LP).values(entry))
            return free

        for _ in range(_TRIES - 1):
            try:
                return self._db.write(work)
            except IntegrityError:  # where writers are many: another was quicker, its entry is seen now
                continue
        return self._db.write(work)

    def holder(self, subnet_id: str, address: str) -> str | None:
        """The id of the port that has an address."""
        query = select(LP.c.id).where(LP.c.subnet_id == subnet_id, LP.c.address == address)
        return self._db.read(lambda c: c.execute(query).scalar())

    def get(self, port_id: str) -> tuple[str, str] | None:
        """Address and body of a port."""
        return self._one(LP.c.id == port_id)

    def find(self, name: str) -> tuple[str, str] | None:
        """Address and body of the port of that name."""
        return self._one(LP.c.name == name)

    def all(self) -> Sequence[tuple[str, str]]:
        """Addresses and bodies of all ports."""
        query = select(LP.c.address, LP.c.body).order_by(LP.c.name)
        return self._db.read(lambda c: [(row.address, row.body) for row in c.execute(query)])

    def remove(self, port_id: str) -> None:
        """Strike a port out; nothing happens when there is none."""
        self._db.write(lambda c: c.execute(delete(LP).where(LP.c.id == port_id)))

    def _one(self, condition: ColumnElement[bool]) -> tuple[str, str] | None:
        row = self._db.read(lambda c: c.execute(select(LP.c.address, LP.c.body).where(condition)).first())
        return (row.address, row.body) if row else None
