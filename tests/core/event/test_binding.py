import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.event import Unreadable, decode
from service.core.event.binding import unbind

CONTEXT = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"7"),
    ("ce_source", b"https://producer.example/"),
    ("ce_type", b"tariff.measure"),
)
STRUCTURED = b'{"specversion": "1.0", "id": "7"}'


def faults(value, headers):
    with pytest.raises(Unreadable) as refusal:
        unbind(value, headers)
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("content-type", b"application/cloudevents+json"),),
        (("Content-Type", b" Application/CloudEvents+JSON; charset=UTF-8"),),
        (("content-type", b"application/cloudevents+json"), *CONTEXT),
        (("content-type", b"application/json"), ("trace", b"\xff")),
        (("\ufffd", b""), ("cex", b"\xff")),
    ],
)
def test_a_structured_event_is_left_alone(headers):
    assert unbind(STRUCTURED, headers) is STRUCTURED


def test_a_binary_event_becomes_a_structured_one():
    headers = (*CONTEXT, ("content-type", b"application/json"), ("ce_handling", b"test"))
    assert json.loads(unbind(b'{"a": [1, 2]}', headers)) == {
        "specversion": "1.0",
        "id": "7",
        "source": "https://producer.example/",
        "type": "tariff.measure",
        "handling": "test",
        "datacontenttype": "application/json",
        "data": {"a": [1, 2]},
    }


def test_without_a_content_type_the_data_is_json_and_says_nothing_of_it():
    assert "datacontenttype" not in json.loads(unbind(b"{}", CONTEXT))


def test_header_names_are_the_same_in_any_case():
    headers = tuple((name.upper(), held) for name, held in CONTEXT)
    assert unbind(b"{}", headers) == unbind(b"{}", CONTEXT)


def test_the_data_keeps_its_digits():
    assert b"12345678901234567890.10" in unbind(b'{"a": 12345678901234567890.10}', CONTEXT)


@pytest.mark.parametrize("value", [b"", b"  "])
def test_an_event_without_data_has_none(value):
    assert "data" not in json.loads(unbind(value, CONTEXT))


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_a_missing_header_is_named(name):
    headers = tuple(pair for pair in CONTEXT if pair[0] != f"ce_{name}")
    assert faults(b"{}", headers) == [f"ce_{name}: this header is required"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("ce_subject", b"a\xff"), "ce_subject: not UTF-8: byte 1 is invalid start byte"),
        (("CE_ID", b"8"), "CE_ID: this header stands twice; keep one"),
        (("ce_data", b"1"), "ce_data: data travels as the value"),
        (("ce_datacontenttype", b"x"), "ce_datacontenttype: this travels as content-type"),
        (("ce_", b"1"), "ce_: no such attribute; its name has lower-case letters and digits"),
        (
            ("ce_known-from", b"1"),
            "ce_known-from: no such attribute; its name has lower-case letters and digits",
        ),
        (
            ("content-type", b"application/avro"),
            "content-type: application/avro cannot be read; send application/json",
        ),
        (
            ("content-type", b"application/json; charset=latin-1"),
            "content-type: the charset latin-1 cannot be read; send UTF-8",
        ),
    ],
)
def test_a_bad_header_is_named(header, said):
    assert faults(b"{}", (*CONTEXT, header)) == [said]


def test_two_content_types_are_one_too_many():
    twice = (("content-type", b"application/json"),) * 2
    assert faults(b"{}", (*CONTEXT, *twice)) == [
        "content-type: this header stands twice; keep one",
    ]


def test_all_faults_are_named_at_once():
    headers = (("ce_id", b"\xff"), ("content-type", b"\xff"))
    assert [fault.partition(":")[0] for fault in faults(b"{}", headers)] == [
        "ce_id",
        "content-type",
        "content-type",
        "ce_specversion",
        "ce_source",
        "ce_type",
    ]


def test_a_structured_event_in_another_format_is_refused():
    assert faults(b"", (("content-type", b"application/cloudevents+avro"),)) == [
        (
            "content-type: application/cloudevents+avro cannot be read;"
            " send application/cloudevents+json"
        )
    ]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (b"{", "data"),
        (b'1, "id": "8"', "data"),
        (b'{"a": 1, "a": 2}', "data.a"),
        (b"\xff", "data"),
    ],
)
def test_data_that_is_no_json_is_named_as_such(value, where):
    assert faults(value, CONTEXT)[0].startswith(f"{where}: ")


def test_what_cannot_be_stored_is_found_when_the_event_is_read():
    with pytest.raises(Unreadable, match="NUL"):
        decode(unbind(b"{}", (*CONTEXT, ("ce_subject", b"a\0b"))))


@given(
    value=st.binary(max_size=40),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_id", "ce_type", "CE_Source", "ce_specversion", "Content-Type"])
            | st.text(max_size=8),
            st.binary(max_size=12) | st.just(b"application/json"),
        ),
        max_size=7,
    ),
)
def test_whatever_comes_is_an_event_or_unreadable(value, headers):
    try:
        unbound = unbind(value, tuple(headers))
    except Unreadable:
        return
    assert unbound is value or isinstance(decode(unbound), dict)
