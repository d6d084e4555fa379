"""Named types take what they say and nothing else."""

import ipaddress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.domain import types
from hydria.domain.types import (
    Address,
    Cidr,
    Codes,
    CookieName,
    DomainName,
    HttpVersion,
    Url,
    UrlPath,
    Uuid,
    custom,
    same,
)

GOOD = {
    Uuid: ["00000000-0000-4000-8000-00000000dead", "00000000-0000-4000-8000-00000000DEAD"],
    CookieName: ["JSESSIONID", "a.b-c_d"],
    UrlPath: ["/", "/a?b=c"],
    Codes: ["200", "200,202", "200, 202", "200-204"],
    DomainName: ["example.com", "example.com.", "a", "_sip.example.com", "xn--nxasmq6b"],
    Url: ["http://x", "https://example.com/a?b=c", "http://[::1]/"],
}
BAD = {
    Uuid: ["", "x", "00000000-0000-4000-8000-00000000dea", "00000000-0000-4000-8000-00000000dead\n"],
    CookieName: ["", "a b", "a;b", "a=b", "ä", "a\n"],
    UrlPath: ["", "a", "/ ", "/\n", "/ä", "/\x7f"],
    Codes: ["", "20", "2000", "200-", "200,", "200-204-208", "200\n"],
    DomainName: ["", "-a", "a-.b", "a..b", "x" * 64, "a b", "a_b.example.com", "example.com\n", "." * 3],
    Url: ["ftp://x", "http://", "http:// x", "javascript:x", "http://x\n", " http://x"],
}


def pairs(table):
    return [(kind, text) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize("kind, text", pairs(GOOD))
def test_what_fits_is_taken_as_it_is(kind, text):
    assert msgspec.convert(text, kind) == text


@pytest.mark.parametrize("kind, text", pairs(BAD))
def test_what_does_not_fit_is_refused(kind, text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, kind)


@pytest.mark.parametrize("kind", BAD)
@given(text=st.text(max_size=40))
def test_no_text_with_a_line_end_fits(kind, text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text + "\n", kind)


@given(st.ip_addresses())
def test_an_address_has_one_form(address):
    shortest = custom(Address, address.exploded.upper())
    assert isinstance(shortest, Address)
    assert ipaddress.ip_address(shortest) == address
    assert {same(form) for form in (shortest, str(address), address.exploded)} == {shortest}
    assert len(shortest) <= len(str(address)) or "." in shortest  # the same of every Python where IPv4 is inside


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_network_has_no_host_bits(address, length):
    cidr = custom(Cidr, f"{address}/{length}")
    assert ipaddress.ip_network(cidr).prefixlen == length
    assert address in ipaddress.ip_network(cidr)


@pytest.mark.parametrize(
    "kind, value", [(HttpVersion, "1.0"), (HttpVersion, 1.1), (HttpVersion, "1.1"), (HttpVersion, 1)]
)
def test_a_version_of_http_is_a_number(kind, value):
    assert custom(kind, value) == float(value)


@pytest.mark.parametrize(
    "kind, value",
    [
        (Address, "10.0.0.256"),
        (Address, "fe80::1%eth0"),
        (Address, "fe80::1%\nx"),
        (Address, "10.0.0.1\n"),
        (Address, ""),
        (Address, 5),
        (Cidr, "10.0.0.0/33"),
        (Cidr, "fe80::%x/64"),
        (Cidr, None),
        (HttpVersion, "2"),
        (HttpVersion, True),
        (bytes, b"x"),
    ],
)
def test_what_is_none_of_them_is_refused(kind, value):
    with pytest.raises(ValueError):
        custom(kind, value)


def test_words_of_the_api_are_spelled_as_it_spells_them():
    assert types.MonitorType.TLS_HELLO.value == "TLS-HELLO"
    assert types.Alpn.HTTP_1_1.value == "http/1.1"
    assert types.VnicType.NORMAL.value == "normal"
