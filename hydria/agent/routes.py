"""Paths and methods of the agent, and what each of them does."""

import re
from collections.abc import Awaitable, Callable

import msgspec

from hydria.agent import faults, heartbeat, http
from hydria.agent.http import Request, Response
from hydria.agent.node import Node
from hydria.kit import ids
from hydria.wire.documents import VERSION, NodeDocument, PlacementDocument

_EPOCH = re.compile(r"epoch=([0-9]{1,18})")

Route = Callable[[Request, str], Awaitable[Response]]


class Chain(msgspec.Struct, frozen=True):
    """The body of a certificate's installation."""

    chain: str


class Epoch(msgspec.Struct, frozen=True):
    """The body of a retirement."""

    epoch: int


def body(value: object, code: int = 200) -> Response:
    """A JSON answer."""
    return Response(code, msgspec.json.encode(value))


class Routes:
    """One method per route; `handle` finds it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        one = f"/v1/placements/({ids.TEXT})"
        self._routes: list[tuple[re.Pattern[str], dict[str, Route]]] = [
            (re.compile("/"), {"GET": self._versions}),
            (re.compile("/v1/facts"), {"GET": self._facts}),
            (re.compile("/v1/csr"), {"GET": self._csr}),
            (re.compile("/v1/certificate"), {"PUT": self._certificate}),
            (re.compile("/v1/node"), {"PUT": self._follow}),
            (re.compile(f"{one}/prove"), {"POST": self._prove}),
            (re.compile(one), {"PUT": self._apply, "DELETE": self._remove}),
            (re.compile(f"{one}/retire"), {"POST": self._retire}),
            (re.compile(f"{one}/state"), {"GET": self._state}),
        ]

    async def handle(self, request: Request) -> Response:
        """The answer; `faults.Answer` for every error."""
        for pattern, methods in self._routes:
            if found := pattern.fullmatch(request.path):
                if request.method not in methods:
                    raise faults.Answer(405, f"{request.path} knows {', '.join(methods)}, not {request.method}")
                return await methods[request.method](request, found[1].lower() if found.groups() else "")
        raise faults.Answer(404, f"there is no {request.path}")

    async def _versions(self, _request: Request, _lb: str) -> Response:
        return body({"versions": [VERSION]})

    async def _facts(self, _request: Request, _lb: str) -> Response:
        return body(await self._node.facts())

    async def _csr(self, _request: Request, _lb: str) -> Response:
        return body({"csr": await self._node.request()})

    async def _certificate(self, request: Request, _lb: str) -> Response:
        self._node.identity.install(msgspec.json.decode(request.body, type=Chain).chain)
        return Response(204)

    async def _follow(self, request: Request, _lb: str) -> Response:
        return body(await self._node.follow(msgspec.json.decode(request.body, type=NodeDocument)))

    async def _prove(self, request: Request, lb: str) -> Response:
        document = _document(request, lb)
        with self._node.held(lb, document.epoch) as placement:
            return body(await placement.prove(document))

    async def _apply(self, request: Request, lb: str) -> Response:
        document = _document(request, lb)
        with self._node.held(lb, document.epoch) as placement:
            return body(await placement.apply(document))

    async def _retire(self, request: Request, lb: str) -> Response:
        epoch = msgspec.json.decode(request.body, type=Epoch).epoch
        return body({"connections": await self._node.known(lb).retire(epoch)})

    async def _remove(self, request: Request, lb: str) -> Response:
        written = _EPOCH.fullmatch(request.query)
        if not written:
            raise faults.Answer(400, "the query must say epoch=<number>")
        await self._node.remove(lb, int(written[1]))
        return Response(204)

    async def _state(self, _request: Request, lb: str) -> Response:
        states = await heartbeat.state(self._node.known(lb))
        return http.Response(200, msgspec.msgpack.encode(states), "application/msgpack")


def _document(request: Request, lb: str) -> PlacementDocument:
    document = msgspec.json.decode(request.body, type=PlacementDocument)
    if document.load_balancer_id != lb:
        raise faults.Answer(400, f"the document is of load balancer {document.load_balancer_id}, the path of {lb}")
    return document
