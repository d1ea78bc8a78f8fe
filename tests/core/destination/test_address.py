"""The egress judge: which URLs, mail addresses and dialled IPs are let through."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.destination.address import BadAddress, Egress, check_email, check_url, is_loopback
from service.core.destination.network import BadNetwork, forbidden, is_within, read_network

_FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3
168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.2.1
192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::ffff:0.0.0.0 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254
64:ff9b::a00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:0:a00:1:: 2001:2::1 2001:10::1
2001:db8::1 2002:7f00:1:: 2002:a00:1:: 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
fe80::1%eth0 fec0::1 ff02::1 ff0e::1
"""

_PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 198.17.255.255 198.20.0.0 223.255.255.255
::ffff:8.8.8.8 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001:830::200e
"""

FORBIDDEN = _FORBIDDEN.split()
PUBLIC = _PUBLIC.split()


def url(text: str, **more) -> str:
    return check_url(text, **({"loopback_allowed": False} | more))


@pytest.mark.parametrize("ip", FORBIDDEN)
def test_a_special_address_is_never_dialled(ip):
    assert forbidden(ip, loopback_allowed=False)


@pytest.mark.parametrize("ip", PUBLIC)
def test_a_public_address_is_dialled(ip):
    assert forbidden(ip, loopback_allowed=False) is None


@pytest.mark.parametrize("ip", FORBIDDEN)
def test_allowing_loopback_allows_nothing_else(ip):
    mapped = ip_address(ip.partition("%")[0])
    mapped = getattr(mapped, "ipv4_mapped", None) or mapped
    assert (forbidden(ip, loopback_allowed=True) is None) == mapped.is_loopback


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_python_calls_not_global_is_forbidden_in_ipv4(ip):
    if not ip.is_global or ip.is_multicast:
        assert forbidden(str(ip), loopback_allowed=False)


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_what_python_calls_not_global_is_forbidden_in_ipv6(ip):
    if ip.ipv4_mapped is None and (not ip.is_global or ip.is_multicast):
        assert forbidden(str(ip), loopback_allowed=False)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_a_mapped_address_is_judged_as_the_one_it_maps_to(ip):
    plain = forbidden(str(ip), loopback_allowed=False)
    assert (forbidden(f"::ffff:{ip}", loopback_allowed=False) is None) == (plain is None)


def test_the_reason_names_the_prefix():
    reason = forbidden("169.254.169.254", loopback_allowed=True)
    assert reason == "169.254.169.254 lies in 169.254.0.0/16 (link-local)"


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "010.0.0.1", "1.2.3.4.5", "::g"])
def test_what_is_no_ip_address_is_forbidden(text):
    assert "not an IP address" in forbidden(text, loopback_allowed=True)


@pytest.mark.parametrize(
    ("given_url", "normalised"),
    [
        ("https://example.com", "https://example.com/"),
        (" HTTPS://EXAMPLE.com:443/Hook?a=B#part ", "https://example.com/Hook?a=B"),
        ("http://example.com:80/", "http://example.com/"),
        ("http://example.com:8080/x", "http://example.com:8080/x"),
        ("https://example.com./x", "https://example.com/x"),
        ("https://bücher.example/ü?q=ö", "https://xn--bcher-kva.example/%C3%BC?q=%C3%B6"),
        ("https://example.com/a%2Fb?x=%2B", "https://example.com/a%2Fb?x=%2B"),
        ("https://8.8.8.8/x", "https://8.8.8.8/x"),
        ("https://[2606:4700:4700::1111]:8443/x", "https://[2606:4700:4700::1111]:8443/x"),
        ("https://hooks_1.example.com/", "https://hooks_1.example.com/"),
    ],
)
def test_a_url_is_normalised(given_url, normalised):
    assert url(given_url) == normalised
    assert url(normalised) == normalised


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "empty"),
        ("example.com/hook", "https://"),
        ("ftp://example.com/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://", "no host"),
        ("https:///hook", "no host"),
        ("https://user:secret@example.com/", "user name"),
        ("https://example.com@10.0.0.1/", "user name"),
        ("https://example.com:25/", "port 25 is not allowed; use one of 80, 443"),
        ("https://example.com:0/", "port 0"),
        ("https://example.com:99999/", "1 to 65535"),
        ("https://example.com:abc/", "1 to 65535"),
        ("https://example.com/a b", "percent-encode"),
        ("https://example.com/a\r\nX: y", "percent-encode"),
        ("https://example.com/\x00", "percent-encode"),
        ("https://example.com\\@10.0.0.1/", "percent-encode"),
        ("https://[::1", "cannot be read"),
        ("https://[zz]/", "IP"),
        ("https://[v1.a]/", "not an IPv6 address"),
        ("https://[fe80::1%25eth0]/", "zone"),
        ("https://example..com/", "cannot be encoded"),
        ("https://-example.com/", "not a host name"),
        ("https://exa!mple.com/", "not a host name"),
        ("https://" + "a." * 130 + "com/", "not a host name"),
        ("https://" + "a" * 64 + ".com/", "cannot be encoded"),
        ("https://example.com/" + "a" * 2048, "2048"),
        ("https://2130706433/", "four decimal numbers"),
        ("https://0x7f.1/", "four decimal numbers"),
        ("https://0x7f000001/", "four decimal numbers"),
        ("https://0177.0.0.1/", "four decimal numbers"),
        ("https://127.1/", "four decimal numbers"),
        ("https://10.0.0.1/", "10.0.0.0/8"),
        ("https://10.0.0.1./", "10.0.0.0/8"),
        ("https://169.254.169.254/latest", "link-local"),
        ("https://１０。0。0。1/", "10.0.0.0/8"),
        ("https://[::ffff:10.0.0.1]/", "10.0.0.0/8"),
        ("https://[fd00::1]/", "fc00::/7"),
        ("https://127.0.0.1/", "this machine"),
        ("https://[::1]/", "this machine"),
        ("https://[::ffff:127.0.0.1]/", "this machine"),
        ("https://localhost/", "this machine"),
        ("https://LOCALHOST./", "this machine"),
        ("https://a.localhost/", "this machine"),
    ],
)
def test_a_bad_url_is_refused_with_a_reason(bad, why):
    with pytest.raises(BadAddress, match=re.escape(why)):
        url(bad)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "127.9.9.9"])
def test_any_port_of_this_machine_is_open_when_loopback_is_allowed(host):
    assert url(f"http://{host}:34567/hook", loopback_allowed=True) == f"http://{host}:34567/hook"


def test_loopback_does_not_open_the_ports_of_others():
    with pytest.raises(BadAddress, match="port 34567"):
        url("http://example.com:34567/", loopback_allowed=True)


def test_the_ports_are_a_setting():
    assert url("https://example.com:9443/", ports={9443}) == "https://example.com:9443/"
    with pytest.raises(BadAddress, match="port 443"):
        url("https://example.com/", ports={9443})


OFFICE = (read_network("10.1.0.0/16"), read_network("fd00:1::/32"))


@pytest.mark.parametrize("ip", ["10.1.0.1", "10.1.255.255", "::ffff:10.1.2.3", "fd00:1::9"])
def test_what_lies_in_an_open_network_is_dialled(ip):
    assert forbidden(ip, loopback_allowed=False, networks=OFFICE) is None
    host = f"[{ip}]" if ":" in ip else ip
    assert url(f"https://{host}/", networks=OFFICE).startswith("https://")


@pytest.mark.parametrize("ip", ["10.0.255.255", "10.2.0.0", "fd00:2::", "fd00::", "127.0.0.1"])
def test_what_lies_beside_an_open_network_is_not(ip):
    assert forbidden(ip, loopback_allowed=False, networks=OFFICE)
    with pytest.raises(BadAddress):
        url(f"https://[{ip}]/" if ":" in ip else f"https://{ip}/", networks=OFFICE)


def test_a_loopback_network_opens_its_addresses_and_neither_names_nor_ports():
    here = (read_network("127.0.0.0/8"),)
    assert url("http://127.0.0.9:8080/", networks=here) == "http://127.0.0.9:8080/"
    with pytest.raises(BadAddress, match="port 9999"):
        url("http://127.0.0.9:9999/", networks=here)
    with pytest.raises(BadAddress, match="this machine"):
        url("http://localhost:8080/", networks=here)
    assert is_within("127.0.0.9", here)
    assert not is_within("localhost", here)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.0.0/16", "10.1.0.0/16"),
        (" 10.1.2.3 ", "10.1.2.3/32"),
        ("10.1.0.0/255.255.0.0", "10.1.0.0/16"),
        ("FD00:1::/32", "fd00:1::/32"),
    ],
)
def test_a_network_is_read(text, network):
    assert str(read_network(text)) == network


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write it like 10.1.0.0/16"),
        ("10.1.2.3/16", "has host bits set; write it like"),
        ("10.1.0.0/33", "write it like"),
        ("intranet", "write it like"),
        ("fe80::%eth0/64", "leave out the %"),
        ("::ffff:10.0.0.0/104", "write it as an IPv4 network"),
    ],
)
def test_an_ambiguous_network_is_refused(text, why):
    with pytest.raises(BadNetwork, match=re.escape(why)):
        read_network(text)


def test_a_port_that_is_not_listed_is_dialled_on_this_machine_alone():
    guard = Egress(loopback_allowed=True)
    assert guard.check("http://a.localhost:25/") == "http://a.localhost:25/"
    assert guard.refusal("127.0.0.1", 25) is None
    assert guard.refusal("9.9.9.9", 443) is None
    assert "port 25 is none of 80, 443" in guard.refusal("9.9.9.9", 25)
    assert "loopback" in Egress().refusal("127.0.0.1", 80)


@given(
    st.text(max_size=60), st.sampled_from(["", "http://", "https://", "https://127.", "http://["])
)
def test_any_text_is_normalised_or_refused(text, start):
    try:
        normalised = url(start + text)
    except BadAddress:
        return
    assert normalised.isascii()
    assert url(normalised) == normalised
    assert not is_loopback(urlsplit(normalised).hostname)


@pytest.mark.parametrize(
    ("address", "normalised"),
    [
        ("ops@Example.COM", "ops@example.com"),
        (" Jane.Doe+tariffs@example.co.uk ", "Jane.Doe+tariffs@example.co.uk"),
        ("o'neil@bücher.example", "o'neil@xn--bcher-kva.example"),
    ],
)
def test_a_mail_address_is_normalised(address, normalised):
    assert check_email(address) == normalised
    assert check_email(normalised) == normalised


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "name@example.com"),
        ("ops", "plain mail address"),
        ("@example.com", "plain mail address"),
        ("a@b@example.com", "plain mail address"),
        (".a@example.com", "plain mail address"),
        ("a..b@example.com", "plain mail address"),
        ('"a@b"@example.com', "plain mail address"),
        ("Jane<jane@example.com>", "plain mail address"),
        ("jané@example.com", "plain mail address"),
        ("ops@example.com\r\nBcc:x@y.z", "line breaks"),
        ("ops\x00@example.com", "control characters"),
        ("a b@example.com", "spaces"),
        ("ops@", "cannot be encoded|not a host name"),
        ("ops@localhost", "incomplete"),
        ("ops@[127.0.0.1]", "not a host name"),
        ("ops@10.0.0.1", "incomplete"),
        ("ops@exa_mple!.com", "not a host name"),
        ("ops@example..com", "cannot be encoded"),
        ("a" * 65 + "@example.com", "too long"),
        ("a@" + "b." * 125 + "example", "not a host name|too long"),
        ("a" * 60 + "@" + "b." * 100 + "com", "too long"),
    ],
)
def test_a_bad_mail_address_is_refused_with_a_reason(bad, why):
    with pytest.raises(BadAddress, match=why):
        check_email(bad)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_mail_address_is_normalised_or_refused(local, domain):
    try:
        normalised = check_email(f"{local}@{domain}.com")
    except BadAddress:
        return
    assert normalised.isascii()
    assert check_email(normalised) == normalised
