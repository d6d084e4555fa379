"""The listening socket: mutual TLS, a bound on connections, and nobody who is silent in anybody's way."""

import asyncio
import contextlib
import functools
import socket
import ssl

import msgspec

from hydria.agent import faults, http, journal, tls
from hydria.wire.documents import Fault

MOST_CONNECTIONS = 64
MOST_HANDSHAKES = 64
HANDSHAKE_S = 5.0
LAST_WORDS_S = 5.0


class Server:
    """Accepts by itself rather than by asyncio's server: each connection uses the newest TLS context."""

    def __init__(self, identity: tls.Identity, handler: http.Handler, log: journal.Journal) -> None:
        self._identity = identity
        self._handler = handler
        self._journal = log
        self._handshakes: dict[asyncio.Task[None], socket.socket] = {}
        self._open: dict[asyncio.Task[None], http.Connection] = {}

    async def run(self, listening: socket.socket) -> None:
        """Accept until cancelled; then let requests under way end."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    accepted, _ = await loop.sock_accept(listening)
                except OSError as error:  # out of descriptors: those that are open must go first
                    self._journal.warning("accept.failed", why=str(error))
                    await asyncio.sleep(0.1)
                    continue
                self._make_room()
                task = asyncio.create_task(self._greet(accepted))
                self._handshakes[task] = accepted
                task.add_done_callback(functools.partial(self._greeted, accepted))
        finally:
            listening.close()
            await self._end()

    def _make_room(self) -> None:
        if len(self._handshakes) >= MOST_HANDSHAKES:
            oldest = next(iter(self._handshakes))  # an honest one takes milliseconds
            self._handshakes.pop(oldest)
            oldest.cancel()
        if len(self._open) >= MOST_CONNECTIONS:
            idle = next((one for one in self._open.values() if one.is_idle), None)
            if idle:
                idle.close()

    def _greeted(self, accepted: socket.socket, task: asyncio.Task[None]) -> None:
        self._handshakes.pop(task, None)
        if task.cancelled():
            accepted.close()  # cancelled before its first step
        elif error := task.exception():
            self._journal.crash("connection.failed", error)

    async def _greet(self, accepted: socket.socket) -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._identity.context,
                ssl_handshake_timeout=HANDSHAKE_S,
                ssl_shutdown_timeout=1.0,
            )
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            accepted.close()
            return
        finally:
            if task:
                self._handshakes.pop(task, None)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        if task:
            await self._serve(task, reader, writer)

    async def _serve(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        known = self._identity.is_controller(writer.get_extra_info("peercert"))
        connection = http.Connection(reader, writer, functools.partial(self._handle, known))
        self._open[task] = connection
        try:
            await connection.serve()
        finally:
            self._open.pop(task, None)

    async def _handle(self, known: bool, request: http.Request) -> http.Response:
        if not known:
            return http.fault(403, Fault(error="the certificate is not one of a controller of this deployment"))
        try:
            return await self._handler(request)
        except faults.Answer as answer:
            return http.fault(answer.code, answer.fault)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            return http.fault(400, Fault(error=f"the body is not what was expected: {error}"))
        except Exception as error:  # noqa: BLE001  (one request's bug must not end the agent: it is logged with its traceback)
            self._journal.crash("request.failed", error, method=request.method, path=request.path)
            return http.fault(500, Fault(error=f"{type(error).__name__}: {error}"))

    async def _end(self) -> None:
        for task in list(self._handshakes):
            task.cancel()
        for connection in self._open.values():
            if connection.is_idle:
                connection.close()
        if self._open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait(list(self._open), timeout=LAST_WORDS_S)


def listen(host: str, port: int) -> socket.socket:
    """The socket; IPv4 too where the host is the IPv6 wildcard."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=128, dualstack_ipv6=host == "::")
    listening.settimeout(0)
    return listening
