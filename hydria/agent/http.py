"""HTTP/1.1 on one connection, by h11: requests in, answers out, everything bounded in size and time."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import h11
import msgspec

from hydria.agent import faults
from hydria.wire.documents import Fault

MOST_BODY = 4 * 1024 * 1024
MOST_HEADER = 16 * 1024
IDLE_S = 75.0
BODY_S = 30.0
PIECE = 64 * 1024


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    query: str
    body: bytes


@dataclass(frozen=True)
class Response:
    """What is answered."""

    code: int
    body: bytes = b""
    kind: str = "application/json"


Handler = Callable[[Request], Awaitable[Response]]


def fault(code: int, error: Fault) -> Response:
    """An error as an answer."""
    return Response(code, msgspec.json.encode(error))


class Connection:
    """One connection until it ends. `is_idle` while no request is under way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEADER)
        self.is_idle = True

    async def serve(self) -> None:
        """Answer requests until the peer goes or misbehaves."""
        try:
            while await self._turn():
                self._protocol.start_next_cycle()
        except (OSError, ssl.SSLError, EOFError):
            return  # the peer is gone; TimeoutError is an OSError too
        finally:
            self._writer.close()

    def close(self) -> None:
        """End it now."""
        self._writer.transport.abort()

    async def _turn(self) -> bool:
        """One request; whether another may follow."""
        try:
            async with asyncio.timeout(IDLE_S):
                request = await self._next()
            if not isinstance(request, h11.Request):
                return False
            self.is_idle = False
            answer = await self._answer(request)
            await self._send(answer)
        except h11.RemoteProtocolError as error:
            if self._protocol.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await self._send(fault(error.error_status_hint, Fault(error=str(error))))
            return False
        finally:
            self.is_idle = True
        return self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE

    async def _answer(self, request: h11.Request) -> Response:
        try:
            async with asyncio.timeout(BODY_S):
                body = await self._body(request)
        except faults.Answer as answer:
            return fault(answer.code, answer.fault)
        path, _, query = request.target.decode("ascii", "replace").partition("?")
        return await self._handler(Request(request.method.decode("ascii"), path, query, body))

    async def _body(self, request: h11.Request) -> bytes:
        too_long = faults.Answer(413, f"a body may have {MOST_BODY} bytes")
        for name, value in request.headers:
            if name == b"content-length" and int(value) > MOST_BODY:
                raise too_long
        if self._protocol.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[]))
        pieces: list[bytes] = []
        size = 0
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise EOFError  # noqa: TRY004  (the peer went, nobody passed a wrong type)
            pieces.append(bytes(event.data))
            size += len(event.data)
            if size > MOST_BODY:
                raise too_long
        return b"".join(pieces)

    async def _next(self) -> object:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(PIECE))
        return event

    async def _send(self, answer: Response) -> None:
        headers = (
            [("content-type", answer.kind), ("content-length", str(len(answer.body)))] if answer.code != 204 else []
        )
        if self._protocol.their_state is h11.SEND_BODY:
            headers.append(("connection", "close"))  # the rest of the body is not read
        self._write(h11.Response(status_code=answer.code, headers=headers))
        if answer.body:
            self._write(h11.Data(data=answer.body))
        self._write(h11.EndOfMessage())
        async with asyncio.timeout(BODY_S):
            await self._writer.drain()
            if self._protocol.their_state is h11.SEND_BODY:
                await self._discard()

    async def _discard(self) -> None:
        """Read on for a while: a close with unread bytes would take the answer from whoever is still writing."""
        left = 4 * MOST_BODY
        while left > 0 and (data := await self._reader.read(PIECE)):
            left -= len(data)

    def _write(self, event: h11.Event) -> None:
        if data := self._protocol.send(event):
            self._writer.write(data)
