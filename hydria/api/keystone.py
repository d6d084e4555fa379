"""The part of an identity API that clients need to log in, answered from the local file of users."""

from datetime import UTC, datetime
from typing import Any

import falcon
import msgspec

from hydria.api import errors
from hydria.api.context import Context
from hydria.drivers.identity.local import LocalIdentity, Token, User

DOMAIN = {"id": "default", "name": "Default"}
SERVICES = (("identity", "keystone", "/identity"), ("network", "neutron", "/network"), ("load-balancer", "hydria", ""))
REGION = "RegionOne"


class Rejected(Exception):
    """What identity refuses, in the words and shape of identity APIs."""

    def __init__(self, code: int, title: str, message: str) -> None:
        super().__init__(message)
        self.code, self.title, self.message = code, title, message


def rejected(_req: falcon.Request, resp: falcon.Response, error: Rejected, _params: dict[str, Any]) -> None:
    """Answer a refusal of identity."""
    errors.answer(resp, error.code, {"error": {"code": error.code, "title": error.title, "message": error.message}})


def _who(local: LocalIdentity, token: str | None) -> tuple[User, Token]:
    opened = local.opened(token) if token else None
    if opened is None:
        raise Rejected(401, "Unauthorized", "The request you have made requires authentication.")
    return opened


class Root:
    """The versions of identity."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        errors.answer(resp, 300, {"versions": {"values": [self._version(req)]}})

    def on_get_version(self, req: falcon.Request, resp: falcon.Response) -> None:
        errors.answer(resp, 200, {"version": self._version(req)})

    def _version(self, req: falcon.Request) -> dict[str, Any]:
        href = f"{self._context.settings.public_url or req.prefix}/identity/v3/"
        kinds = [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}]
        return {
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": href}],
            "media-types": kinds,
        }


class Tokens:
    """Logging in, looking at a token and giving it back."""

    def __init__(self, context: Context, local: LocalIdentity) -> None:
        self._context = context
        self._local = local

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        auth = _auth(req)
        user = self._user(auth.get("identity") or {})
        _scoped(user, auth.get("scope"))
        req.context.logged_in = user
        token, said = self._local.issue(user)
        resp.set_header("X-Subject-Token", token)
        errors.answer(resp, 201, {"token": self._shown(req, user, said)})

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        _who(self._local, req.get_header("X-Auth-Token"))
        subject = req.get_header("X-Subject-Token") or ""
        opened = self._local.opened(subject)
        if opened is None:
            raise Rejected(404, "Not Found", "This is not a recognized token.")
        resp.set_header("X-Subject-Token", subject)
        errors.answer(resp, 200, {"token": self._shown(req, *opened)})

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        me, _ = _who(self._local, req.get_header("X-Auth-Token"))
        opened = self._local.opened(req.get_header("X-Subject-Token") or "")
        if opened is None:
            raise Rejected(404, "Not Found", "This is not a recognized token.")
        if opened[0].id != me.id and "admin" not in me.roles:
            raise Rejected(403, "Forbidden", "You may give back your own tokens only.")
        self._local.revoke(opened[1])
        resp.status = 204

    def on_get_catalog(self, req: falcon.Request, resp: falcon.Response) -> None:
        _who(self._local, req.get_header("X-Auth-Token"))
        errors.answer(resp, 200, {"catalog": self._catalog(req), "links": {"self": req.uri}})

    def _user(self, identity: dict[str, Any]) -> User:
        methods = identity.get("methods") or []
        if "password" in methods:
            asked = (identity.get("password") or {}).get("user") or {}
            user = self._local.log_in(str(asked.get("id") or asked.get("name")), str(asked.get("password")))
        elif "token" in methods:
            opened = self._local.opened(str((identity.get("token") or {}).get("id")))
            user = opened[0] if opened else None
        else:
            raise Rejected(401, "Unauthorized", "Only the methods password and token are known here.")
        if user is None:
            raise Rejected(401, "Unauthorized", "The request you have made requires authentication.")
        return user

    def _catalog(self, req: falcon.Request) -> list[dict[str, Any]]:
        base = self._context.settings.public_url or req.prefix
        return [
            {
                "id": kind,
                "type": kind,
                "name": name,
                "endpoints": [
                    {"id": f"{kind}-{i}", "interface": i, "region": REGION, "region_id": REGION, "url": f"{base}{path}"}
                    for i in ("public", "internal", "admin")
                ],
            }
            for kind, name, path in SERVICES
        ]

    def _shown(self, req: falcon.Request, user: User, said: Token) -> dict[str, Any]:
        return {
            "methods": ["password"],
            "user": {"id": user.id, "name": user.name, "domain": DOMAIN, "password_expires_at": None},
            "audit_ids": [said.id],
            "issued_at": _time(said.issued_at),
            "expires_at": _time(said.expires_at),
            "project": {"id": user.project_id, "name": user.project_name, "domain": DOMAIN},
            "is_domain": False,
            "roles": [{"id": role, "name": role} for role in user.roles],
            "catalog": self._catalog(req),
        }


def _auth(req: falcon.Request) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(req.bounded_stream.read(), type=dict[str, dict[str, Any]])
        return read["auth"]
    except (msgspec.DecodeError, KeyError):
        raise Rejected(400, "Bad Request", "The body must be an object with the key 'auth'.") from None


def _scoped(user: User, scope: Any) -> None:
    """A user has one project; any other scope is refused."""
    project = (scope or {}).get("project") if isinstance(scope, dict) else None
    wanted = (project or {}).get("id") or (project or {}).get("name")
    if wanted not in (None, user.project_id, user.project_name) or (isinstance(scope, dict) and "domain" in scope):
        raise Rejected(
            401,
            "Unauthorized",
            f"User {user.name} has no role in what was asked for; their project is {user.project_name}.",
        )


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.000000Z"


class Projects:
    """Projects: all of them for administrators, their own for others."""

    def __init__(self, local: LocalIdentity) -> None:
        self._local = local

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        found = self._seen(req)
        name = req.get_param("name")
        errors.answer(
            resp, 200, {"projects": [p for p in found if name in (None, p["name"])], "links": {"self": req.uri}}
        )

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        found = next((p for p in self._seen(req) if p["id"] == project_id), None)
        if found is None:
            raise Rejected(404, "Not Found", f"Could not find project: {project_id}.")
        errors.answer(resp, 200, {"project": found})

    def _seen(self, req: falcon.Request) -> list[dict[str, Any]]:
        me, _ = _who(self._local, req.get_header("X-Auth-Token"))
        known = {u.project_id: u.project_name for u in self._local.users()}
        return [
            {
                "id": i,
                "name": n,
                "domain_id": "default",
                "enabled": True,
                "is_domain": False,
                "parent_id": "default",
                "description": "",
            }
            for i, n in known.items()
            if "admin" in me.roles or i == me.project_id
        ]
