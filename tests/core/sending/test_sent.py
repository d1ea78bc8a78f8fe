"""What the attempt log keeps of a request: all that helps, and nothing that is secret."""

import json
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.destination.credentials import Key
from service.core.proof.signature import secret_from
from service.core.sending.hiding import hide
from service.core.sending.sent import (
    LONGEST_VALUE,
    MOST_HEADERS,
    describe_request,
    keep_headers,
    redact_url,
    sent_to,
    show_sent,
    write_sent,
)


def slashed(found):
    """As some writers of JSON do it."""
    return json.dumps(found).replace("/", "\\/")


SECRET = secret_from(bytes(range(32)))
ALERT = UUID(int=5)
OWN = (("authorization", "Bearer 8f1c0a52d7e94b16"), ("x-tenant", "blue"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/hook", "https://a.example/hook"),
        ("https://kim:word@a.example/hook", "https://a.example/hook"),
        ("https://a.example:8443/?page=2&lang=", "https://a.example:8443/?page=2&lang="),
        ("https://a.example/?token=8f1c&page=2", "https://a.example/?token=…&page=2"),
        ("https://a.example/?Api_Key=x", "https://a.example/?Api_Key=…"),
        ("https://a.example/?x=" + "a" * 20, "https://a.example/?x=…"),
        ("https://a.example/?a%20b=c%26d", "https://a.example/?a%20b=c%26d"),
    ],
)
def test_an_address_is_shown_without_what_lets_somebody_in(url, shown):
    assert redact_url(url) == shown


def test_a_request_is_shown_as_it_was_sent_and_its_secrets_are_not():
    sent = {**describe_request("https://a.example/hook?sig=9", OWN, (SECRET,), "us/1"), "stamp": 7}
    text = write_sent(sent, 20, "ab12")
    for secret in (SECRET, SECRET.removeprefix("whsec_"), OWN[0][1], "8f1c0a52d7e94b16"):
        assert secret not in text
    assert show_sent(text, ALERT) == {
        "method": "POST",
        "url": "https://a.example/hook?sig=…",
        "headers": [
            ("host", "a.example"),
            ("accept", "*/*"),
            ("accept-encoding", "identity"),
            ("content-type", "application/cloudevents+json; charset=utf-8"),
            ("user-agent", "us/1"),
            ("authorization", "…4b16"),
            ("x-tenant", "…"),
            ("webhook-id", str(ALERT)),
            ("webhook-timestamp", "7"),
            ("webhook-signature", f"v1,{Key(SECRET).id}:…"),
            ("content-length", "20"),
        ],
        "body": {"bytes": 20, "sha256": "ab12"},
    }


def test_a_mail_names_the_address_that_it_went_to_and_a_webhook_none():
    assert sent_to(write_sent({"to": "a@b.example", "relay": "r", "from": "s"}, 1, "ab")) == (
        "a@b.example"
    )
    hook = {**describe_request("https://a.example/hook", (), (SECRET,), "us/1"), "stamp": 7}
    assert sent_to(write_sent(hook, 1, "ab")) is None


def test_of_a_mail_its_envelope_is_shown():
    sent = {"from": "w@mail.test", "to": "a@b.example", "relay": "mail:25", "bytes": 31}
    assert show_sent(write_sent(sent, 20, "ab12"), ALERT) == {
        "from": "w@mail.test",
        "to": "a@b.example",
        "relay": "mail:25",
        "body": {"bytes": 31, "sha256": "ab12"},
    }


def test_of_nothing_nothing_is_kept():
    assert write_sent({}, 20, "ab12") == ""
    assert show_sent("", ALERT) is None


@given(st.binary(max_size=40), st.sampled_from(["8f1c0a52d7e94b16", "Basic a2ltOndvcmQ="]))
def test_what_a_receiver_repeats_of_our_secrets_is_hidden(around, secret):
    said = hide(around + secret.split()[-1].encode() + around, [secret])
    assert secret.split()[-1].encode() not in said


def test_words_too_short_to_be_secrets_are_left_alone():
    assert hide(b"blue sky", ["blue"]) == b"blue sky"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"abcdefgh, abcdefgh-and-the-rest", "…, …"),
        (b"123412abcdefgh-and", "…-and"),  # the end of one is the beginning of another
        (b"abcdefghabcdefgh", "……"),
    ],
)
@pytest.mark.parametrize("turn", [1, -1])
def test_of_a_secret_that_begins_or_overlaps_another_nothing_is_left(said, shown, turn):
    secrets = ["abcdefgh", "abcdefgh-and-the-rest", "123412abcd"]
    assert hide(said, secrets[::turn]).decode() == shown


@pytest.mark.parametrize("writer", [json.dumps, partial(json.dumps, ensure_ascii=False), slashed])
def test_a_secret_that_is_repeated_inside_json_is_hidden(writer):
    secret = 'Digest name="jöhn\\",response="66/29fae493"'
    said = hide(writer({"got": secret}).encode(), [secret])
    assert json.loads(said) == {"got": "Digest …"}


@given(st.integers(1, 15))
def test_of_a_text_that_was_cut_its_end_is_no_beginning_of_a_secret(size):
    secret = "8f1c0a52d7e94b16"
    text = b"you sent " + secret[:size].encode()
    assert hide(text, [secret], is_cut=True) == "you sent …".encode()
    assert hide(text, [secret]) == text


def test_headers_of_an_answer_are_cut_counted_and_let_nobody_in():
    found = [(b"Set-Cookie", b"id=1"), (b"X-Echo", b"8f1c0a52d7e94b16"), (b"X", b"y" * 1000)]
    first, second, third, *rest = keep_headers(found + [(b"z", b"\xff")] * 99, [OWN[0][1]])
    assert (first, second) == (("set-cookie", "…"), ("x-echo", "…"))
    assert len(third[1]) == LONGEST_VALUE
    assert len(rest) == MOST_HEADERS - 3


def test_a_secret_where_a_value_is_cut_is_hidden_whole():
    repeated = b"y" * (LONGEST_VALUE - 8) + OWN[0][1].partition(" ")[2].encode()
    ((_, said),) = keep_headers([(b"x-echo", repeated)], [OWN[0][1]])
    assert said.endswith("y…")
