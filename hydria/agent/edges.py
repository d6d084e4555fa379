"""The socket that haproxy logs to: it tells of a server's change before any poll could."""

import asyncio
import os
from collections.abc import Callable

from hydria.agent import disk
from hydria.agent.places import Places


class Edges(asyncio.DatagramProtocol):
    """Calls back for every line about a server."""

    def __init__(self, places: Places, changed: Callable[[], None]) -> None:
        self._places = places
        self._changed = changed
        self._transport: asyncio.BaseTransport | None = None

    async def listen(self) -> None:
        """Open the socket (again), for the user of this placement alone."""
        self.close()
        disk.forget(self._places.log)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=self._places.log, family=1)
        os.chmod(self._places.log, 0o600)
        os.chown(self._places.log, self._places.uid, self._places.uid)

    def close(self) -> None:
        """Stop listening."""
        if self._transport:
            self._transport.close()
            self._transport = None

    def datagram_received(self, data: bytes, addr: object) -> None:
        if b"Server " in data:
            self._changed()
