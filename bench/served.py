"""A trivial application, and two servers beneath it for bench.servers: python -m bench.served ours|asyncio|uvloop PORT."""

import asyncio
import io
import queue
import signal
import sys
import threading
from typing import Any

import falcon

from hydria.api.server import exchange, front, lanes, master, wsgi
from hydria.kit import clock

THREADS = 16


class Nothing:
    """Answers with little."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = b'{"loadbalancer": {}}'
        resp.content_type = "application/json"


application = falcon.App()
application.add_route("/", Nothing())


def ours(port: int) -> None:
    """The product's front."""
    listener = master.bind(master.Plan("127.0.0.1", port, 1, "", [], []))
    service = exchange.Service(application=application, lanes=lanes.Lanes(THREADS), allowance=lambda *_: 1 << 20)
    made = front.Front(service, exchange.Bounds(), clock.SystemClock())
    signal.signal(signal.SIGTERM, lambda *_: made.drain(quick=True))
    made.serve(listener)


class Connection(asyncio.Protocol):
    """The least that can be done by asyncio and httptools: no deadline, no bound, no pipelining; the floor of that way."""

    def __init__(self, jobs: "queue.SimpleQueue[Any]", loop: Any) -> None:
        import httptools  # noqa: PLC0415  (they live in an environment of their own)

        self._jobs, self._loop = jobs, loop
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._jobs.put((self, self._parser.get_method(), self._url, self._fields, bytes(self._body)))
        self._url, self._fields, self._body = b"", [], bytearray()

    def answer(self, method: bytes, url: bytes, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
        """In a thread."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method.decode(),
            "SCRIPT_NAME": "",
            "PATH_INFO": url.decode("latin-1"),
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
        }
        for name, value in fields:
            environ[f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"] = value.decode("latin-1")
        call = wsgi.Call()
        call.made(application, environ)
        data = call.answer("Thu, 01 Jan 1970 00:00:00 GMT", wsgi.Ending(keeps=True))
        self._loop.call_soon_threadsafe(self._transport.write, data)


def by_asyncio(port: int, loop: Any) -> None:
    """A loop that reads, threads that answer."""
    jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def work() -> None:
        while True:
            connection, *request = jobs.get()
            connection.answer(*request)

    for _ in range(THREADS):
        threading.Thread(target=work, daemon=True).start()
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    loop.run_until_complete(loop.create_server(lambda: Connection(jobs, loop), "127.0.0.1", port, backlog=1024))
    loop.run_forever()


def main(how: str, port: int) -> None:
    """Serve until told to end."""
    if how == "ours":
        ours(port)
    elif how == "uvloop":
        import uvloop  # noqa: PLC0415

        by_asyncio(port, uvloop.new_event_loop())
    else:
        by_asyncio(port, asyncio.new_event_loop())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
