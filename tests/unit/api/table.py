"""Every attribute, written down once more by hand: what is taken, what is refused, what null means, who may write it."""

from typing import Any, NamedTuple

from hydria.kit import ids

Body = dict[str, Any]
REQUIRED = "required"
"""Instead of what null gives: it is refused."""
A, B = "aaaaaaaa-0000-4000-8000-000000000001", "BBBBBBBB-0000-4000-8000-000000000002"
LONG, BRIEF = "x" * 255, "x" * 36
NO_TEXT: tuple[Any, ...] = (7, True, [], {}, ["x"])
NO_LIST: tuple[Any, ...] = ("x", 7, {}, [[]], [7], [None])
NO_NUMBER: tuple[Any, ...] = ("many", "", 1.5, True, [], {})


class Shown(NamedTuple):
    """A value that is shown otherwise than it was sent."""

    sent: Any
    shown: Any


class Row(NamedTuple):
    """One attribute: values taken and refused, what null gives on create and on update, what stands beside it.

    Those with the same things beside them are written together, but for those that go `alone`.
    """

    good: tuple[Any, ...]
    bad: tuple[Any, ...]
    null: Any = None
    reset: Any = "as null"
    at: str = "create update"
    beside: Body = {}
    hidden: bool = False
    alone: bool = False

    def on_update(self) -> Any:
        return self.null if self.reset == "as null" else self.reset

    def value(self, number: int) -> Shown:
        """One of the good values."""
        value = self.good[number % len(self.good)]
        return value if isinstance(value, Shown) else Shown(value, value)


def text(most: int = 255, **more: Any) -> Row:
    return Row(("", "a", "x" * most, "é ☃ \"'"), ("x" * (most + 1), *NO_TEXT), **{"null": "", **more})


def ref(**more: Any) -> Row:
    return Row(("r", LONG), (LONG + "x", *NO_TEXT), **more)


def number(least: int, most: int, **more: Any) -> Row:
    return Row((least, most, Shown(str(most), most)), (least - 1, most + 1, 2**70, *NO_NUMBER), **more)


def on(**more: Any) -> Row:
    return Row((True, False, Shown("true", shown=True)), ("maybe", 7, [], {}), **{"null": True, **more})


def off(**more: Any) -> Row:
    return on(null=False, **more)


def uuid(**more: Any) -> Row:
    return Row((A, Shown(B, B.lower())), ("", "x", A + "\n", A[:-1], f"{{{A}}}", *NO_TEXT), **more)


def words(*known: str, **more: Any) -> Row:
    return Row(known, ("", "NOPE", known[0].swapcase(), known[0] + "\n", *NO_TEXT), **more)


def address(*good: Any, **more: Any) -> Row:
    bad = ("", "x", "192.0.2.256", "192.0.2.1/32", "192.0.2.1\n", "fe80::1%eth0", " 192.0.2.1", *NO_TEXT)
    return Row(good or ("192.0.2.1", "2001:DB8:0::1", "2001:db8:0:0:0:0:0:1"), bad, **more)


def many(*good: Any, bad: tuple[Any, ...] = (), **more: Any) -> Row:
    return Row(good, (*NO_LIST, *bad), **{"null": [], **more})


NAME, UP = text(), on(reset=False)
TAGS = many([], ["a"], ["a", "é"], [LONG], bad=([LONG + "x"],))
SHARED = {"name": NAME, "description": NAME, "admin_state_up": UP, "tags": TAGS}
UNNAMED = {n: SHARED[n] for n in ("name", "admin_state_up", "tags")}
MILLISECONDS = number(0, 2073600000)
LONG_ENOUGH = MILLISECONDS._replace(null=50000)
CA = {"client_ca_tls_container_ref": "ca"}
TLS = {"protocol": "TERMINATED_HTTPS", "default_tls_container_ref": "r"}
POOL_TLS = {"tls_enabled": True}
VERSIONS, ALPN = ["TLSv1.2", "TLSv1.3"], ["h2", "http/1.1", "http/1.0"]
SECURED = {
    "tls_ciphers": Row(("A-B:C_D+!E@F=G.h", "x" * 2048), ("", "a b", "a\n", "x" * 2049, *NO_TEXT)),
    "tls_versions": many(
        ["TLSv1.3"], ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"], bad=([], ["TLSv9"], ["x" * 33]), null=VERSIONS
    ),
    "alpn_protocols": many(["h2"], ["http/1.0", "http/1.1"], bad=([], ["h3"], ["H2"]), null=ALPN),
}
CREATE: dict[str, Any] = {"at": "create"}
ALONE: dict[str, Any] = {"at": "create", "alone": True}


def secured(beside: Body) -> dict[str, Row]:
    return {name: row._replace(beside=beside) for name, row in SECURED.items()}


TREE: dict[str, dict[str, Row]] = {
    "loadbalancer": {
        **SHARED,
        "vip_address": address("198.18.3.4", **ALONE, null=...),
        "vip_port_id": uuid(**ALONE, null=...),
        "vip_subnet_id": uuid(**ALONE, null=REQUIRED),
        "vip_network_id": uuid(**ALONE, null=...)._replace(good=()),
        "vip_qos_policy_id": uuid(),
        "vip_sg_ids": many([], [A], [A, B.lower()], bad=(["x"], [""])),
        "additional_vips": many([], bad=([{}], [{"subnet_id": None}], [{"subnet_id": A, "x": 1}]), **CREATE),
        "provider": Row(("amphora", "octavia", Shown("", "amphora")), ("x", "x" * 65, *NO_TEXT), "amphora", **CREATE),
        "flavor_id": Row((), ("x", A, *NO_TEXT), **CREATE),
        "availability_zone": Row((), ("", "x", LONG + "x", *NO_TEXT), **CREATE),
        "project_id": Row(("11111111-1111-1111-1111-111111111111",), ("x" * 37, 7, [], {}), ..., **CREATE),
        "tenant_id": Row(("11111111-1111-1111-1111-111111111111",), ("x" * 37, 7, [], {}), ..., **CREATE),
        "listeners": many([], **CREATE),
        "pools": many([], **CREATE),
    },
    "listener": {
        **SHARED,
        "loadbalancer_id": uuid(**CREATE, null=REQUIRED, hidden=True)._replace(good=()),
        "protocol": words("HTTP", "HTTPS", "PROMETHEUS", "SCTP", "TCP", "UDP", **ALONE, null=REQUIRED),
        "protocol_port": number(1, 65535, **CREATE, null=REQUIRED),
        "connection_limit": Row((-1, 0, 2147483647), (-2, 2**31, *NO_NUMBER), -1),
        "default_tls_container_ref": ref(beside={**TLS, "sni_container_refs": ["s"]}),
        "sni_container_refs": many([], ["r"], [LONG, "b"], bad=([LONG + "x"],), beside=TLS),
        "default_pool_id": uuid()._replace(good=()),
        "default_pool": Row((), (7, [], "x"), **CREATE, hidden=True),
        "l7policies": many([], **CREATE),
        "insert_headers": Row(
            ({}, {"X-Forwarded-For": "true", "X-Forwarded-Port": LONG}),
            (
                {"X-Forwarded-For": LONG + "x"},
                {"X-Forwarded-For": True},
                {"X-Forwarded-For": None},
                {"X": "y"},
                7,
                "x",
                [],
            ),
            {},
        ),
        "timeout_client_data": LONG_ENOUGH,
        "timeout_member_connect": MILLISECONDS._replace(null=5000),
        "timeout_member_data": LONG_ENOUGH,
        "timeout_tcp_inspect": MILLISECONDS._replace(null=0),
        "client_ca_tls_container_ref": ref(beside=TLS),
        "client_authentication": words("MANDATORY", "NONE", "OPTIONAL", null="NONE", beside={**TLS, **CA}),
        "client_crl_container_ref": ref(beside={**TLS, **CA}),
        "allowed_cidrs": many(
            Shown([], None),
            Shown(["10.1.2.3/8", "192.0.2.1"], ["10.0.0.0/8", "192.0.2.1/32"]),
            bad=(["x"], ["10.0.0.0/33"], ["2001:db8::/64"], ["10.0.0.0/8\n"], [""]),
            null=None,
        ),
        **secured(TLS),
        "hsts_max_age": number(0, 2147483647, beside=TLS),
        "hsts_include_subdomains": off(beside={**TLS, "hsts_max_age": 1}),
        "hsts_preload": off(beside={**TLS, "hsts_max_age": 1}),
    },
    "pool": {
        **SHARED,
        "loadbalancer_id": uuid(**CREATE, null=REQUIRED, hidden=True)._replace(good=()),
        "listener_id": uuid(**CREATE, hidden=True, null=...)._replace(good=()),
        "protocol": words("HTTP", "HTTPS", "PROXY", "PROXYV2", "SCTP", "TCP", "UDP", **ALONE, null=REQUIRED),
        "lb_algorithm": words("LEAST_CONNECTIONS", "ROUND_ROBIN", "SOURCE_IP", "SOURCE_IP_PORT", null=REQUIRED),
        "healthmonitor": Row((), (7, [], "x"), **CREATE, hidden=True),
        "members": many([], **CREATE),
        "tls_container_ref": ref(),
        "ca_tls_container_ref": ref(),
        "crl_container_ref": ref(beside={"ca_tls_container_ref": "ca"}),
        "tls_enabled": off(),
        **secured(POOL_TLS),
    },
    "member": {
        **UNNAMED,
        "address": address("192.0.2.201", "2001:DB8:0::1", **CREATE, null=REQUIRED),
        "protocol_port": number(1, 65535, **CREATE, null=REQUIRED),
        "weight": number(0, 256, null=1),
        "backup": off(),
        "subnet_id": uuid(**CREATE),
        "monitor_port": number(1, 65535),
        "monitor_address": address(),
        "request_sriov": Row((False,), ("maybe", 7, [], {}, True), ..., **CREATE, hidden=True),
    },
    "healthmonitor": {
        **UNNAMED,
        "pool_id": uuid(**CREATE, null=REQUIRED, hidden=True)._replace(good=()),
        "type": words("HTTP", "HTTPS", "PING", "TCP", "TLS-HELLO", **ALONE, null=REQUIRED),
        "delay": number(0, 2147483647, null=REQUIRED),
        "timeout": number(0, 2147483647, null=REQUIRED),
        "max_retries": number(1, 10, null=REQUIRED),
        "max_retries_down": number(1, 10, null=3),
        "http_method": words(
            *["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"], null="GET"
        ),
        "url_path": Row(("/", "/a?b=%20#c", "/" + "x" * 254), ("", "a", "/a b", "/\n", "/é", *NO_TEXT), "/"),
        "expected_codes": Row(
            ("200", "200,201, 301", "200-299"), ("", "20", "200-", "200\n", "200;201", "2000", *NO_TEXT), "200"
        ),
        "http_version": Row((1.0, 1.1, Shown("1.1", 1.1)), (1.2, 2, "", "1.1\n", [], {}, True)),
        "domain_name": Row(
            ("a", "a.example", "a-b.example.", "x" * 63 + ".example"),
            ("", "-a", "a b", "a..b", "a\n", "x" * 64, "x." * 127 + "xx", *NO_TEXT),
            beside={"http_version": 1.1},
        ),
    },
    "l7policy": {
        **SHARED,
        "listener_id": uuid(**CREATE, null=REQUIRED)._replace(good=()),
        "action": Row(("REJECT",), ("", "NOPE", "REDIRECT_TO_POOL", "REDIRECT_TO_URL", *NO_TEXT), REQUIRED),
        "redirect_pool_id": uuid()._replace(good=(), bad=("x", 7, [], {})),
        "redirect_url": Row(
            ("http://a.example/b", "https://[2001:db8::1]:8443"),
            (
                "",
                "x",
                "ftp://a",
                "//a",
                "http://",
                "http://a b",
                "http://a/\n",
                "http://[a",
                "http://" + LONG,
                *NO_TEXT,
            ),
            REQUIRED,
            beside={"action": "REDIRECT_TO_URL"},
        ),
        "redirect_prefix": Row(
            ("http://a.example",), ("", "x", "ftp://a", *NO_TEXT), REQUIRED, beside={"action": "REDIRECT_PREFIX"}
        ),
        "redirect_http_code": Row(
            (301, 302, 303, 307, 308),
            (300, 304, 305, 306, 309, *NO_NUMBER),
            302,
            beside={"action": "REDIRECT_PREFIX", "redirect_prefix": "http://a.example"},
        ),
        "position": Row((1,), (0, 2147483648, *NO_NUMBER), ...),
        "rules": many([], **CREATE),
    },
    "rule": {
        "admin_state_up": UP,
        "tags": TAGS,
        "type": words("HOST_NAME", "PATH", null=REQUIRED),
        "compare_type": words("CONTAINS", "ENDS_WITH", "EQUAL_TO", "REGEX", "STARTS_WITH", null=REQUIRED),
        "key": Row(("X-A", LONG), (LONG + "x", "a\nb", "a b", *NO_TEXT), REQUIRED, beside={"type": "HEADER"}),
        "value": Row(("/", LONG), ("", LONG + "x", "a\nb", "a b", *NO_TEXT), REQUIRED),
        "invert": off(),
    },
}
"""The objects of a tree."""

NEEDED = text(null=REQUIRED)
JSON = Row(
    ("{}", '{"compute_flavor": "a"}'),
    ("", "x", "[]", "7", "{", "x" * 4097, {"a": 1}, *NO_TEXT),
    REQUIRED,
    at="create update",
)
PROFILE = {"name": NEEDED, "provider_name": Row(("amphora",), ("", "x", LONG + "x", *NO_TEXT), REQUIRED)}
OFFER = {"description": NAME, "enabled": on()}
OFFERS: dict[str, dict[str, Row]] = {
    "flavorprofile": {**PROFILE, "flavor_data": JSON},
    "flavor": {**OFFER, "name": NEEDED, "flavor_profile_id": uuid(**CREATE, null=REQUIRED)._replace(good=())},
    "availability_zone_profile": {
        **PROFILE,
        "availability_zone_data": JSON._replace(good=("{}", '{"compute_zone": "a"}')),
    },
    "availability_zone": {
        **OFFER,
        "name": Row(("a", "A", LONG, "b.c"), ("", ids.NIL, LONG + "x", *NO_TEXT), REQUIRED, **CREATE),
        "availability_zone_profile_id": uuid(**CREATE, null=REQUIRED)._replace(good=()),
    },
}
"""What operators offer."""

ALL = {**TREE, **OFFERS}
