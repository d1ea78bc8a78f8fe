"""Which headers an owner may add to webhooks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.headers import MOST, MOST_BYTES, refused_header, refused_headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer eyJhbGciOi.J9"),
        ("x-api-key", "k"),
        ("X-Tenant", "acme imports\tdesk"),
        ("content", "1"),  # of no family
        ("Cookie", "a=b; c=d"),
    ],
)
def test_what_a_gateway_may_ask_for_is_sent(name, value):
    assert refused_header(name, value) is None


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "Content-Length", "content-type", "Transfer-Encoding", "Connection"),
        *("Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Authorization", "Webhook-Id"),
        *("webhook-signature", "User-Agent", "Expect", "DATE"),
    ],
)
def test_what_is_the_senders_own_is_refused(name):
    assert refused_header(name, "1") == f"{name} is set by the sender itself: choose another name"


@pytest.mark.parametrize(
    "name", ["", "two words", "a:b", "a\r\nb", "é", "a\0", "a(b)", "a\n", "\tname"]
)
def test_what_is_no_token_is_no_name(name):
    assert "name is letters" in refused_header(name, "1")


@pytest.mark.parametrize(
    "value",
    ["", " ", "a\r\nHost: b", "a\nb", "a\rb", "a\0b", " a", "a ", "a\t", "é", "a\n", "\x7f"],
)
def test_a_value_never_ends_its_line_or_hides_in_blanks(value):
    assert "visible ASCII" in refused_header("X-A", value)


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_passes_makes_exactly_one_header_line(name, value):
    if refused_header(name, value) is None:
        line = f"{name}: {value}\r\n"
        assert line.encode("ascii").splitlines() == [line.encode()[:-2]]
        assert line.partition(":")[0] == name
        assert line.partition(":")[2].strip() == value


def test_together_they_are_few_and_small():
    assert refused_headers({f"x-{number}": "1" for number in range(MOST)}) is None
    assert refused_headers({f"x-{number}": "1" for number in range(MOST + 1)}) == (
        "at most 20 headers, these are 21"
    )
    assert refused_headers({"x": "1" * (MOST_BYTES - 1)}) is None
    assert refused_headers({"x": "1" * MOST_BYTES}) == "at most 4096 bytes together, these are 4097"


def test_a_name_is_there_once_whatever_its_capitals():
    assert "there twice" in refused_headers({"X-A": "1", "x-a": "2"})
