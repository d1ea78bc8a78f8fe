"""The egress proxy's URL: read, or refused without repeating its password."""

import base64

import pytest

from service.core.destination.proxy import BadProxy, Proxy, read_proxy


@pytest.mark.parametrize(
    ("text", "host", "port", "login"),
    [
        ("http://proxy.example:3128", "proxy.example", 3128, None),
        (" http://10.0.0.9:8080/ ", "10.0.0.9", 8080, None),
        ("http://[fd00::9]:8080", "fd00::9", 8080, None),
        ("http://us:s3cret@proxy.example:3128", "proxy.example", 3128, "us:s3cret"),
        ("http://us@proxy.example:3128", "proxy.example", 3128, "us:"),
        ("http://us:a%40b%3A%C3%A9@proxy.example:3128", "proxy.example", 3128, "us:a@b:é"),
    ],
)
def test_a_proxy_is_read(text, host, port, login):
    shown = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
    assert read_proxy(text) == Proxy(host, port, shown)


def test_what_it_is_shown_is_in_no_text():
    proxy = read_proxy("http://us:s3cret@[fd00::9]:3128")
    assert str(proxy) == "[fd00::9]:3128"
    assert proxy.authorization not in f"{proxy} {proxy!r}"


@pytest.mark.parametrize(
    "text",
    [
        "proxy.example:3128",
        "https://us:s3cret@proxy.example:3128",
        "socks5://us:s3cret@proxy.example:3128",
        "http://us:s3cret@proxy.example",
        "http://us:s3cret@:3128",
        "http://us:s3cret@proxy.example:0",
        "http://us:s3cret@proxy.example:99999",
        "http://us:s3cret@proxy.example:3128/path",
        "http://us:s3cret@proxy.example:3128?a=b",
        "http://us:s3cret@proxy.example:3128#a",
        "http://us:s3cret@[::1:3128",
    ],
)
def test_what_is_no_proxy_is_refused_and_not_repeated(text):
    with pytest.raises(BadProxy, match="has to be given as http://") as caught:
        read_proxy(text)
    assert "s3cret" not in str(caught.value)
