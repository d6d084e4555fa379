"""The listener: a protocol and a port on the VIPs of a load balancer."""

from typing import Annotated

from hydria.domain.attributes import At, Doc, Empty, Kept, Since
from hydria.domain.part import Part
from hydria.domain.types import (
    Alpn,
    Cidr,
    Ciphers,
    ClientAuthentication,
    HeaderValue,
    Limit,
    ListenerProtocol,
    Milliseconds,
    Name,
    Port,
    Ref,
    Seconds,
    TlsVersion,
    Uuid,
)
from hydria.kit.ids import NIL


class Listener(Part, kw_only=True, frozen=True):
    """Accepts connections and hands them to a pool."""

    loadbalancer_id: Annotated[Uuid, At.CREATE, Kept.ASKED, Doc("The load balancer it belongs to.")] = NIL
    name: Annotated[Name, At.BOTH, Doc("A name for people.")] = ""
    description: Annotated[Name, At.BOTH, Doc("A description for people.")] = ""
    admin_state_up: Annotated[bool, At.BOTH, Doc("False: it does not answer.")] = True
    protocol: Annotated[ListenerProtocol, At.CREATE, Doc("What is spoken on the port.")]
    protocol_port: Annotated[Port, At.CREATE, Doc("The port.")]
    connection_limit: Annotated[Limit, At.BOTH, Doc("Most connections at once; -1: no limit.")] = -1
    default_tls_container_ref: Annotated[Ref | None, At.BOTH, Doc("The certificate shown by default.")] = None
    sni_container_refs: Annotated[list[Ref], At.BOTH, Doc("Certificates chosen by server name.")] = []
    default_pool_id: Annotated[Uuid | None, At.BOTH, Doc("The pool that gets what no policy claims.")] = None
    insert_headers: Annotated[dict[str, HeaderValue], At.BOTH, Doc("Headers added to requests.")] = {}
    timeout_client_data: Annotated[Milliseconds | None, At.BOTH, Since("2.1"), Doc("Idle client, ms.")] = None
    timeout_member_connect: Annotated[Milliseconds | None, At.BOTH, Since("2.1"), Doc("Connecting, ms.")] = None
    timeout_member_data: Annotated[Milliseconds | None, At.BOTH, Since("2.1"), Doc("Idle member, ms.")] = None
    timeout_tcp_inspect: Annotated[Milliseconds | None, At.BOTH, Since("2.1"), Doc("Inspection of content, ms.")] = None
    tags: Annotated[list[Name], At.BOTH, Since("2.5"), Doc("Words to find it by.")] = []
    client_ca_tls_container_ref: Annotated[Ref | None, At.BOTH, Since("2.8"), Doc("CA of client certificates.")] = None
    client_authentication: Annotated[
        ClientAuthentication, At.BOTH, Since("2.8"), Doc("Whether clients must show a certificate.")
    ] = ClientAuthentication.NONE
    client_crl_container_ref: Annotated[Ref | None, At.BOTH, Since("2.8"), Doc("Revoked client certificates.")] = None
    allowed_cidrs: Annotated[
        list[Cidr], At.BOTH, Since("2.12"), Empty.NULL, Doc("Who may connect; null: everyone.")
    ] = []
    tls_ciphers: Annotated[Ciphers | None, At.BOTH, Since("2.15"), Doc("Cipher suites, OpenSSL notation.")] = None
    tls_versions: Annotated[list[TlsVersion] | None, At.BOTH, Since("2.17"), Doc("TLS versions spoken.")] = None
    alpn_protocols: Annotated[list[Alpn] | None, At.BOTH, Since("2.20"), Doc("ALPN protocols offered.")] = None
    hsts_max_age: Annotated[Seconds | None, At.BOTH, Since("2.27"), Doc("How long browsers must use HTTPS.")] = None
    hsts_include_subdomains: Annotated[bool, At.BOTH, Since("2.27"), Doc("HSTS for subdomains too.")] = False
    hsts_preload: Annotated[bool, At.BOTH, Since("2.27"), Doc("HSTS preload list.")] = False
    l7policies: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its policies.")] = []
    loadbalancers: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its load balancer.")] = []
