"""The pool: members and how traffic is spread over them."""

from typing import Annotated

from hydria.domain.attributes import At, Doc, Kept, Resource, Since
from hydria.domain.part import Part
from hydria.domain.types import (
    Algorithm,
    Alpn,
    AsWritten,
    Ciphers,
    CookieName,
    Name,
    Persistence,
    PoolProtocol,
    Ref,
    Seconds,
    TlsVersion,
    Uuid,
)


class SessionPersistence(Resource, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How one client is kept on one member."""

    type: Annotated[Persistence, At.BOTH, Doc("By what a client is known.")]
    cookie_name: Annotated[CookieName | None, At.BOTH, Doc("The application's cookie; with APP_COOKIE.")] = None
    persistence_timeout: Annotated[Seconds | None, At.BOTH, Since("2.2"), Doc("Seconds kept; UDP and SCTP.")] = None
    persistence_granularity: Annotated[AsWritten | None, At.BOTH, Since("2.2"), Doc("Netmask; UDP and SCTP.")] = None


class Pool(Part, kw_only=True, frozen=True):
    """A group of members that serve the same content."""

    listener_id: Annotated[Uuid | None, At.CREATE, Kept.ASKED, Doc("The listener it becomes the default of.")] = None
    loadbalancer_id: Annotated[Uuid | None, At.CREATE, Kept.ASKED, Doc("The load balancer it belongs to.")] = None
    name: Annotated[Name, At.BOTH, Doc("A name for people.")] = ""
    description: Annotated[Name, At.BOTH, Doc("A description for people.")] = ""
    admin_state_up: Annotated[bool, At.BOTH, Doc("False: it gets no traffic.")] = True
    protocol: Annotated[PoolProtocol, At.CREATE, Doc("What is spoken with members.")]
    lb_algorithm: Annotated[Algorithm, At.BOTH, Doc("How a member is chosen.")]
    session_persistence: Annotated[SessionPersistence | None, At.BOTH, Doc("How a client stays with a member.")] = None
    tags: Annotated[list[Name], At.BOTH, Since("2.5"), Doc("Words to find it by.")] = []
    tls_container_ref: Annotated[Ref | None, At.BOTH, Since("2.8"), Doc("Certificate shown to members.")] = None
    ca_tls_container_ref: Annotated[Ref | None, At.BOTH, Since("2.8"), Doc("CA of members' certificates.")] = None
    crl_container_ref: Annotated[Ref | None, At.BOTH, Since("2.8"), Doc("Revoked member certificates.")] = None
    tls_enabled: Annotated[bool, At.BOTH, Since("2.8"), Doc("Speak TLS with members.")] = False
    tls_ciphers: Annotated[Ciphers | None, At.BOTH, Since("2.15"), Doc("Cipher suites, OpenSSL notation.")] = None
    tls_versions: Annotated[list[TlsVersion] | None, At.BOTH, Since("2.18"), Doc("TLS versions spoken.")] = None
    alpn_protocols: Annotated[list[Alpn] | None, At.BOTH, Since("2.24"), Doc("ALPN protocols offered.")] = None
    members: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its members.")] = []
    healthmonitor_id: Annotated[Uuid | None, Kept.COMPUTED, Doc("Its health monitor; absent without one.")] = None
    listeners: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Listeners that use it.")] = []
    loadbalancers: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its load balancer.")] = []
