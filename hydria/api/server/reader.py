"""What a client sends, put together to whole requests by httptools, within bounds; pure."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import httptools

from hydria.api.server import framing
from hydria.api.server.framing import Fields, Head, Refused

LARGE = f"The {{}} is larger than {framing.MOST_HEAD} bytes."
Allowance = Callable[[str, bool], int]
"""How many bytes of a body are read, by path and whether there is a token."""


@dataclass(slots=True)
class Request:
    """A request as the application gets it."""

    head: Head
    body: bytes
    declared: int
    """Length of the body; of one that was not read, as far as it is known."""
    is_whole: bool = True
    """False: the body is more than may be sent, and was not read; the connection is good for nothing more."""
    is_last: bool = False
    """Too much was sent behind it, which is not read."""


class Enough(Exception):
    """Ends the parser's work: what follows is of no interest."""


class Reader:
    """One client's bytes: `receive` them, then ask `next` until it has nothing. The methods on_* are the parser's to call."""

    __slots__ = (
        "_allowance",
        "_allowed",
        "_body",
        "_fields",
        "_is_begun",
        "_is_over",
        "_loose",
        "_parser",
        "_refused",
        "_size",
        "_target",
        "_whole",
        "head",
    )

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._parser = httptools.HttpRequestParser(self)
        self._whole: deque[Request] = deque()
        self._refused: Refused | None = None
        self._is_over = False
        self._loose = 0
        """Bytes since the parser last told of a head or of a piece of a body: as much as it may hold itself."""
        self.head: Head | None = None
        """Set while the body is not whole."""
        self._target = b""
        self._fields: Fields = []
        self._size = self._allowed = 0
        self._body = bytearray()
        self._is_begun = False

    # --- asked by the connection

    def receive(self, data: bytes) -> None:
        """Bytes have come."""
        if self._is_over:
            return
        self._loose += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, Enough | Refused):
                raise
            self._end(error.__context__)
        except httptools.HttpParserUpgrade:
            self._end(Enough())
        except httptools.HttpParserError as error:
            self._end(Refused(400, f"This is not a valid HTTP request: {error}."))
        if self._loose > framing.MOST_HEAD and not self._is_over:
            what = "head of the request" if self.head is None else "head of a chunk, or a trailer,"
            self._end(Refused(431, LARGE.format(what)))

    def next(self) -> Request | None:
        """The next request that is whole by now. Raises Refused."""
        if self._whole:
            return self._whole.popleft()
        if self._refused:
            raise self._refused
        return None

    def forget(self) -> None:
        """Nothing that came is kept: nothing more is read here."""
        self._whole.clear()
        self._end(Enough())

    @property
    def held(self) -> int:
        """Bytes that are kept here, about."""
        return self._loose + len(self._body) + sum(len(one.body) + framing.MOST_FIELDS for one in self._whole)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a further request is here."""
        return not (self._whole or self._is_begun or self._refused)

    @property
    def received(self) -> int:
        """Bytes of the body that is not whole yet."""
        return len(self._body)

    @property
    def expects(self) -> bool:
        """Whether the client waits for a word before it sends the body that is not here yet."""
        return self.head is not None and self.head.expects and not self._body

    def _end(self, why: Exception) -> None:
        self._is_over = True
        self._refused = why if isinstance(why, Refused) else None
        self._is_begun, self._loose = False, 0
        self.head, self._fields, self._body = None, [], bytearray()

    # --- called by the parser

    def on_message_begin(self) -> None:
        self.head, self._target, self._fields, self._body = None, b"", [], bytearray()
        self._size = 0
        self._is_begun = True

    def on_url(self, piece: bytes) -> None:
        self._target += piece
        if len(self._target) > framing.MOST_TARGET:
            raise Refused(414, f"The target of the request is longer than {framing.MOST_TARGET} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is not None:
            return  # a trailer
        self._size += len(name) + len(value)
        self._fields.append((name.decode("latin-1").lower(), value.decode("latin-1").rstrip(" \t")))
        if self._size > framing.MOST_HEAD:
            raise Refused(431, LARGE.format("head of the request"))
        if len(self._fields) > framing.MOST_FIELDS:
            raise Refused(431, f"The head of the request has more than {framing.MOST_FIELDS} fields.")

    def on_headers_complete(self) -> None:
        parser, self._loose = self._parser, 0
        method, target = parser.get_method().decode("ascii"), self._target.decode("latin-1")
        head = framing.head(method, target, parser.get_http_version(), self._fields, keeps=parser.should_keep_alive())
        self.head = head
        if parser.should_upgrade():
            # The parser takes what follows for another protocol, though nobody here speaks any other.
            if head.length != 0:
                raise Refused(501, "A request with a body cannot change to another protocol.")
            head.keeps = False
        allowed = self._allowed = self._allowance(target.partition("?")[0], head.has("x-auth-token"))
        if (head.length or 0) > allowed or (head.length is None and not allowed):
            self._overflow(head)

    def on_body(self, piece: bytes) -> None:
        self._loose = 0
        self._body += piece
        if len(self._body) > self._allowed and self.head is not None:
            self._overflow(self.head)

    def on_message_complete(self) -> None:
        assert self.head is not None
        body = bytes(self._body)
        self._whole.append(Request(self.head, body, len(body)))
        self._is_begun, self.head, self._body = False, None, bytearray()
        self._loose = 0
        if len(self._whole) > framing.MOST_AHEAD:
            self._whole[-1].is_last = True  # who sends so many at once sends the rest again
            raise Enough
        if not self._whole[-1].head.keeps:
            raise Enough

    def _overflow(self, head: Head) -> None:
        declared = head.length or max(1, len(self._body))
        self._whole.append(Request(head, b"", declared, is_whole=False))
        raise Enough
