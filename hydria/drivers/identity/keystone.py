"""Keystone: its own middleware looks at tokens in front of the API; what it found out becomes a caller."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import webob
from keystoneauth1 import exceptions
from keystonemiddleware import auth_token

from hydria.drivers.faults import Temporary
from hydria.drivers.identity import EMPTY, Caller
from hydria.kit import log
from hydria.kit.clock import Clock

LOG = log.get()
GROUP = "keystone_authtoken"
OUTCOME = "hydria.identity"
"""What the guard found out, in the environment of a request. No client can set it: headers come with HTTP_ before them."""
TOKENS = "hydria.tokens"
REMEMBERED = 10_000


class KeystoneIdentity:
    """Identity from what the guard left in the environment of a request; without a guard there is nobody."""

    challenge = None

    def caller(self, token: str | None, environ: Mapping[str, Any] = EMPTY) -> Caller | None:
        outcome = environ.get(OUTCOME)
        if outcome == webob.exc.HTTPServiceUnavailable.code:
            message = "The identity service does not answer, so nobody knows whose token this is"
            raise Temporary(message)
        if outcome != "confirmed":
            return None
        return Caller(
            user_id=environ.get("HTTP_X_USER_ID", ""),
            project_id=environ.get("HTTP_X_PROJECT_ID", ""),
            roles=frozenset(filter(None, environ.get("HTTP_X_ROLES", "").split(","))),
            domain_id=environ.get("HTTP_X_DOMAIN_ID", ""),
            system_scope=environ.get("HTTP_OPENSTACK_SYSTEM_SCOPE", ""),
        )


class Guard(auth_token.AuthProtocol):  # type: ignore[misc]
    """The middleware of Keystone, which leaves refusing to the API: its answers have the shape and id of all others."""

    def __init__(self, app: Any, conf: Any, clock: Clock) -> None:
        super().__init__(app, {"oslo_config_config": conf, "cache": TOKENS, "include_service_catalog": False})
        given = conf[GROUP]
        # The library's own cache in a process has no bound and looks through all of it at every request.
        self._remembered = None if given.memcached_servers else Remembered(clock)
        self._told = given.www_authenticate_uri or given.auth_url

    @property
    def www_authenticate_uri(self) -> str:
        """Where clients get tokens; known without asking a Keystone that may be down."""
        return str(self._told)

    def process_request(self, request: Any) -> None:
        if self._remembered is not None:
            request.environ[TOKENS] = self._remembered
        try:
            super().process_request(request)
            request.environ[OUTCOME] = "confirmed"
        except webob.exc.HTTPException as refusal:
            request.environ[OUTCOME] = refusal.code
        except exceptions.ClientException as fault:
            LOG.warning("identity.unusable", why=str(fault))
            request.environ[OUTCOME] = webob.exc.HTTPServiceUnavailable.code


class Remembered:
    """What Keystone said of the tokens last seen, in the memory of this process; spoken to like memcached."""

    def __init__(self, clock: Clock, most: int = REMEMBERED) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._said: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """What was said, as long as it counts."""
        ends, said = self._said.get(key, (0.0, None))
        return said if self._clock.monotonic() < ends else None

    def set(self, key: str, value: bytes, time: int = 0) -> None:
        """Remember for so many seconds; the oldest are forgotten first."""
        with self._lock:
            self._said.pop(key, None)
            self._said[key] = (self._clock.monotonic() + time, value)
            while len(self._said) > self._most:
                self._said.popitem(last=False)
